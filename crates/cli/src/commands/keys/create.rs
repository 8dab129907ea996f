//! `keys create`.

use domain::authz::Act;
use domain::{ApiKeyId, Clock, Name, Network, TimeMs};
use seal::SystemClock;
use serde::{Deserialize, Serialize};

use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;
use crate::hidden::Hidden;
use crate::span::Span;

/// Make a key; its secret is shown once
#[derive(Debug, clap::Args)]
pub struct Create {
    /// What it is called: 1 to 63 of a-z, 0-9 and -, a letter first
    name: Name,
    /// An act it may do, like secret.list; may be repeated
    #[arg(long = "scope", value_name = "ACT", required = true)]
    scopes: Vec<Act>,
    /// End after this long, like 90d or 12h; at most 366d
    #[arg(long, value_name = "SPAN")]
    expires: Option<Span>,
    /// A network it may be used from, like 10.0.0.0/8; may be repeated [default: everywhere]
    #[arg(long = "network", value_name = "CIDR")]
    networks: Vec<Network>,
}

#[derive(Serialize)]
pub(crate) struct Request<'a> {
    pub(crate) name: &'a Name,
    pub(crate) scopes: &'a [Act],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at_ms: Option<TimeMs>,
    #[serde(skip_serializing_if = "<[Network]>::is_empty")]
    pub(crate) networks: &'a [Network],
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
        expires_at_ms: arguments.expires.map(|span| SystemClock.now().plus_ms(span.0)),
        networks: &arguments.networks,
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
