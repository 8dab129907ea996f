//! `secrets set`.

use domain::VariableName;
use serde::{Deserialize, Serialize};

use super::place::Place;
use super::value::{Source, encoded};
use crate::account::Account;
use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;
use crate::prompt::Stdin;

/// Seal a new secret
#[derive(Debug, clap::Args)]
#[command(after_help = "The value is asked for, or piped: \
        printf %s \"$VALUE\" | casemate secrets set NAME ...")]
pub struct Set {
    /// Its name, in the form of an environment variable
    name: VariableName,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    source: Source,
}

#[derive(Serialize)]
pub(crate) struct Request<'a> {
    pub(crate) name: &'a VariableName,
    pub(crate) value_base64: &'a str,
}

/// A version that was sealed.
#[derive(Serialize, Deserialize)]
pub(crate) struct Sealed {
    pub(crate) name: VariableName,
    pub(crate) version: u64,
}

/// Seals it as version 1.
///
/// Errors: there is one of this name already; the value is empty or too large.
pub(crate) async fn run(arguments: &Set, context: &Context) -> Result<(), Failure> {
    let mut account = Account::open(context, Stdin::Taken)?;
    let (project, environment) = arguments.place.find(&mut account).await?;
    let value = encoded(&arguments.source.value(arguments.name.as_str())?);
    let request = Request { name: &arguments.name, value_base64: &value };
    let call = Call::new(op::SECRET_SET, &[&project, &environment]).body(&request)?;
    let sealed: Sealed = account.ask(&call).await?;
    context.output.result(&sealed, |it| format!("Sealed {}, version {}.", it.name, it.version))
}
