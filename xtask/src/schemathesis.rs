//! Schemathesis against a running server, with two tenants.
//!
//! A fresh platform gets two workspaces. The first one's owner then sends generated requests: as
//! they come, with the ids of the own workspace, with the ids of the neighbour's, and last to the
//! operations that end things. No answer may be a server error or differ from the OpenAPI document,
//! and no answer may hold what only the neighbour has.
//!
//! The seed is fixed and the number of requests is bounded. Rates are raised by configuration,
//! never off.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::packages::python_tool;
use crate::run::{Failure, cargo, must, root, target};

const VERSION: &str = "4.32.5";
const SEED: &str = "20261121";

/// What every answer is checked for.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance,unsupported_method,\
                      allow_header_conformance,negative_data_rejection,ignored_auth";

/// Operations that end the session or the workspace the run lives in, or hand out the session's
/// next refresh token, so that the one the run holds becomes an old one.
const ENDING: &[&str] = &[
    "sessions_revoke",
    "sessions_revoke_others",
    "sessions_revoke_all",
    "workspaces_delete",
    "sessions_create",
    "sessions_step_up",
    "sessions_enter_workspace",
    "account_backup_codes",
    "account_password",
    "account_totp_confirm",
];

/// Runs schemathesis on SQLite.
///
/// # Errors
/// A check that failed, or an answer that held the neighbour's canary.
pub fn run() -> Result<(), Failure> {
    must(cargo().args(["build", "--quiet", "--package", "casemate"]))?;
    let program = python_tool("schemathesis", VERSION, "schemathesis")?;
    let platform = Platform::start()?;
    let tenants = platform.furnish(&program)?;
    let runs: [(&str, Option<&str>, &str); 3] = [
        ("as they come", None, "25"),
        ("own ids", Some("first.json"), "25"),
        ("the neighbour's ids", Some("second.json"), "10"),
    ];
    for (name, ids, count) in runs {
        println!("--- {name}");
        let mut command = tenants.command(&program, &platform, ids, count)?;
        for operation in ENDING {
            command.args(["--exclude-operation-id", operation]);
        }
        attempt(&mut command)?;
        tenants.no_canary()?;
    }
    println!("--- operations that end things");
    let mut command = tenants.command(&program, &platform, Some("second.json"), "10")?;
    command.env("CASEMATE_SESSION_MAY_END", "1");
    for operation in ENDING {
        command.args(["--include-operation-id", operation]);
    }
    attempt(&mut command)?;
    tenants.no_canary()
}

/// CPython 3.11's own fault: parsing a lambda's source fails when a collection runs in the middle
/// of it.
const PYTHON_FAULT: &str = "AST constructor recursion depth mismatch";

/// Runs schemathesis to its end. When nothing failed but Python itself broke off, once more, twice
/// at most.
fn attempt(command: &mut Command) -> Result<(), Failure> {
    for _ in 0..3 {
        let output = command.stderr(Stdio::inherit()).output()?;
        let shown = String::from_utf8_lossy(&output.stdout);
        if output.status.success() {
            println!("{}", summary(&shown));
            return Ok(());
        }
        if shown.contains("= FAILURES =") || !shown.contains(PYTHON_FAULT) {
            return Err(Failure(format!("schemathesis: {}\n{shown}", output.status)));
        }
        println!("Python broke off in the middle ({PYTHON_FAULT}); once more");
    }
    Err(Failure::new("Python broke off three times"))
}

/// What a person wants to know of a run that passed.
fn summary(shown: &str) -> String {
    let kept = ["Tested:", "generated,", "Seed:"];
    let lines = shown.lines().filter(|line| kept.iter().any(|word| line.contains(word)));
    lines.map(str::trim).collect::<Vec<_>>().join("; ")
}

/// A platform in folders of its own.
struct Platform {
    folder: TempDir,
    process: Child,
    ready: Value,
}

