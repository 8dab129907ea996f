//! PostgreSQL's own tools: `pg_dump` reads with the backup role, `pg_restore` writes as an
//! administrator.
//!
//! Always true
//! 1. No shell, and no address or password in an argument: the tools are told by variables of
//!    their own environment, which only this user reads.
//! 2. A tool that did not end well is an error, whatever came out of it.
//!
//! Choice of the tools: docs/decisions/0022-backups.md.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;

use domain::limits::TOOL_WORDS_BYTES_MAX;
use server::config::Engine;
use tokio_postgres::Config as Address;
use tokio_postgres::config::Host;

use crate::database::read_address;
use crate::failure::{Exit, Failure};
use crate::settings::Settings;

/// The one schema.
const SCHEMA: &str = "casemate";

/// A running `pg_dump`.
pub(super) struct Dump {
    tool: Tool,
    output: Option<ChildStdout>,
}

impl Dump {
    /// Starts it with the backup role's address.
    ///
    /// # Errors
    /// When no address is set, or the tool is not there.
    pub(super) fn start(settings: &Settings) -> Result<Self, Failure> {
        let file = settings.config.backup.postgres_url_file.as_deref().ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                "the address of PostgreSQL's backup role is not set",
                "set backup.postgres_url_file to backup.url, which database prepare wrote",
            )
        })?;
        let mut command = tool("pg_dump", &read_address(file)?, certificate(settings));
        command.args(["--format=custom", "--compress=0", "--no-password", "--schema", SCHEMA]);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let (tool, mut child) = Tool::start("pg_dump", command)?;
        let output = child.stdout.take();
        Ok(Self { tool: tool.with(child), output })
    }

    /// What it writes.
    ///
    /// # Errors
    /// When it was taken before.
    pub(super) fn output(&mut self) -> Result<ChildStdout, Failure> {
        self.output.take().ok_or_else(|| lost("pg_dump"))
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it did not end well.
    pub(super) fn finish(self) -> Result<(), Failure> {
        self.tool.finish()
    }
}

/// A running `pg_restore`.
pub(super) struct Load {
    tool: Tool,
    input: ChildStdin,
}

impl Load {
    /// Starts it with an administrator's address: all or nothing, in one transaction.
    ///
    /// # Errors
    /// When the tool is not there.
    pub(super) fn start(admin: &Address, certificate: Option<&Path>) -> Result<Self, Failure> {
        let mut command = tool("pg_restore", admin, certificate);
        let database = admin.get_dbname().unwrap_or("postgres");
        command.args(["--exit-on-error", "--single-transaction", "--no-password", "--dbname"]);
        command.arg(database).stdin(Stdio::piped()).stdout(Stdio::null());
        let (tool, mut child) = Tool::start("pg_restore", command)?;
        let input = child.stdin.take().ok_or_else(|| lost("pg_restore"))?;
        Ok(Self { tool: tool.with(child), input })
    }

    /// Ends the input and waits for the commit.
    ///
    /// # Errors
    /// When it did not end well; nothing was restored then.
    pub(super) fn finish(self) -> Result<(), Failure> {
        drop(self.input);
        self.tool.finish()
    }

    /// Ends it before it commits: what it got was not whole.
    pub(super) fn abandon(mut self) {
        if let Some(child) = self.tool.child.as_mut() {
            let _ = child.kill();
        }
        let _ = self.tool.finish();
    }
}

impl Write for Load {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.input.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.input.flush()
    }
}

/// A process whose last words are kept.
struct Tool {
    name: &'static str,
    child: Option<Child>,
    words: Option<JoinHandle<String>>,
}

impl Tool {
    fn start(name: &'static str, mut command: Command) -> Result<(Self, Child), Failure> {
        let mut child = command.stderr(Stdio::piped()).spawn().map_err(|error| {
            Failure::new(
                Exit::Failed,
                format!("{name} cannot be started: {error}"),
                "install PostgreSQL's client tools, of the server's version or newer",
            )
        })?;
        let mut errors = child.stderr.take();
        // Read all along: a tool that cannot write its errors would wait for ever.
        let words = std::thread::spawn(move || {
            let mut last = Vec::new();
            let mut buffer = [0u8; 1_024];
            while let Some(read) = errors.as_mut().and_then(|errors| errors.read(&mut buffer).ok())
            {
                let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
                    break;
                };
                last.extend_from_slice(bytes);
                let old = last.len().saturating_sub(TOOL_WORDS_BYTES_MAX);
                last.drain(..old);
            }
            String::from_utf8_lossy(&last).trim().to_owned()
        });
        Ok((Self { name, child: None, words: Some(words) }, child))
    }

    fn with(mut self, child: Child) -> Self {
        self.child = Some(child);
        self
    }

    fn finish(mut self) -> Result<(), Failure> {
        let status = self.child.take().map(|mut child| child.wait());
        let words = self.words.take().and_then(|words| words.join().ok()).unwrap_or_default();
        match status {
            Some(Ok(status)) if status.success() => Ok(()),
            _ => Err(Failure::new(
                Exit::Failed,
                format!("{} did not end well: {words}", self.name),
                "see that the database runs and that the address is right; its version must not \
                 be newer than the tool's",
            )),
        }
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        if let Some(child) = self.child.as_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn tool(name: &str, address: &Address, certificate: Option<&Path>) -> Command {
    let mut command = Command::new(name);
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("LC_ALL", "C");
    let hosts: Vec<String> = address
        .get_hosts()
        .iter()
        .map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        })
        .collect();
    let ports: Vec<String> = address.get_ports().iter().map(u16::to_string).collect();
    command.env("PGHOST", hosts.join(",")).env("PGUSER", address.get_user().unwrap_or("postgres"));
    command.env("PGDATABASE", address.get_dbname().unwrap_or("postgres"));
    if !ports.is_empty() {
        command.env("PGPORT", ports.join(","));
    }
    if let Some(password) = crate::database::admin_password(address) {
        command.env("PGPASSWORD", password.as_str());
    }
    match certificate {
        Some(file) => command.env("PGSSLMODE", "verify-full").env("PGSSLROOTCERT", file),
        // Without certificates the address is a Unix socket, as for `serve`.
        None => command.env("PGSSLMODE", "disable"),
    };
    command
}

/// The certificates that the settings verify PostgreSQL with.
pub(super) fn certificate(settings: &Settings) -> Option<&Path> {
    match &settings.config.database.engine {
        Engine::Postgres(urls) => urls.root_certificate_file.as_deref(),
        Engine::Sqlite => None,
    }
}

fn lost(name: &str) -> Failure {
    Failure::new(Exit::Failed, format!("{name} was lost"), "try again")
}
