//! `secrets list`.

use domain::{SecretId, TimeMs, VariableName};
use serde::{Deserialize, Serialize};

use super::place::Place;
use crate::calendar::written;
use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;
use crate::names;

/// What stands for a value: the same for every value, so that not even its length shows.
const MASKED: &str = "********";

/// Names, versions and dates, masked
#[derive(Debug, clap::Args)]
pub struct List {
    #[command(flatten)]
    place: Place,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Secret {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<SecretId>,
    pub(crate) name: VariableName,
    pub(crate) version: u64,
    pub(crate) created_at_ms: TimeMs,
    pub(crate) updated_at_ms: TimeMs,
}

/// Lists them. No value leaves the server for this.
///
/// Errors: no such project or environment.
pub(crate) async fn run(arguments: &List, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let (project, environment) = arguments.place.find(&mut account).await?;
    let call = Call::new(op::SECRETS, &[&project, &environment]);
    let list: Vec<Secret> = names::all(&mut account, &call).await?;
    let headings = ["name", "value", "version", "made", "changed", "id"];
    context.output.list(&list, &headings, |secret| {
        vec![
            secret.name.to_string(),
            MASKED.to_owned(),
            secret.version.to_string(),
            written(secret.created_at_ms),
            written(secret.updated_at_ms),
            secret.id.map(|id| id.to_string()).unwrap_or_default(),
        ]
    })
}
