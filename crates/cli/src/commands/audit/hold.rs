//! `audit hold`: what keeps the current workspace's security log whole.

use domain::{HoldId, Reason, TimeMs};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::calendar::written;
use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;

/// Holds on the security log
#[derive(Debug, clap::Subcommand)]
pub enum Hold {
    /// Place a hold: nothing of the security log is dropped while it stands (owner)
    Place {
        /// Why, which the log keeps
        #[arg(long)]
        reason: Reason,
    },
    /// Lift a hold of the owner's (owner)
    Lift {
        /// The hold's id
        hold: HoldId,
        /// Why, which the log keeps
        #[arg(long)]
        reason: Reason,
    },
    /// The holds, lifted ones among them
    List,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Holds {
    pub(crate) items: Vec<Held>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Held {
    pub(crate) id: String,
    pub(crate) holder: String,
    pub(crate) reason: String,
    pub(crate) placed_by: String,
    pub(crate) placed_at_ms: TimeMs,
    #[serde(default)]
    pub(crate) lifted_by: Option<String>,
    #[serde(default)]
    pub(crate) lifted_at_ms: Option<TimeMs>,
}

#[derive(Serialize)]
pub(crate) struct Why<'a> {
    pub(crate) reason: &'a Reason,
}

/// Does the verb.
///
/// Errors: not the owner; no fresh factor; there is no such hold, or it is the platform's.
pub(crate) async fn run(verb: Hold, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let team = account.workspace()?;
    match verb {
        Hold::Place { reason } => {
            let why = Why { reason: &reason };
            let call = Call::new(op::HOLD_PLACE, &[&team]).body(&why)?;
            let placed: Held = account.ask(&call).await?;
            context.output.result(&placed, |held| format!("Held: {}", held.id))
        }
        Hold::Lift { hold, reason } => {
            let hold = hold.to_string();
            let why = Why { reason: &reason };
            let call = Call::new(op::HOLD_LIFT, &[&team, &hold]).body(&why)?;
            account.call(&call).await?;
            context.output.result(&json!({ "lifted": hold }), |_| {
                "Lifted. What is past its time is dropped with the next sweep.".to_owned()
            })
        }
        Hold::List => {
            let holds: Holds = account.ask(&Call::new(op::HOLDS, &[&team])).await?;
            let standing = holds.items.iter().filter(|held| held.lifted_at_ms.is_none()).count();
            context.output.note(&format!("{standing} stand"));
            let headings = ["hold", "holder", "placed", "lifted", "why"];
            context.output.list(&holds.items, &headings, |held| {
                let lifted = held.lifted_at_ms.map(written).unwrap_or_default();
                let placed = written(held.placed_at_ms);
                vec![held.id.clone(), held.holder.clone(), placed, lifted, held.reason.clone()]
            })
        }
    }
}
