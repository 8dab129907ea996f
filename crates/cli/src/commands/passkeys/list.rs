//! `passkeys list`.

use domain::{PasskeyId, TimeMs};
use serde::{Deserialize, Serialize};

use crate::calendar::written;
use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;
use crate::names;

/// Your passkeys; one is added in a browser, at /passkeys of the server
#[derive(Debug, clap::Args)]
pub struct List {}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Passkey {
    pub(crate) id: PasskeyId,
    pub(crate) name: String,
    pub(crate) transports: Vec<String>,
    pub(crate) backed_up: bool,
    #[serde(default)]
    pub(crate) hardware: bool,
    pub(crate) created_at_ms: TimeMs,
    #[serde(default)]
    pub(crate) last_used_at_ms: Option<TimeMs>,
}

/// Lists the passkeys of this person.
///
/// Errors: as [`crate::account::Account::call`].
pub(crate) async fn run(_: &List, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let passkeys: Vec<Passkey> = names::all(&mut account, &Call::new(op::PASSKEYS, &[])).await?;
    let headings = ["id", "name", "since", "last used", "by", "kept"];
    context.output.list(&passkeys, &headings, |passkey| {
        vec![
            passkey.id.to_string(),
            passkey.name.clone(),
            written(passkey.created_at_ms),
            passkey.last_used_at_ms.map(written).unwrap_or_default(),
            passkey.transports.join(", "),
            kept(passkey).to_owned(),
        ]
    })
}

/// Where a passkey is kept, as far as the server knows.
const fn kept(passkey: &Passkey) -> &'static str {
    match (passkey.hardware, passkey.backed_up) {
        (true, _) => "in hardware",
        (false, true) => "synced",
        (false, false) => "",
    }
}
