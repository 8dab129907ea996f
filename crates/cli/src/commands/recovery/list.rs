//! `recovery list`.

use domain::{RecoveryId, TimeMs};
use serde::{Deserialize, Serialize};

use crate::calendar::written;
use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;
use crate::names;

/// Members who wait for somebody to vouch, or what is open about your own account
#[derive(Debug, clap::Args)]
pub struct List {
    /// Your own account
    #[arg(long)]
    own: bool,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Open {
    pub(crate) id: RecoveryId,
    pub(crate) email: String,
    pub(crate) state: String,
    pub(crate) requested_at_ms: TimeMs,
    #[serde(default)]
    pub(crate) opens_at_ms: Option<TimeMs>,
    pub(crate) expires_at_ms: TimeMs,
}

#[derive(Deserialize)]
pub(crate) struct Own {
    pub(crate) items: Vec<Open>,
}

/// Lists what is open.
///
/// Errors: as [`crate::account::Account::call`].
pub(crate) async fn run(arguments: &List, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let open: Vec<Open> = if arguments.own {
        account.ask::<Own>(&Call::new(op::ACCOUNT_RECOVERIES, &[])).await?.items
    } else {
        let team = account.workspace()?;
        names::all(&mut account, &Call::new(op::RECOVERIES, &[&team])).await?
    };
    let headings = ["id", "who", "state", "since", "works from", "ends"];
    context.output.list(&open, &headings, |one| {
        vec![
            one.id.to_string(),
            one.email.clone(),
            one.state.clone(),
            written(one.requested_at_ms),
            one.opens_at_ms.map(written).unwrap_or_default(),
            written(one.expires_at_ms),
        ]
    })
}
