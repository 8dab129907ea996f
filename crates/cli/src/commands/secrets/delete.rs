//! `secrets delete`.

use domain::VariableName;
use serde_json::json;

use super::place::Place;
use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;

/// Delete a secret and all its versions
#[derive(Debug, clap::Args)]
pub struct Delete {
    /// Its name
    name: VariableName,
    #[command(flatten)]
    place: Place,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Deletes it.
///
/// Errors: there is none of this name; the person said no.
pub(crate) async fn run(arguments: &Delete, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let (project, environment) = arguments.place.find(&mut account).await?;
    let question = format!("Delete {} of {}?", arguments.name, arguments.place.environment);
    if !arguments.yes && !account.prompt().confirm(&question, "--yes")? {
        return Err(Failure::input("nothing was deleted", "Answer y to delete."));
    }
    let call = Call::new(op::SECRET_DELETE, &[&project, &environment, &arguments.name]);
    account.call(&call).await?;
    let value = json!({ "deleted": arguments.name });
    context.output.result(&value, |_| format!("Deleted {}.", arguments.name))
}
