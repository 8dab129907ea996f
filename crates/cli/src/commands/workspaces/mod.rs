//! `workspaces`: the isolation boundary, from its birth to its end.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod enter;
pub(crate) mod list;
pub(crate) mod settings;
pub(crate) mod transfer;

use super::Context;
use crate::failure::Failure;

/// Create, choose and hand over workspaces
#[derive(Debug, clap::Subcommand)]
pub enum Workspaces {
    /// Create a workspace and enter it
    Create(create::Create),
    /// The workspaces you are a member of
    List(list::List),
    /// Enter a workspace; every later command is about it
    Use(enter::Use),
    /// Delete the current workspace
    Delete(delete::Delete),
    /// Hand the current workspace to another member
    Transfer(transfer::Transfer),
    /// See or change the current workspace's settings
    Settings(settings::Settings),
}

/// Does the verb.
pub(crate) async fn run(verb: Workspaces, context: &Context) -> Result<(), Failure> {
    match verb {
        Workspaces::Create(arguments) => create::run(&arguments, context).await,
        Workspaces::List(arguments) => list::run(&arguments, context).await,
        Workspaces::Use(arguments) => enter::run(&arguments, context).await,
        Workspaces::Delete(arguments) => delete::run(&arguments, context).await,
        Workspaces::Transfer(arguments) => transfer::run(&arguments, context).await,
        Workspaces::Settings(arguments) => settings::run(&arguments, context).await,
    }
}
