//! The engine under a test.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::house::House;

/// Which engine, and how to reach it.
#[derive(Debug, Clone)]
pub enum Engine {
    Sqlite,
    /// A superuser's address.
    Postgres(String),
}

static NUMBER: AtomicU32 = AtomicU32::new(0);

impl Engine {
    /// SQLite; and PostgreSQL when a superuser's address is given.
    pub fn all() -> Vec<Self> {
        let postgres = superuser().map(Self::Postgres);
        std::iter::once(Self::Sqlite).chain(postgres).collect()
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }

    /// Loses the database of the installation in `house`, as with the machine it was on. Its roles
    /// belong to the cluster and stay.
    pub fn lose(&self, house: &House) {
        let Self::Postgres(superuser) = self else { return };
        let name = house.roles().unwrap();
        let mut command = Command::new("psql");
        let database = format!("\\connect {name}");
        command.arg(superuser).args(["-q", "-c", &database, "-c"]);
        command.arg("drop schema casemate cascade");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// What the installation in `house` needs of this engine: settings that lead to a database of
    /// its own.
    pub fn prepare(&self, house: &House) -> Vec<(String, String)> {
        let Self::Postgres(superuser) = self else { return Vec::new() };
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("casemate_it_{}_{number}", std::process::id());
        let (address, out) = (house.path("superuser"), house.path("postgres"));
        std::fs::write(&address, superuser).unwrap();
        let mut command: Command = house.command(&["database", "prepare", "--json"]);
        command.arg("--url-file").arg(&address).arg("--out").arg(&out);
        command.args(["--name", &name]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let at = |file: &str| out.join(file).display().to_string();
        [
            ("CASEMATE_DATABASE__ENGINE", "postgres".to_owned()),
            ("CASEMATE_DATABASE__RUNTIME_URL_FILE", at("runtime.url")),
            ("CASEMATE_DATABASE__PLATFORM_URL_FILE", at("platform.url")),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }
}

impl Engine {
    /// Everything in the database of `house`, as a superuser's dump shows it: binary values in
    /// hexadecimal. On SQLite the files are looked at themselves.
    pub fn dump(&self, house: &House) -> Vec<u8> {
        let Self::Postgres(superuser) = self else { return Vec::new() };
        let server = superuser.split('?').next().unwrap().rsplit_once('/').unwrap().0;
        let address = format!("{server}/{}", house.roles().unwrap());
        let dumped = Command::new("pg_dump").arg("--dbname").arg(address).output().unwrap();
        assert!(dumped.status.success(), "{}", String::from_utf8_lossy(&dumped.stderr));
        dumped.stdout
    }
}

/// The superuser's address, if there is a cluster; CI has one.
fn superuser() -> Option<String> {
    let named = std::env::var("CASEMATE_TEST_POSTGRES").ok();
    assert!(
        named.is_some() || std::env::var_os("CI").is_none(),
        "CI runs both engines: CASEMATE_TEST_POSTGRES names no cluster"
    );
    if named.is_none() {
        eprintln!("SKIPPED ON POSTGRESQL: CASEMATE_TEST_POSTGRES names no cluster");
    }
    named
}
