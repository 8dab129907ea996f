//! `sessions list`.

use domain::{SessionId, TimeMs};
use serde::{Deserialize, Serialize};

use crate::calendar::written;
use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;
use crate::names;

/// Where you are signed in
#[derive(Debug, clap::Args)]
pub struct List {}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) created_at_ms: TimeMs,
    pub(crate) last_used_at_ms: TimeMs,
    #[serde(default)]
    pub(crate) ip: Option<String>,
    #[serde(default)]
    pub(crate) user_agent: Option<String>,
    pub(crate) current: bool,
}

/// Lists the sessions of this person.
///
/// Errors: as [`crate::account::Account::call`].
pub(crate) async fn run(_: &List, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let sessions: Vec<Session> = names::all(&mut account, &Call::new(op::SESSIONS, &[])).await?;
    let headings = ["id", "since", "last used", "from", "client", "this one"];
    context.output.list(&sessions, &headings, |session| {
        vec![
            session.id.to_string(),
            written(session.created_at_ms),
            written(session.last_used_at_ms),
            session.ip.clone().unwrap_or_default(),
            session.user_agent.clone().unwrap_or_default(),
            if session.current { "yes" } else { "" }.to_owned(),
        ]
    })
}
