//! Databases in the cluster that `CASEMATE_TEST_POSTGRES` names by a superuser's address: one for
//! the template, and a copy of it for each house.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs};

use domain::Mint;
use store::postgres::{Roles, create_database, prepare};
use store::{PostgresTarget, StoreConfig};

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

/// A database of this test program.
#[derive(Debug)]
pub(crate) struct Database {
    name: String,
    /// The database whose roles it is used with.
    template: String,
}

impl Database {
    /// An empty one, with the roles and walls of an installation.
    pub(crate) async fn prepared(mint: &Mint) -> Self {
        let name = format!("cm_server_{}", std::process::id());
        let admin = PostgresTarget::socket(named().unwrap());
        create_database(&admin, &name).await.unwrap();
        let roles = Roles::without_passwords(&name).unwrap();
        prepare(&PostgresTarget::socket(address(None, &name)), &roles, mint).await.unwrap();
        Self { template: name.clone(), name }
    }

    /// A copy, to which nobody may be connected meanwhile.
    pub(crate) fn copied(&self) -> Self {
        static COPIES: AtomicU32 = AtomicU32::new(0);
        let name = format!("{}_{}", self.name, COPIES.fetch_add(1, Ordering::Relaxed));
        let made = Command::new(program("createdb"))
            .arg(format!("--maintenance-db={}", named().unwrap()))
            .arg(format!("--template={}", self.name))
            .arg(&name)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Self { name, template: self.template.clone() }
    }

    pub(crate) fn config(&self) -> StoreConfig {
        let roles = Roles::without_passwords(&self.template).unwrap();
        let target = |role: String| PostgresTarget::socket(address(Some(&role), &self.name));
        let (runtime, platform) = (target(roles.runtime()), target(roles.platform()));
        StoreConfig::Postgres { runtime, platform, pool: 4 }
    }
}

impl Drop for Database {
    /// Copies are many and of no further use; the template's goes with the cluster.
    fn drop(&mut self) {
        if self.name != self.template {
            let dropped = Command::new(program("dropdb"))
                .arg(format!("--maintenance-db={}", named().unwrap()))
                .args(["--if-exists", "--force", &self.name])
                .output();
            drop(dropped);
        }
    }
}

/// The superuser's address with another user and database.
fn address(user: Option<&str>, database: &str) -> String {
    let base = named().unwrap();
    let (scheme, rest) = base.split_once("://").unwrap();
    let (own, host) = rest.split_once('@').unwrap();
    let (host, _) = host.rsplit_once('/').unwrap();
    format!("{scheme}://{}@{host}/{database}", user.unwrap_or(own))
}

fn program(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let installed = versions.map(|version| version.path().join("bin").join(name));
    installed.filter(|path| path.exists()).max().unwrap_or_else(|| PathBuf::from(name))
}
