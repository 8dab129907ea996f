//! A person's machine: a configuration folder, and the client started in it as a process without a
//! terminal.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

use crate::server::{Asked, Reply, Server};

pub(crate) const ACCESS: &str = "access-token-of-the-first-session-AAAA";
pub(crate) const REFRESH: &str = "refresh-token-of-the-first-session-BBBB";
pub(crate) const SESSION: &str = "01920000-0000-7000-8000-0000000000aa";
pub(crate) const WORKSPACE: &str = "01920000-0000-7000-8000-0000000000bb";
pub(crate) const PROJECT: &str = "01920000-0000-7000-8000-0000000000cc";
pub(crate) const ENVIRONMENT: &str = "01920000-0000-7000-8000-0000000000dd";
pub(crate) const FAR: i64 = 4_000_000_000_000;

/// The client, built as the example beside this test.
pub(crate) fn client() -> PathBuf {
    let deps = std::env::current_exe().unwrap();
    let path = deps.parent().unwrap().parent().unwrap().join("examples/client");
    assert!(path.exists(), "{} is built by `cargo test -p cli`", path.display());
    path
}

pub(crate) struct Machine {
    folder: tempfile::TempDir,
    passphrase: Option<PathBuf>,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    pub(crate) fn json(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

impl Machine {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), passphrase: None }
    }

    /// A machine whose sign-in is sealed with a passphrase: it opens wherever its folder is.
    pub(crate) fn with_passphrase() -> Self {
        let mut machine = Self::new();
        machine.passphrase = Some(machine.file("passphrase", "a passphrase of some length\n"));
        machine
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts a line into a file of its own, for a `--...-file` flag.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn configuration(&self) -> PathBuf {
        self.path("configuration")
    }

    /// A command that is ready to start, in a session of its own, so that it has no terminal
    /// whoever runs the tests.
    pub(crate) fn command<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Command {
        let mut command = Command::new("setsid");
        command.args(["--wait"]).arg(client()).args(arguments);
        self.prepare(&mut command);
        command
    }

    /// The client itself, for tests that look at its process.
    pub(crate) fn bare<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Command {
        let mut command = Command::new(client());
        command.args(arguments).process_group(0);
        self.prepare(&mut command);
        command
    }

    pub(crate) fn prepare(&self, command: &mut Command) {
        if let Some(passphrase) = &self.passphrase {
            command.env("CASEMATE_PASSPHRASE_FILE", passphrase);
        }
        command
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("CASEMATE_CONFIG_DIR", self.configuration())
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("CASEMATE_SERVER")
            .env_remove("CASEMATE_PROFILE")
            .env_remove("CASEMATE_CA")
            .env_remove("NO_COLOR")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.command(arguments).output().unwrap().into()
    }

    /// Runs with these lines on stdin.
    pub(crate) fn piped(&self, arguments: &[&str], input: &[u8]) -> Ended {
        let mut child: Child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(input);
        child.wait_with_output().unwrap().into()
    }

    /// Signs in to this server.
    pub(crate) fn sign_in(&self, server: &Server) {
        let ended = self.piped(
            &[
                "login",
                "--server",
                &server.url,
                "--fingerprint",
                &server.identity.fingerprint(),
                "--email",
                "ada@example.com",
            ],
            b"correct horse battery\n123456\n",
        );
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }

    pub(crate) fn has_session(&self) -> bool {
        self.configuration().join("profiles/default/session.sealed").exists()
    }
}

/// Tokens as the server gives them.
pub(crate) fn tokens(access: &str, refresh: &str, expires_at_ms: i64) -> Value {
    json!({
        "session_id": SESSION, "access_token": access, "refresh_token": refresh,
        "expires_at_ms": expires_at_ms, "workspace": WORKSPACE,
    })
}

/// A server that lets everybody in, has one project with one environment, and leaves the rest to
/// `script`.
pub(crate) fn server(script: impl Fn(&Asked) -> Option<Reply> + Send + Sync + 'static) -> Server {
    Server::start(move |asked| script(asked).unwrap_or_else(|| usual(asked)))
}

fn usual(asked: &Asked) -> Reply {
    match asked.line().as_str() {
        "POST /v1/sessions" => Reply::json(tokens(ACCESS, REFRESH, FAR)),
        "GET /v1/audit/key" => Reply::json(json!({ "key": log_key() })),
        "GET /v1/projects" => {
            Reply::json(json!({ "items": [{ "id": PROJECT, "name": "shop", "created_at_ms": 0 }] }))
        }
        line if line == format!("GET /v1/projects/{PROJECT}/environments") => {
            Reply::json(json!({ "items": [
                { "id": ENVIRONMENT, "name": "development", "production": false },
            ] }))
        }
        _ => Reply::problem(404, "not_found"),
    }
}

/// The key of the golden export.
pub(crate) fn log_key() -> &'static str {
    include_str!("../../../ledger/testdata/export-v1.key").trim_end()
}

/// The golden export.
pub(crate) fn golden_export() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../ledger/testdata/export-v1.ndjson")
}