impl Platform {
    fn start() -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix("cm-schema-").tempdir_in("/tmp")?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let mut command = Command::new(target().join("debug/casemate"));
        command.args(["up", "--json"]).env("CASEMATE_DATA", folder.path().join("data"));
        command.env("CASEMATE_CONFIG", folder.path().join("etc"));
        command.env("CASEMATE_API__LISTEN", "127.0.0.1:0");
        command.env("CASEMATE_API__HEALTH", "127.0.0.1:0");
        for rate in ["ANONYMOUS", "CALLER", "NETWORK"] {
            command.env(format!("CASEMATE_LIMITS__{rate}_PER_MINUTE"), "1000000");
        }
        let log = fs::File::create(folder.path().join("log"))?;
        let mut process = command.stdout(Stdio::piped()).stderr(log).spawn()?;
        let output = process.stdout.take().ok_or_else(|| Failure::new("no output"))?;
        let mut line = String::new();
        let mut output = BufReader::new(output);
        output.read_line(&mut line)?;
        let ready = serde_json::from_str(&line)
            .map_err(|error| Failure(format!("`up` printed {line:?}: {error}")))?;
        std::thread::spawn(move || output.lines().for_each(drop));
        Ok(Self { folder, process, ready })
    }

    fn said(&self, name: &str) -> Result<&str, Failure> {
        let missing = || Failure(format!("`up` did not print {name}"));
        self.ready.get(name).and_then(Value::as_str).ok_or_else(missing)
    }

    fn certificate(&self) -> PathBuf {
        self.folder.path().join("data/tls/cert.pem")
    }

    /// Two workspaces, by the API alone.
    fn furnish(&self, schemathesis: &Path) -> Result<Tenants, Failure> {
        let folder = self.folder.path().join("tenants");
        let python = schemathesis.with_file_name("python");
        let link = self.said("link")?.rsplit('/').next().unwrap_or_default();
        must(
            Command::new(python)
                .arg(root().join("xtask/schemathesis/two_tenants.py"))
                .arg(self.said("url")?)
                .arg(self.certificate())
                .arg(link)
                .arg(&folder)
                .stdin(fs::File::open(self.said("code_file")?)?),
        )?;
        Ok(Tenants { folder })
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        let pid = self.process.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        let _ = self.process.wait();
    }
}

/// Two workspaces, and where what is known about them lies.
struct Tenants {
    folder: PathBuf,
}

impl Tenants {
    /// One run as the first workspace's owner; `ids` names the file whose ids fill the paths.
    fn command(
        &self,
        program: &Path,
        platform: &Platform,
        ids: Option<&str>,
        count: &str,
    ) -> Result<Command, Failure> {
        let config = self.folder.join("schemathesis.toml");
        fs::write(&config, Self::config(ids.map(|ids| self.folder.join(ids)).as_deref())?)?;
        let url = platform.said("url")?;
        let mut command = Command::new(program);
        command.arg("--config-file").arg(config).arg("run").arg(root().join("openapi.json"));
        command.args(["--url", url, "--seed", SEED, "--max-examples", count]);
        command.args(["--checks", CHECKS, "--phases", "examples,coverage,fuzzing,stateful"]);
        command.arg("--tls-verify").arg(platform.certificate());
        command.args(["--report", "ndjson", "--report-ndjson-path"]).arg(self.report());
        command.args(["--output-sanitize", "false", "--output-truncate", "false", "--no-color"]);
        // A connection that idled out between two requests is opened again, as any client would.
        command.args([
            "--request-retries",
            "2",
            "--suppress-health-check",
            "all",
            "--workers",
            "2",
        ]);
        command.current_dir(&self.folder).env("PYTHONPATH", root().join("xtask/schemathesis"));
        // Keeps the credential going; it goes by a file, not by the arguments, which anybody may
        // read.
        command.env("SCHEMATHESIS_HOOKS", "session");
        command.env("CASEMATE_URL", url).env("CASEMATE_CA", platform.certificate());
        Ok(command)
    }

    /// The ids that fill the paths.
    fn config(ids: Option<&Path>) -> Result<String, Failure> {
        let Some(ids) = ids else { return Ok(String::new()) };
        let ids: toml::Table = serde_json::from_str(&fs::read_to_string(ids)?)
            .map_err(|error| Failure(error.to_string()))?;
        Ok(format!("[parameters]\n{ids}"))
    }

    fn report(&self) -> PathBuf {
        self.folder.join("report.ndjson")
    }

    /// No answer of the last run holds what only the neighbour has.
    fn no_canary(&self) -> Result<(), Failure> {
        let canary = fs::read_to_string(self.folder.join("canary"))?;
        let report = fs::read_to_string(self.report())?;
        if report.is_empty() {
            return Err(Failure::new("schemathesis wrote no report"));
        }
        if report.contains(&canary) {
            return Err(Failure::new("an answer held what only the neighbour has"));
        }
        Ok(())
    }
}
