//! `environments create`.

use domain::{EnvironmentId, Name};
use serde::{Deserialize, Serialize};

use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;
use crate::names;

/// Create an environment in a project
#[derive(Debug, clap::Args)]
pub struct Create {
    /// The project's name or id
    #[arg(long, value_name = "PROJECT")]
    project: String,
    /// Its name: 1 to 63 of a-z, 0-9 and -, a letter first
    name: Name,
}

#[derive(Serialize)]
pub(crate) struct Request<'a> {
    pub(crate) name: &'a Name,
}

/// An environment.
#[derive(Serialize, Deserialize)]
pub(crate) struct Environment {
    pub(crate) id: EnvironmentId,
    pub(crate) name: Name,
    pub(crate) production: bool,
}

/// Creates it.
///
/// Errors: no such project; the name is taken.
pub(crate) async fn run(arguments: &Create, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let project = names::project(&mut account, &arguments.project).await?;
    let call =
        Call::new(op::ENVIRONMENT_CREATE, &[&project]).body(&Request { name: &arguments.name })?;
    let created: Environment = account.ask(&call).await?;
    context.output.result(&created, |environment| {
        format!("Created environment {} ({}).", environment.name, environment.id)
    })
}
