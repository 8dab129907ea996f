//! A database of this test program in the cluster that `CASEMATE_TEST_POSTGRES` names by a
//! superuser's address. The tests share it: workspaces are what keeps them apart.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use domain::Mint;
use store::postgres::{Roles, create_database, prepare};
use store::{PostgresTarget, StoreConfig};
use tokio::sync::OnceCell;

/// The superuser's address, if there is a cluster.
pub(crate) fn named() -> Option<String> {
    let named = env::var("CASEMATE_TEST_POSTGRES").ok();
    assert!(
        named.is_some() || env::var_os("CI").is_none(),
        "CI runs both engines: CASEMATE_TEST_POSTGRES names no cluster"
    );
    if named.is_none() {
        eprintln!("SKIPPED ON POSTGRESQL: CASEMATE_TEST_POSTGRES names no cluster");
    }
    named
}

fn database_name() -> String {
    format!("cm_vault_{}", std::process::id())
}

/// The database, made ready by the first test that asks.
pub(crate) async fn database(mint: &Mint) -> StoreConfig {
    static READY: OnceCell<()> = OnceCell::const_new();
    let name = database_name();
    let roles = Roles::without_passwords(&name).unwrap();
    READY
        .get_or_init(async || {
            create_database(&PostgresTarget::socket(named().unwrap()), &name).await.unwrap();
            let admin = PostgresTarget::socket(address(None, &name));
            prepare(&admin, &roles, mint).await.unwrap();
        })
        .await;
    let target = |role: String| PostgresTarget::socket(address(Some(&role), &name));
    let (runtime, platform) = (target(roles.runtime()), target(roles.platform()));
    StoreConfig::Postgres { runtime, platform, pool: 4 }
}

/// The superuser's address with another user and database.
fn address(user: Option<&str>, database: &str) -> String {
    let base = named().unwrap();
    let (scheme, rest) = base.split_once("://").unwrap();
    let (own, host) = rest.split_once('@').unwrap();
    let (host, _) = host.rsplit_once('/').unwrap();
    format!("{scheme}://{}@{host}/{database}", user.unwrap_or(own))
}

/// Writes every row of the database to a file, as text.
pub(crate) fn dump(file: &Path) {
    let address = address(None, &database_name());
    let dumped = Command::new(program("pg_dump")).arg("--inserts").arg(address).output().unwrap();
    assert!(dumped.status.success(), "{}", String::from_utf8_lossy(&dumped.stderr));
    fs::write(file, dumped.stdout).unwrap();
}

fn program(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let installed = versions.map(|version| version.path().join("bin").join(name));
    installed.filter(|path| path.exists()).max().unwrap_or_else(|| PathBuf::from(name))
}
