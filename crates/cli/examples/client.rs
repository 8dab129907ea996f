//! The client alone, without the operator's commands: what the tests start as a process.

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

/// Casemate, from a person's side
#[derive(Parser)]
#[command(name = "casemate", bin_name = "casemate", version)]
struct Line {
    #[command(flatten)]
    globals: cli::Globals,
    #[command(subcommand)]
    command: cli::Command,
}

fn main() -> ExitCode {
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        return ExitCode::FAILURE;
    }
    let line = Line::parse();
    cli::run(line.command, &line.globals, Line::command())
}
