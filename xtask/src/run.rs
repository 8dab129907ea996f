//! Starting programs and saying what failed.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// A check that failed, in words for the person who ran it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Failure(pub String);

impl Failure {
    /// A failure with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}

/// The repository's root folder.
#[must_use]
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or_else(|| here.to_owned(), Path::to_owned)
}

/// The folder that builds go to.
#[must_use]
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The `cargo` that runs us.
#[must_use]
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    // A `cargo run` hands down variables that would make inner builds differ from outer ones.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().into_owned();
        if text.starts_with("CARGO_PKG_") || text == "CARGO_MANIFEST_DIR" {
            command.env_remove(name);
        }
    }
    command
}

/// Whether this run is CI's: nothing may be skipped and no golden file rewritten.
#[must_use]
pub fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true")
}

/// Runs a command to its end, its output passing through.
///
/// # Errors
/// The command could not be started, or ended with a failure.
pub fn must(command: &mut Command) -> Result<(), Failure> {
    let name = describe(command);
    let status =
        command.status().map_err(|error| Failure(format!("could not start {name}: {error}")))?;
    if status.success() { Ok(()) } else { Err(Failure(format!("{name}: {status}"))) }
}

/// Runs a command to its end and returns what it printed on standard output.
///
/// # Errors
/// The command could not be started, or ended with a failure.
pub fn output(command: &mut Command) -> Result<String, Failure> {
    let name = describe(command);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Failure(format!("could not start {name}: {error}")))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(Failure(format!("{name}: {}", output.status)))
    }
}

/// Runs one named stage and prints how long it took.
///
/// # Errors
/// Whatever the stage failed with.
pub fn stage(name: &str, work: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
    println!("\n=== {name}");
    let start = Instant::now();
    let result = work();
    let seconds = start.elapsed().as_secs_f64();
    match &result {
        Ok(()) => println!("=== {name}: ok, {seconds:.1} s"),
        Err(failure) => println!("=== {name}: FAILED after {seconds:.1} s: {failure}"),
    }
    result
}

fn describe(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}
