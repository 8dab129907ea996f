//! `whoami`: who is signed in, where, and in which workspace.

use serde::{Deserialize, Serialize};

use super::Context;
use crate::client::{Call, operations as op};
use crate::failure::Failure;

/// Show who is signed in, and where
#[derive(Debug, clap::Args)]
pub struct Whoami {}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Response {
    pub(crate) user: Option<User>,
    #[serde(default)]
    pub(crate) workspace: Option<serde_json::Value>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) email: String,
}

/// Asks the server, so that a session ended elsewhere is noticed.
///
/// Errors: as [`crate::account::Account::call`].
pub(crate) async fn run(_: &Whoami, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let response: Response = account.ask(&Call::new(op::WHOAMI, &[])).await?;
    context.output.result(&response, |response| format!("{response:?}"))
}
