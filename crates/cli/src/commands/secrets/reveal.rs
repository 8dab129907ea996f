//! `secrets reveal`: the one command that shows a value.

use std::io::{self, IsTerminal, Write};

use domain::{Reason, VariableName};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::place::Place;
use super::value::decoded;
use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;
use crate::hidden::Hidden;

/// Show a secret's value; needs a fresh code, and is logged with its reason
#[derive(Debug, clap::Args)]
pub struct Reveal {
    /// Its name
    name: VariableName,
    #[command(flatten)]
    place: Place,
    /// Why; everybody who reads the log sees it
    #[arg(long)]
    reason: Reason,
}

#[derive(Serialize)]
pub(crate) struct Request<'a> {
    pub(crate) reason: &'a Reason,
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
/// Errors: there is none of this name; not allowed; no fresh factor.
pub(crate) async fn run(arguments: &Reveal, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let (project, environment) = arguments.place.find(&mut account).await?;
    let call = Call::new(op::SECRET_REVEAL, &[&project, &environment, &arguments.name])
        .body(&Request { reason: &arguments.reason })?;
    let revealed: Response = account.ask(&call).await?;
    show(&revealed, context)
}

/// Prints a value that was revealed.
pub(crate) fn show(revealed: &Response, context: &Context) -> Result<(), Failure> {
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
