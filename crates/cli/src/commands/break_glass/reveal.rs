//! `break-glass reveal`.

use std::io::{self, IsTerminal, Write};

use domain::{GlassId, SecretId, VariableName};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::commands::secrets::decoded;
use crate::failure::Failure;
use crate::hidden::Hidden;

/// Open one of the secrets agreed on; the workspace's log says so first
#[derive(Debug, clap::Args)]
pub struct Reveal {
    /// What was agreed on
    glass: GlassId,
    /// One of its secrets
    secret: SecretId,
}

#[derive(Serialize)]
pub(crate) struct Request {
    pub(crate) secret: SecretId,
}

#[derive(Deserialize)]
pub(crate) struct Response {
    pub(crate) name: VariableName,
    pub(crate) version: u64,
    pub(crate) value_base64: Hidden,
}

/// Prints the value: its exact bytes into a pipe, with a line feed after them on a terminal, base64
/// with `--json`.
///
/// Errors: nothing stands that opens it; no fresh security key.
pub(super) async fn run(arguments: &Reveal, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let call = Call::new(op::BREAK_GLASS_REVEAL, &[&arguments.glass])
        .body(&Request { secret: arguments.secret })?;
    let revealed: Response = account.ask(&call).await?;
    if context.output.is_json() {
        let value = json!({
            "name": revealed.name, "version": revealed.version,
            "value_base64": &*revealed.value_base64,
        });
        return context.output.result(&value, |_| String::new());
    }
    let value = decoded(&revealed.value_base64)?;
    let mut out = io::stdout().lock();
    let end: &[u8] = if out.is_terminal() { b"\n" } else { b"" };
    out.write_all(value.expose())
        .and_then(|()| out.write_all(end))
        .and_then(|()| out.flush())
        .map_err(Failure::stdout)
}
