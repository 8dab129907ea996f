//! `secrets rotate`.

use domain::VariableName;
use serde::Serialize;

use super::place::Place;
use super::set::Sealed;
use super::value::{Source, encoded};
use crate::account::Account;
use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;
use crate::prompt::Stdin;

/// Seal a new version of a secret
#[derive(Debug, clap::Args)]
pub struct Rotate {
    /// Its name
    name: VariableName,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    source: Source,
}

#[derive(Serialize)]
pub(crate) struct Request<'a> {
    pub(crate) value_base64: &'a str,
}

/// Seals the next version; programs that start from now on get it.
///
/// Errors: there is none of this name; it was rotated meanwhile.
pub(crate) async fn run(arguments: &Rotate, context: &Context) -> Result<(), Failure> {
    let mut account = Account::open(context, Stdin::Taken)?;
    let (project, environment) = arguments.place.find(&mut account).await?;
    let value = encoded(&arguments.source.value(arguments.name.as_str())?);
    let call = Call::new(op::SECRET_ROTATE, &[&project, &environment, &arguments.name])
        .body(&Request { value_base64: &value })?;
    let sealed: Sealed = account.ask(&call).await?;
    context.output.result(&sealed, |it| format!("Sealed {}, version {}.", it.name, it.version))
}
