//! `cargo xtask`: one door to everything a contributor runs.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::run::Failure;

/// Casemate's workshop.
#[derive(Parser)]
#[command(name = "cargo xtask", about, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the platform and start it here, with embedded defaults. Ctrl-C stops it.
    Up {
        /// Handed on to `casemate up`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    /// Format, lints, house rules and tests that need no service.
    Check,
    /// Every check the project has, on both engines.
    Test {
        /// Run only the stages whose name contains this text.
        #[arg(long)]
        only: Option<String>,
    },
    /// The house rules: sizes, headers, names, dead files.
    Tidy,
    /// The allowed arrows between crates.
    Layers,
    /// `docs/promises.toml` against `PROMISES.md`'s ids, the tests it names, and the README's
    /// table.
    Promises {
        /// Write the table into the README instead of comparing it.
        #[arg(long)]
        write: bool,
    },
    /// `docs/asvs.toml` against the ids of OWASP ASVS 5.0, the tests it names, and its table.
    Asvs {
        /// Write the table instead of comparing it.
        #[arg(long)]
        write: bool,
    },
    /// Start a private PostgreSQL, run a command with everything tests need in its environment.
    Postgres {
        /// The command and its arguments.
        #[arg(trailing_var_arg = true, required = true, allow_hyphen_values = true)]
        command: Vec<String>,
    },
    /// Remove each wall in turn and see that a test goes red.
    Mutants {
        /// Only the walls whose name contains this text.
        #[arg(long)]
        only: Option<String>,
    },
    /// Do the README's walk, word for word, in an empty folder.
    Walk {
        /// `sqlite` or `postgres`.
        #[arg(long, default_value = "sqlite")]
        engine: xtask::walk::Engine,
    },
    /// Schemathesis against a running server, with two tenants' credentials.
    Schemathesis,
    /// Measure, and write `bench/RESULTS.md`.
    Bench,
}

fn main() -> ExitCode {
    match dispatch(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nxtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command) -> Result<(), Failure> {
    match command {
        Command::Up { rest } => xtask::pipeline::up(&rest),
        Command::Check => xtask::pipeline::check(),
        Command::Test { only } => xtask::pipeline::test(only.as_deref()),
        Command::Tidy => xtask::tidy::check(),
        Command::Layers => xtask::layers::check(),
        Command::Promises { write: true } => xtask::promises::write(),
        Command::Promises { write: false } => xtask::promises::check(),
        Command::Asvs { write: true } => xtask::asvs::write(),
        Command::Asvs { write: false } => xtask::asvs::check(),
        Command::Postgres { command } => xtask::postgres::with_cluster(&command),
        Command::Mutants { only } => xtask::mutants::run(only.as_deref()),
        Command::Walk { engine } => xtask::walk::run(engine),
        Command::Schemathesis => xtask::schemathesis::run(),
        Command::Bench => xtask::bench::run(),
    }
}
