//! The two engines a house can stand on, and the hands of somebody who owns the machine.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::TenantId;
use store::postgres::{Roles, create_database, prepare};
use store::{PostgresTarget, StoreConfig};

/// Runs each test on SQLite, and on PostgreSQL where `CASEMATE_TEST_POSTGRES` names a cluster by a
/// superuser's address.
macro_rules! on_each_engine {
    ($($name:ident)+) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
            async fn $name() {
                super::$name(crate::house::House::on(crate::ground::Ground::folder()).await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
            async fn $name() {
                match crate::ground::Ground::database().await {
                    Some(ground) => super::$name(crate::house::House::on(ground).await).await,
                    None => {}
                }
            })+
        }
    };
}
pub(crate) use on_each_engine;

/// What a store stands on.
pub(crate) enum Ground {
    Folder,
    Database { name: String, roles: Roles },
}

impl Ground {
    pub(crate) fn folder() -> Self {
        Self::Folder
    }

    /// A database with its roles, if there is a cluster.
    pub(crate) async fn database() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let superuser = superuser()?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("cm_notary_{}_{number}", std::process::id());
        let roles = Roles::without_passwords(&name).unwrap();
        create_database(&PostgresTarget::socket(superuser), &name).await.unwrap();
        let admin = PostgresTarget::socket(address(None, &name));
        prepare(&admin, &roles, &crate::house::mint()).await.unwrap();
        Some(Self::Database { name, roles })
    }

    /// The store's configuration, in the words the helper process understands as well.
    pub(crate) fn words(&self, folder: &Path) -> Vec<String> {
        match self {
            Self::Folder => vec![folder.join("data").display().to_string()],
            Self::Database { name, roles } => {
                let of = |role: String| address(Some(&role), name);
                vec![of(roles.runtime()), of(roles.platform())]
            }
        }
    }

    pub(crate) fn config(&self, folder: &Path) -> StoreConfig {
        match &self.words(folder)[..] {
            [folder] => StoreConfig::Sqlite { folder: folder.into() },
            [runtime, platform] => StoreConfig::Postgres {
                runtime: PostgresTarget::socket(runtime),
                platform: PostgresTarget::socket(platform),
                pool: 4,
            },
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn owner_of(&self, folder: &Path, tenant: TenantId) -> Owner {
        match self {
            Self::Folder => {
                let path = folder.join(format!("data/tenants/{tenant}.db"));
                assert!(path.exists(), "{}", path.display());
                Owner::File(rusqlite::Connection::open(path).unwrap(), tenant)
            }
            Self::Database { name, .. } => {
                Owner::Superuser(connect(&address(None, name)).await, tenant)
            }
        }
    }
}

impl Ground {
    /// Whoever owns the machine, at the platform's own rows.
    pub(crate) async fn owner_of_platform(&self, folder: &Path, tenant: TenantId) -> Owner {
        match self {
            Self::Folder => {
                let path = folder.join("data/control.db");
                Owner::File(rusqlite::Connection::open(path).unwrap(), tenant)
            }
            Self::Database { .. } => self.owner_of(folder, tenant).await,
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "tests are told of a cluster by the environment")]
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

/// The superuser's address with another user and database.
fn address(user: Option<&str>, database: &str) -> String {
    let base = superuser().unwrap();
    let (scheme, rest) = base.split_once("://").unwrap();
    let (own, host) = rest.split_once('@').unwrap();
    let (host, _) = host.rsplit_once('/').unwrap();
    format!("{scheme}://{}@{host}/{database}", user.unwrap_or(own))
}

#[allow(clippy::disallowed_methods, reason = "the driver ends with the client it serves")]
async fn connect(address: &str) -> tokio_postgres::Client {
    let mut config: tokio_postgres::Config = address.parse().unwrap();
    config.options("-c search_path=casemate");
    let (client, driver) = config.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(async move { drop(driver.await) });
    client
}

/// Tables of the log, those that refer to others last.
pub(crate) const TABLES: [&str; 7] = [
    "audit_entries",
    "audit_personal",
    "audit_leaves",
    "audit_nodes",
    "audit_checkpoints",
    "audit_pseudonyms",
    "audit_openings",
];
/// Tables of the log of checkpoints.
pub(crate) const PUBLIC_TABLES: [&str; 4] =
    ["checkpoint_leaves", "checkpoint_nodes", "checkpoint_heads", "checkpoint_cosignatures"];

/// Whoever owns the machine, at one workspace's rows.
pub(crate) enum Owner {
    File(rusqlite::Connection, TenantId),
    Superuser(tokio_postgres::Client, TenantId),
}

impl Owner {
    /// Takes the log's guards away.
    pub(crate) async fn drop_guards(&self) {
        self.drop_guards_of(&TABLES).await;
    }

    /// The same for these tables.
    pub(crate) async fn drop_guards_of(&self, tables: &[&str]) {
        for table in tables {
            match self {
                Self::File(file, _) => {
                    let guards = "select name from sqlite_master \
                        where tbl_name = ?1 and type = 'trigger'";
                    let mut names = file.prepare(guards).unwrap();
                    let names: Vec<String> =
                        names.query_map([table], |row| row.get(0)).unwrap().flatten().collect();
                    assert!(!names.is_empty(), "{table} has no guard");
                    for name in names {
                        file.execute_batch(&format!("drop trigger {name}")).unwrap();
                    }
                    file.execute_batch("pragma foreign_keys = off").unwrap();
                }
                Self::Superuser(client, _) => {
                    let disable = format!("alter table {table} disable trigger all");
                    client.batch_execute(&disable).await.unwrap();
                }
            }
        }
    }

    /// Runs a statement in this engine's words. `{ours}` is the workspace, `{zeros}` a hash of
    /// zeros, `{body}` an entry's bytes as text, and `{blob:…}` text as bytes.
    pub(crate) async fn run(&self, statement: &str) -> Result<u64, String> {
        match self {
            Self::File(file, tenant) => {
                let hex: String = tenant.to_bytes().iter().map(|b| format!("{b:02x}")).collect();
                let statement = statement
                    .replace("{ours}", &format!("x'{hex}'"))
                    .replace("{zeros}", "zeroblob(32)")
                    .replace("{body}", "cast(body as text)")
                    .replace("{blob:", "cast(")
                    .replace(":}", " as blob)");
                file.execute(&statement, []).map(|rows| rows as u64).map_err(|e| e.to_string())
            }
            Self::Superuser(client, tenant) => {
                let statement = statement
                    .replace("{ours}", &format!("'{tenant}'::uuid"))
                    .replace("{zeros}", "decode(repeat('00', 32), 'hex')")
                    .replace("{body}", "convert_from(body, 'UTF8')")
                    .replace("{blob:", "convert_to(")
                    .replace(":}", ", 'UTF8')");
                client.execute(&statement, &[]).await.map_err(|e| e.to_string())
            }
        }
    }

    /// How many rows a condition finds.
    pub(crate) async fn count(&self, from_where: &str) -> u64 {
        let text = format!("select count(*) from {from_where}");
        match self {
            Self::File(file, _) => {
                let rows: i64 = file.query_row(&text, [], |row| row.get(0)).unwrap();
                u64::try_from(rows).unwrap()
            }
            Self::Superuser(client, _) => {
                let row = client.query_one(&text, &[]).await.unwrap();
                u64::try_from(row.get::<_, i64>(0)).unwrap()
            }
        }
    }

    /// Runs a statement that must change something.
    pub(crate) async fn change(&self, statement: &str) {
        let changed = self.run(statement).await.unwrap();
        assert!(changed > 0, "nothing changed: {statement}");
    }

    /// Gives each entry and leaf the hash of its present bytes, as a careful forger does.
    pub(crate) async fn mend_hashes(&self) {
        match self {
            Self::File(file, _) => {
                let mut found = file.prepare("select entry_id, body from audit_entries").unwrap();
                let rows = found.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
                for (entry, body) in rows.collect::<Result<Vec<(Vec<u8>, Vec<u8>)>, _>>().unwrap() {
                    let hash = ledger::tree::leaf_hash(&body);
                    let mend = "update audit_entries set hash = ?2 where entry_id = ?1";
                    file.execute(mend, (entry, hash)).unwrap();
                }
            }
            Self::Superuser(client, _) => {
                let mend = "update audit_entries set hash = sha256(decode('00', 'hex') || body)";
                client.execute(mend, &[]).await.unwrap();
            }
        }
        self.change(
            "update audit_leaves set hash = (select e.hash from audit_entries e \
             where e.entry_id = audit_leaves.entry_id and e.tenant_id = audit_leaves.tenant_id)",
        )
        .await;
    }
}
