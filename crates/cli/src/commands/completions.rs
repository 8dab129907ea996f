//! `completions SHELL`: what a shell needs to complete the whole command line.

use clap_complete::Shell;

use crate::failure::Failure;
use crate::output;

/// Print the completions of a shell
#[derive(Debug, clap::Args)]
pub struct Completions {
    /// For this shell
    shell: Shell,
}

/// Prints them to stdout.
///
/// Errors: stdout cannot be written.
pub(crate) fn run(arguments: &Completions, mut tree: clap::Command) -> Result<(), Failure> {
    let name = tree.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut tree, name, &mut script);
    output::stdout(&String::from_utf8_lossy(&script))
}
