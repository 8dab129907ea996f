//! `sealing-keys`: the keys that seal the current workspace's records: ages, rotation, and who had
//! records opened.

use domain::TimeMs;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Context;
use crate::calendar::written;
use crate::client::{Call, operations as op};
use crate::failure::Failure;
use crate::names;

/// The keys that seal the workspace's records
#[derive(Debug, clap::Subcommand)]
pub enum SealingKeys {
    /// The keys' ages, and when they are due
    List,
    /// Have them rotated; a worker does it while people go on working
    Rotate,
    /// Say how often they are rotated
    Schedule {
        /// Days from one rotation to the next
        #[arg(value_parser = clap::value_parser!(u32).range(1..=3650))]
        days: u32,
    },
    /// Who had records opened, when and what for
    Accesses,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Keys {
    pub(crate) epoch: u32,
    pub(crate) interval_days: u32,
    #[serde(default)]
    pub(crate) due_at_ms: Option<TimeMs>,
    #[serde(default)]
    pub(crate) wanted_at_ms: Option<TimeMs>,
    #[serde(default)]
    pub(crate) overdue_at_ms: Option<TimeMs>,
    pub(crate) items: Vec<Key>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) scope: String,
    pub(crate) state: String,
    pub(crate) made_at_ms: TimeMs,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Wanted {
    pub(crate) wanted_at_ms: TimeMs,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Schedule {
    pub(crate) interval_days: u32,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Access {
    pub(crate) at_ms: TimeMs,
    pub(crate) actor: String,
    pub(crate) purpose: String,
    #[serde(default)]
    pub(crate) request: Option<String>,
    pub(crate) records: Value,
}

/// Does the verb.
///
/// Errors: not allowed; no fresh factor; a rotation is asked for already.
pub(crate) async fn run(verb: SealingKeys, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let team = account.workspace()?;
    match verb {
        SealingKeys::List => {
            let keys: Keys = account.ask(&Call::new(op::SEALING_KEYS, &[&team])).await?;
            context.output.note(&standing(&keys));
            context.output.list(&keys.items, &["key", "state", "made", "scope"], |key| {
                let made = written(key.made_at_ms);
                vec![key.id.clone(), key.state.clone(), made, key.scope.clone()]
            })
        }
        SealingKeys::Rotate => {
            let call = Call::new(op::SEALING_KEYS_ROTATE, &[&team]);
            let wanted: Wanted = account.ask(&call).await?;
            context.output.result(&wanted, |_| {
                "Asked for. `casemate sealing-keys list` shows when it is done.".to_owned()
            })
        }
        SealingKeys::Schedule { days } => {
            let wish = Schedule { interval_days: days };
            let call = Call::new(op::SEALING_KEYS_SCHEDULE, &[&team]).body(&wish)?;
            let set: Schedule = account.ask(&call).await?;
            context.output.result(&set, |set| format!("Rotated every {} days.", set.interval_days))
        }
        SealingKeys::Accesses => {
            let call = Call::new(op::SEALING_KEYS_ACCESSES, &[&team]);
            let all: Vec<Access> = names::all(&mut account, &call).await?;
            let headings = ["when", "who", "what for", "request", "records"];
            context.output.list(&all, &headings, |one| {
                vec![
                    written(one.at_ms),
                    one.actor.clone(),
                    one.purpose.clone(),
                    one.request.clone().unwrap_or_default(),
                    one.records.to_string(),
                ]
            })
        }
    }
}

fn standing(keys: &Keys) -> String {
    let due = keys
        .due_at_ms
        .map_or_else(|| "nothing was sealed yet".to_owned(), |at| format!("due {}", written(at)));
    let state = match (keys.overdue_at_ms, keys.wanted_at_ms) {
        (Some(_), _) => ", OVERDUE",
        (None, Some(_)) => ", a rotation is under way",
        (None, None) => "",
    };
    format!("epoch {}, every {} days, {due}{state}", keys.epoch, keys.interval_days)
}
