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
    pub(crate) client: String,
    pub(crate) factors: Vec<String>,
    pub(crate) key_bound: bool,
    #[serde(default)]
    pub(crate) label: Option<String>,
    #[serde(default)]
    pub(crate) country: Option<String>,
    #[serde(default)]
    pub(crate) ip: Option<String>,
    #[serde(default)]
    pub(crate) user_agent: Option<String>,
    pub(crate) current: bool,
}

impl Session {
    fn described(&self) -> String {
        let told = self.label.as_ref().or(self.user_agent.as_ref());
        let bound = if self.key_bound { ", bound to a key" } else { "" };
        match told {
            Some(told) => format!("{told} ({}{bound})", self.client),
            None => format!("{}{bound}", self.client),
        }
    }
}

/// Lists the sessions of this person.
///
/// Errors: as [`crate::account::Account::call`].
pub(crate) async fn run(_: &List, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let sessions: Vec<Session> = names::all(&mut account, &Call::new(op::SESSIONS, &[])).await?;
    let headings = ["id", "since", "last used", "from", "client", "factors", "this one"];
    context.output.list(&sessions, &headings, |session| {
        vec![
            session.id.to_string(),
            written(session.created_at_ms),
            written(session.last_used_at_ms),
            [&session.ip, &session.country]
                .into_iter()
                .flatten()
                .cloned()
                .collect::<Vec<_>>()
                .join(" "),
            session.described(),
            session.factors.join(" "),
            if session.current { "yes" } else { "" }.to_owned(),
        ]
    })
}
