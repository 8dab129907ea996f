//! `audit stream rotate`.

use std::path::PathBuf;

use domain::AuditStreamId;
use serde::Serialize;

use super::Issued;
use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;
use crate::prompt::Question;
use crate::span::Span;

/// Give a stream a new secret; for a while both work
#[derive(Debug, clap::Args)]
pub struct Rotate {
    /// Its id, from `audit stream list`
    id: AuditStreamId,
    /// How long messages are signed with the secret of before as well, at most 7d [default: 1d]
    #[arg(long, value_name = "SPAN")]
    overlap: Option<Span>,
    /// File with the new token that Splunk gave out, or the new secret of the access key
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

#[derive(Serialize)]
pub(crate) struct Request<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) overlap_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<&'a str>,
}

/// Rotates it.
///
/// Errors: the stream has no secret; no fresh factor.
pub(super) async fn run(arguments: &Rotate, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let team = account.workspace()?;
    let token = match &arguments.token_file {
        Some(file) => {
            let question =
                Question { label: "Token", flag: "--token-file", file: Some(file.as_path()) };
            Some(account.prompt().hidden(&question)?)
        }
        None => None,
    };
    let overlap_ms = arguments.overlap.map(|span| span.0);
    let request = Request { overlap_ms, token: token.as_deref().map(|text| &**text) };
    let call = Call::new(op::AUDIT_STREAM_ROTATE, &[&team, &arguments.id]).body(&request)?;
    let issued: Issued = account.ask(&call).await?;
    super::issued(&issued, context)
}
