//! `keys create`.

use domain::authz::Act;
use domain::{ApiKeyId, Clock, Name, TimeMs};
use seal::SystemClock;
use serde::{Deserialize, Serialize};

use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;
use crate::hidden::Hidden;

/// One day.
const DAY_MS: i64 = 24 * 3_600 * 1_000;

/// Make a key; its secret is shown once
#[derive(Debug, clap::Args)]
pub struct Create {
    /// What it is called: 1 to 63 of a-z, 0-9 and -, a letter first
    name: Name,
    /// An act it may do, like secret.list; may be repeated
    #[arg(long = "scope", value_name = "ACT", required = true)]
    scopes: Vec<Act>,
    /// End after so many days
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i64).range(1..=3_650))]
    days: Option<i64>,
}

#[derive(Serialize)]
pub(crate) struct Request<'a> {
    pub(crate) name: &'a Name,
    pub(crate) scopes: &'a [Act],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at_ms: Option<TimeMs>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Response {
    pub(crate) id: ApiKeyId,
    #[serde(default)]
    pub(crate) key: Option<Hidden>,
}

/// Makes it. It may do what its scopes say and its maker may, whichever is less.
///
/// Errors: a scope is more than the caller holds; no fresh factor.
pub(crate) async fn run(arguments: &Create, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let request = Request {
        name: &arguments.name,
        scopes: &arguments.scopes,
        expires_at_ms: arguments
            .days
            .map(|days| SystemClock.now().plus_ms(days.saturating_mul(DAY_MS))),
    };
    let call = Call::new(op::KEY_CREATE, &[]).body(&request)?;
    let created: Response = account.ask(&call).await?;
    if created.key.is_none() {
        context.output.warning("this key was shown before; revoke it and make another");
    }
    let name = &arguments.name;
    context.output.note(&format!("Key {name} ({}). It is not shown again:", created.id));
    context.output.result(&created, |created| created.key.as_deref().unwrap_or_default().to_owned())
}
