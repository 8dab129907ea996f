//! `audit`: the log of the current workspace.

pub(crate) mod checkpoint;
pub(crate) mod copy;
pub(crate) mod export;
mod format;
pub(crate) mod hold;
pub(crate) mod list;
mod log;
pub(crate) mod platform;
pub(crate) mod search;
mod sheet;
pub(crate) mod show;
mod sought;
pub(crate) mod stream;
pub(crate) mod tail;

use super::Context;
use crate::failure::Failure;

/// Read and export the audit log
#[derive(Debug, clap::Subcommand)]
pub enum Audit {
    /// The newest entries
    List(list::List),
    /// Search the logs: newest first, by who, what, about what, when and from where
    Search(search::Search),
    /// Show entries as they come, until interrupted
    Tail(tail::Tail),
    /// One entry, whole
    Show(show::Show),
    /// Write the log and its proofs into a file that anybody can verify
    Export(export::Export),
    /// Copy the public log of checkpoints, with what opens this log's part of it
    Copy(copy::Copy),
    /// Have a log sent to a receiver of your own
    #[command(subcommand)]
    Stream(stream::Stream),
    /// The newest signed checkpoint
    Checkpoint(checkpoint::Checkpoint),
    /// What keeps the security log whole: nothing is dropped while a hold stands
    #[command(subcommand)]
    Hold(hold::Hold),
    /// The newest entries of the platform's own log (staff, signed in with a passkey)
    Platform(platform::Platform),
}

/// Does the verb.
pub(crate) async fn run(verb: Audit, context: &Context) -> Result<(), Failure> {
    match verb {
        Audit::List(arguments) => list::run(&arguments, context).await,
        Audit::Search(arguments) => search::run(&arguments, context).await,
        Audit::Tail(arguments) => tail::run(&arguments, context).await,
        Audit::Show(arguments) => show::run(&arguments, context).await,
        Audit::Export(arguments) => export::run(&arguments, context).await,
        Audit::Copy(arguments) => copy::run(&arguments, context).await,
        Audit::Stream(verb) => stream::run(&verb, context).await,
        Audit::Checkpoint(arguments) => checkpoint::run(&arguments, context).await,
        Audit::Hold(verb) => hold::run(verb, context).await,
        Audit::Platform(arguments) => platform::run(&arguments, context).await,
    }
}
