//! The command line: an ordinary client of the public HTTP API, and the offline verifier.
//!
//! Always true
//! 1. Every call goes through [`client::operations`], so the contract test knows each one by name.
//! 2. Results go to stdout, everything else to stderr; with `--json` each result is one JSON line.
//! 3. A secret arrives by prompt, pipe or file and leaves by TLS, a child's environment or the
//!    terminal it was asked for on; it is never an argument, and tokens are never on disk in clear.
//! 4. Tokens are sent to the server they were issued by, over TLS to the certificate pinned at
//!    sign-in.
//!
//! Never: a database, a key store, a rule of authority. What may be done is the server's to say.
//!
//! The process installs its crypto provider (aws-lc-rs) before it calls [`run`].

mod account;
mod arguments;
mod calendar;
mod client;

mod commands;
mod config;
#[cfg(test)]
mod contract;
mod credentials;
mod exit;
mod failure;
mod hidden;
mod moment;
mod names;
mod output;
mod problem;
mod prompt;
mod span;
mod work;

pub use arguments::{Command, FingerprintArgument, Globals};
pub use client::FingerprintError;
pub use exit::Exit;

use std::process::ExitCode;

/// Runs one command to its end and says how the process should exit.
///
/// `tree` is the whole command line of the binary, for completions and man pages. Everything that
/// went wrong is already printed when this returns. The exit codes are those of [`Exit`]; `run`
/// gives the program's own.
#[must_use]
pub fn run(command: Command, globals: &Globals, tree: clap::Command) -> ExitCode {
    let output = output::Output::new(globals);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(source) => {
            let failure = failure::Failure::System { what: "start the event loop", source };
            return output.failure(&failure).into();
        }
    };
    match runtime.block_on(commands::dispatch(command, globals, tree, &output)) {
        Ok(code) => code,
        Err(failure) => output.failure(&failure).into(),
    }
}
