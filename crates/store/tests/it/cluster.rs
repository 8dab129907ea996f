//! PostgreSQL for the tests: the one that `CASEMATE_TEST_POSTGRES` names, else one that this binary
//! starts from an installed package and that ends with it. Each test gets a database and roles of
//! its own.

use std::fs;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::Mint;
use store::postgres::{Roles, create_database, prepare};
use store::{PostgresTarget, StoreConfig};

/// A superuser's address, `postgresql://user@host:port/database`.
static SUPERUSER: OnceLock<Superuser> = OnceLock::new();
static NUMBER: AtomicU32 = AtomicU32::new(0);

struct Superuser {
    url: String,
    _cluster: Option<Cluster>,
}

/// A cluster that ends with this process.
pub(crate) struct Cluster {
    url: String,
    /// Holds the pipe whose closing stops the cluster: it closes when this process ends, however it
    /// ends.
    shell: Child,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

/// A database with its roles, made ready.
#[derive(Clone)]
pub(crate) struct Database {
    pub(crate) name: String,
    pub(crate) roles: Roles,
}

impl Database {
    pub(crate) async fn new(mint: &Mint) -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("cm_store_{}_{number}", std::process::id());
        let roles = Roles::without_passwords(&name).unwrap();
        create_database(&PostgresTarget::socket(superuser()), &name).await.unwrap();
        let made = Self { name, roles };
        prepare(&made.as_superuser(), &made.roles, mint).await.unwrap();
        made
    }

    /// One that another process made.
    pub(crate) fn existing(name: &str) -> Self {
        Self { name: name.to_owned(), roles: Roles::without_passwords(name).unwrap() }
    }

    pub(crate) fn as_superuser(&self) -> PostgresTarget {
        PostgresTarget::socket(address(None, &self.name))
    }

    pub(crate) fn as_role(&self, role: &str) -> PostgresTarget {
        PostgresTarget::socket(address(Some(role), &self.name))
    }

    pub(crate) fn config(&self) -> StoreConfig {
        StoreConfig::Postgres {
            runtime: self.as_role(&self.roles.runtime()),
            platform: self.as_role(&self.roles.platform()),
            pool: 3,
        }
    }

    /// A bare connection: of the superuser, or of a role.
    pub(crate) async fn raw(&self, role: Option<&str>) -> tokio_postgres::Client {
        let text = address(role, &self.name);
        let mut config: tokio_postgres::Config = text.parse().unwrap();
        config.options("-c search_path=casemate");
        let (client, driver) = config.connect(tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(async move {
            let _ = driver.await;
        });
        client
    }
}

/// The superuser's address with another user and database.
fn address(user: Option<&str>, database: &str) -> String {
    let base = superuser();
    let (scheme, rest) = base.split_once("://").unwrap();
    let (own, host) = rest.split_once('@').unwrap();
    let (host, _) = host.rsplit_once('/').unwrap();
    let user = user.unwrap_or(own);
    format!("{scheme}://{user}@{host}/{database}")
}

/// The address to give to another process of this test; none when the house needs none.
pub(crate) fn superuser_for_worker(house: &crate::house::House) -> &'static str {
    if house.on_postgres() { superuser() } else { "" }
}

fn superuser() -> &'static str {
    let found = SUPERUSER.get_or_init(|| match std::env::var("CASEMATE_TEST_POSTGRES") {
        Ok(url) => Superuser { url, _cluster: None },
        Err(_) => {
            let cluster = Cluster::start("-c listen_addresses= -c port=5432");
            Superuser { url: cluster.url.clone(), _cluster: Some(cluster) }
        }
    });
    &found.url
}

impl Cluster {
    /// The superuser's address, over the cluster's own socket.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Makes and starts a cluster with these settings; one of them is its port.
    pub(crate) fn start(settings: &str) -> Self {
        let programs = installed().expect(
            "PostgreSQL is needed: install a package that has initdb and postgres under \
             /usr/lib/postgresql, or set CASEMATE_TEST_POSTGRES to a superuser's address",
        );
        // Short: a Unix socket's path holds at most 107 bytes.
        let folder = tempfile::Builder::new().prefix("cm-pg-").tempdir_in("/tmp").unwrap().keep();
        let owner = unprivileged();
        if let Some((uid, gid)) = owner {
            std::os::unix::fs::chown(&folder, Some(uid), Some(gid)).unwrap();
        }
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "sh"]).arg(&programs).arg(&folder).arg(settings);
        if let Some((uid, gid)) = owner {
            command.uid(uid).gid(gid);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0).current_dir("/");
        let mut shell = command.spawn().unwrap();
        let mut ready = [0; 6];
        let stood_up = shell.stdout.as_mut().unwrap().read_exact(&mut ready);
        assert!(
            stood_up.is_ok(),
            "PostgreSQL did not start: {}",
            fs::read_to_string(folder.join("log")).unwrap_or_default(),
        );
        let host = folder.display().to_string().replace('/', "%2F");
        let (_, port) = settings.split_once("port=").unwrap();
        let port = port.split(' ').next().unwrap();
        Self { url: format!("postgresql://postgres@{host}:{port}/postgres"), shell }
    }
}

/// The shell outlives nobody: `read` returns when this process ends, and the cluster with its
/// folder goes.
const SCRIPT: &str = r#"
    "$1/initdb" --auth=trust --username=postgres --encoding=UTF8 --locale=C.UTF-8 --no-sync \
        -D "$2/data" >"$2/log" 2>&1 || exit 1
    "$1/postgres" -D "$2/data" -k "$2" -c max_connections=300 -c fsync=off \
        -c full_page_writes=off $3 >>"$2/log" 2>&1 &
    server=$!
    port="${3##*port=}"
    until "$1/pg_isready" -q -h "$2" -p "${port%% *}"; do
        kill -0 "$server" 2>/dev/null || exit 1
        sleep 0.05
    done
    echo ready
    read -r forever
    kill -INT "$server"
    wait "$server"
    rm -rf "$2"
"#;

fn installed() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    versions
        .flatten()
        .map(|version| version.path().join("bin"))
        .filter(|bin| bin.join("initdb").exists() && bin.join("postgres").exists())
        .max()
}

/// PostgreSQL refuses to run as root, rightly: then as `postgres`, or as `nobody`.
pub(crate) fn unprivileged() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let accounts = fs::read_to_string("/etc/passwd").unwrap();
    ["postgres", "nobody"].into_iter().find_map(|wanted| {
        let line = accounts.lines().find(|line| line.split(':').next() == Some(wanted))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    })
}
