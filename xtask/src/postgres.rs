//! A private PostgreSQL for the length of one command: its own folder, its own Unix socket, an
//! unprivileged user.

use std::ffi::OsString;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::packages::{am_root, postgres_programs};
use crate::run::{Failure, must, root};

const START_MAX: Duration = Duration::from_secs(60);

/// How much a power cut may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Tests kill our processes, never PostgreSQL's: no need to wait for the disk.
    Tests,
    /// Every commit reaches the disk, as in production: for measuring.
    Real,
}

/// A running cluster; stopped and removed when dropped.
pub struct Cluster {
    server: Child,
    folder: TempDir,
}

impl Cluster {
    /// Makes and starts a cluster.
    ///
    /// # Errors
    /// PostgreSQL cannot be installed, initialised or started within a minute.
    pub fn start(durability: Durability) -> Result<Self, Failure> {
        let programs = postgres_programs()?;
        // Short: a Unix socket's path holds at most 107 bytes.
        let folder = tempfile::Builder::new().prefix("cm-pg-").tempdir_in("/tmp")?;
        if am_root() {
            must(Command::new("chown").arg("postgres").arg(folder.path()))?;
        }
        let data = folder.path().join("data");
        must(
            as_owner(&programs.join("initdb"))
                .args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync"])
                .args(["--locale=C.UTF-8", "--pgdata"])
                .arg(&data)
                .stdout(Stdio::null()),
        )?;
        let log = fs::File::create(folder.path().join("log"))?;
        let mut server = as_owner(&programs.join("postgres"));
        server.arg("-D").arg(&data).arg("-k").arg(folder.path()).args(settings(durability));
        server.stdout(log.try_clone()?).stderr(log).stdin(Stdio::null()).process_group(0);
        let mut cluster = Self { server: server.spawn()?, folder };
        cluster.wait_until_ready(&programs)?;
        Ok(cluster)
    }

    /// The superuser's address, over the Unix socket.
    #[must_use]
    pub fn url(&self) -> String {
        let folder = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgresql://postgres@{folder}:5432/postgres")
    }

    fn wait_until_ready(&mut self, programs: &Path) -> Result<(), Failure> {
        let start = Instant::now();
        loop {
            let mut ask = Command::new(programs.join("pg_isready"));
            ask.arg("-q").arg("-h").arg(self.folder.path()).args(["-p", "5432"]);
            if ask.status()?.success() {
                return Ok(());
            }
            if self.server.try_wait()?.is_some() || start.elapsed() > START_MAX {
                let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                return Err(Failure(format!("PostgreSQL did not start:\n{log}")));
            }
            sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // SIGINT: fast shutdown, clients are disconnected.
        let pid = self.server.id().to_string();
        let _ = Command::new("kill").args(["-INT", &pid]).status();
        let _ = self.server.wait();
    }
}

fn settings(durability: Durability) -> Vec<OsString> {
    let mut words = vec!["listen_addresses=", "port=5432", "max_connections=300"];
    if durability == Durability::Tests {
        words.extend(["fsync=off", "full_page_writes=off", "synchronous_commit=off"]);
    }
    words.into_iter().flat_map(|word| [OsString::from("-c"), OsString::from(word)]).collect()
}

/// PostgreSQL refuses to run as root, rightly.
fn as_owner(program: &Path) -> Command {
    if am_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
        command.current_dir("/tmp");
        command
    } else {
        Command::new(program)
    }
}

/// Starts a cluster, runs `command` from the root folder with `CASEMATE_TEST_POSTGRES` set, stops
/// the cluster.
///
/// # Errors
/// The cluster does not start, or the command fails.
pub fn with_cluster(command: &[String]) -> Result<(), Failure> {
    let (program, rest) =
        command.split_first().ok_or_else(|| Failure::new("name a command to run"))?;
    let cluster = Cluster::start(Durability::Tests)?;
    must(
        Command::new(PathBuf::from(program))
            .args(rest)
            .current_dir(root())
            .env("CASEMATE_TEST_POSTGRES", cluster.url())
            .env("CASEMATE_TEST_NODE_MODULES", crate::packages::node_modules()?)
            .env("CASEMATE_TEST_CHROMIUM", crate::packages::chromium()?),
    )
}
