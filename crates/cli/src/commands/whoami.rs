//! `whoami`: who is signed in, where, and in which workspace.

use domain::authz::Role;
use domain::{Name, SessionId, TenantId, TimeMs, UserId};
use serde::{Deserialize, Serialize};

use super::Context;
use crate::account::Account;
use crate::calendar::written;
use crate::client::{Call, TransportError, operations as op};
use crate::failure::Failure;
use crate::output::printable;

/// Show who is signed in, and where
#[derive(Debug, clap::Args)]
pub struct Whoami {}

#[derive(Serialize, Deserialize)]
pub(crate) struct Response {
    #[serde(default)]
    pub(crate) user: Option<User>,
    #[serde(default)]
    pub(crate) workspace: Option<Workspace>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) id: UserId,
    pub(crate) email: String,
    pub(crate) session_id: SessionId,
    pub(crate) factor_at_ms: TimeMs,
    pub(crate) backup_codes_left: u64,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Workspace {
    pub(crate) id: TenantId,
    pub(crate) name: Name,
    pub(crate) role: Role,
}

/// The address of the person signed in.
///
/// Errors: as [`crate::account::Account::call`].
pub(super) async fn email(account: &mut Account) -> Result<String, Failure> {
    let response: Response = account.ask(&Call::new(op::WHOAMI, &[])).await?;
    let user = response.user.ok_or(TransportError::Shape)?;
    Ok(printable(&user.email))
}

/// Asks the server, so that a session ended elsewhere is noticed.
///
/// Errors: as [`crate::account::Account::call`].
pub(crate) async fn run(_: &Whoami, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let response: Response = account.ask(&Call::new(op::WHOAMI, &[])).await?;
    let Some(user) = &response.user else { return Err(TransportError::Shape.into()) };
    let server = account.session().server.clone();
    context.output.result(&response, |response| {
        let workspace = match &response.workspace {
            Some(place) => format!("{} ({}), as {}", place.name, place.id, place.role),
            None => "none yet: `casemate workspaces create NAME`".to_owned(),
        };
        format!(
            "e-mail     {}\nserver     {server}\nworkspace  {workspace}\nsession    {}\n\
             last code  {}\nbackup     {} codes left",
            user.email,
            user.session_id,
            written(user.factor_at_ms),
            user.backup_codes_left,
        )
    })
}
