//! `keys list`.

use domain::authz::Act;
use domain::{ApiKeyId, TimeMs, UserId};
use serde::{Deserialize, Serialize};

use crate::calendar::written;
use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;
use crate::names;

/// The keys, without their secrets
#[derive(Debug, clap::Args)]
pub struct List {}

#[derive(Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) id: ApiKeyId,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) last_four: String,
    pub(crate) creator_id: UserId,
    #[serde(default)]
    pub(crate) networks: Vec<String>,
    #[serde(default)]
    pub(crate) last_used_network: Option<String>,
    #[serde(default)]
    pub(crate) predecessor_id: Option<ApiKeyId>,
    #[serde(default)]
    pub(crate) successor_id: Option<ApiKeyId>,
    pub(crate) scopes: Vec<Act>,
    #[serde(default)]
    pub(crate) expires_at_ms: Option<TimeMs>,
    #[serde(default)]
    pub(crate) last_used_at_ms: Option<TimeMs>,
    #[serde(default)]
    pub(crate) revoked_at_ms: Option<TimeMs>,
}

/// Lists them.
///
/// Errors: as [`crate::account::Account::call`].
pub(crate) async fn run(_: &List, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let list: Vec<Key> = names::all(&mut account, &Call::new(op::KEYS, &[])).await?;
    let headings = ["name", "tail", "scopes", "networks", "ends", "last used", "made by", "id"];
    context.output.list(&list, &headings, |key| {
        let scopes: Vec<&str> = key.scopes.iter().map(|act| act.as_str()).collect();
        let ends = match (key.revoked_at_ms, key.expires_at_ms) {
            (Some(at), _) => format!("revoked {}", written(at)),
            (None, Some(at)) => written(at),
            (None, None) => "never".to_owned(),
        };
        vec![
            key.name.clone(),
            key.last_four.clone(),
            scopes.join(" "),
            key.networks.join(" "),
            ends,
            last_use(key),
            key.creator_id.to_string(),
            key.id.to_string(),
        ]
    })
}

fn last_use(key: &Key) -> String {
    match (key.last_used_at_ms, &key.last_used_network) {
        (Some(at), Some(network)) => format!("{} from {network}", written(at)),
        (Some(at), None) => written(at),
        (None, _) => "never".to_owned(),
    }
}
