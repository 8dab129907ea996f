//! `keys rotate`.

use domain::ApiKeyId;
use serde::Serialize;

use super::create::Response;
use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;
use crate::span::Span;

/// Give a key of yours a successor; its secret is shown once
#[derive(Debug, clap::Args)]
pub struct Rotate {
    /// Its id, from `keys list`
    id: ApiKeyId,
    /// How long the key works beside its successor, at most 7d [default: 1d]
    #[arg(long, value_name = "SPAN")]
    overlap: Option<Span>,
}

#[derive(Serialize)]
pub(crate) struct Request {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) overlap_ms: Option<i64>,
}

/// Rotates it. The successor has the same name, scopes and networks.
///
/// Errors: somebody else made the key; it has a successor or has ended; no fresh factor.
pub(crate) async fn run(arguments: &Rotate, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let request = Request { overlap_ms: arguments.overlap.map(|span| span.0) };
    let call = Call::new(op::KEY_ROTATE, &[&arguments.id]).body(&request)?;
    let created: Response = account.ask(&call).await?;
    if created.key.is_none() {
        context.output.warning("this key was shown before; rotate it and keep the answer");
    }
    context.output.note(&format!("Successor {}. It is not shown again:", created.id));
    context.output.result(&created, |created| created.key.as_deref().unwrap_or_default().to_owned())
}
