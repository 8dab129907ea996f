//! `run`: starts a program with an environment's secrets.
//!
//! Always true
//! 1. The server logs each secret by name before it gives it; production is refused unless the
//!    workspace allows it.
//! 2. Values are in the program's environment only: not in its arguments, not in ours, in no file.
//! 3. What the program prints passes the masker first, on a terminal too.
//! 4. The program's exit code is ours.
//!
//! Honest limit: a program that is given a secret can send it anywhere. Masking stops accidents,
//! not intent.

mod environment;
mod program;
mod relay;

use std::ffi::OsString;
use std::process::ExitCode;

use domain::limits::PROGRAM_CHARS_MAX;
use domain::{ProgramName, Reason, VariableName};
use serde::{Deserialize, Serialize};

use super::Context;
use super::secrets::decoded;
use super::secrets::place::Place;
use crate::account::Account;
use crate::client::{Call, operations as op};
use crate::failure::Failure;
use crate::hidden::Hidden;
use crate::prompt::Stdin;
use environment::Variable;

/// Start a program with an environment's secrets
#[derive(Debug, clap::Args)]
#[command(after_help = "The exit code is the program's; 126 and 127 mean that it could not be \
    started, 128+N that signal N ended it.")]
pub struct Run {
    #[command(flatten)]
    place: Place,
    /// Why; everybody who reads the log sees it
    #[arg(long)]
    reason: Option<Reason>,
    /// Take this secret although its name changes how programs are started; may be repeated
    #[arg(long, value_name = "NAME")]
    allow: Vec<VariableName>,
    /// The program and its arguments, after --
    #[arg(last = true, required = true, value_name = "PROGRAM ARGS")]
    program: Vec<OsString>,
}

#[derive(Serialize)]
pub(crate) struct Request<'a> {
    pub(crate) program: ProgramName,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'a Reason>,
}

#[derive(Deserialize)]
pub(crate) struct Response {
    pub(crate) secrets: Vec<Given>,
}

#[derive(Deserialize)]
pub(crate) struct Given {
    pub(crate) name: VariableName,
    pub(crate) value_base64: Hidden,
}

/// Fetches the secrets, starts the program, and waits for its end.
///
/// Errors: not allowed; no fresh factor; a secret that cannot be given. The program was not started
/// then.
pub(crate) async fn run(arguments: Run, context: &Context) -> Result<ExitCode, Failure> {
    let secrets = fetch(&arguments, context).await?;
    let variables = environment::variables(&secrets, &arguments.allow)?;
    let masker = relay::masker(&secrets, context.output);
    program::run(&arguments.program, variables, masker, context.output).await
}

async fn fetch(arguments: &Run, context: &Context) -> Result<Vec<Variable>, Failure> {
    let mut account = Account::open(context, Stdin::Taken)?;
    let (project, environment) = arguments.place.find(&mut account).await?;
    let program = arguments.program.first().map(|program| program.to_string_lossy());
    let request = Request {
        program: logged(program.as_deref().unwrap_or_default())?,
        reason: arguments.reason.as_ref(),
    };
    let call = Call::new(op::LOCAL_USE, &[&project, &environment]).body(&request)?;
    let response: Response = account.ask(&call).await?;
    response
        .secrets
        .into_iter()
        .map(|given| Ok(Variable { name: given.name, value: decoded(&given.value_base64)? }))
        .collect()
}

/// The program's name as the log keeps it: what cannot stand there is replaced, and what is too
/// long is cut at its beginning, because the end says more.
///
/// Errors: nothing is left of it.
fn logged(program: &str) -> Result<ProgramName, Failure> {
    let clean: Vec<char> = program.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    let end = clean.iter().skip(clean.len().saturating_sub(PROGRAM_CHARS_MAX));
    ProgramName::parse(&end.collect::<String>()).map_err(|error| {
        Failure::input(format!("{program:?} is no program: {error}"), "Name it after --.")
    })
}
