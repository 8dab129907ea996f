//! Picks the process.
//!
//! Always true: the crypto provider (aws-lc-rs) is installed before anything else runs, and no
//! thread starts here: `broker` and `serve` confine the whole process first.

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

/// A self-hosted platform that proves its security promises.
#[derive(Debug, Parser)]
#[command(name = "casemate", version = VERSION, propagate_version = true)]
struct CommandLine {
    #[command(flatten)]
    globals: cli::Globals,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
#[command(subcommand_help_heading = "Commands")]
enum Command {
    #[command(flatten)]
    Client(cli::Command),
    #[command(flatten)]
    Operator(operator::Command),
}

/// The release and the commit it was built from.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("CASEMATE_COMMIT"), ")");

fn main() -> ExitCode {
    let installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    debug_assert!(installed.is_ok(), "nothing ran before");
    let line = CommandLine::parse();
    match line.command {
        Command::Client(command) => cli::run(command, &line.globals, CommandLine::command()),
        Command::Operator(command) => {
            let form = if line.globals.json { operator::Form::Json } else { operator::Form::Text };
            operator::run(command, form)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn no_command_of_the_host_takes_a_secret_as_an_argument() {
        let mut waiting = vec![CommandLine::command()];
        while let Some(command) = waiting.pop() {
            // A switch that says how to sign in takes nothing.
            let valued = |argument: &&clap::Arg| argument.get_action().takes_values();
            for argument in command.get_arguments().filter(valued) {
                let name = argument.get_id().as_str();
                let secret = ["password", "code", "passphrase", "token", "value", "key", "url"];
                assert!(!secret.contains(&name), "{} takes {name}", command.get_name());
            }
            waiting.extend(command.get_subcommands().cloned());
        }
    }
}
