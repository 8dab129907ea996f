//! `environments list`.

use super::create::Environment;
use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;
use crate::names;

/// The environments of a project
#[derive(Debug, clap::Args)]
pub struct List {
    /// The project's name or id
    #[arg(long, value_name = "PROJECT")]
    project: String,
}

/// Lists them.
///
/// Errors: no such project.
pub(crate) async fn run(arguments: &List, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let project = names::project(&mut account, &arguments.project).await?;
    let list: Vec<Environment> =
        names::whole(&mut account, &Call::new(op::ENVIRONMENTS, &[&project])).await?;
    context.output.list(&list, &["name", "production", "id"], |environment| {
        vec![
            environment.name.to_string(),
            if environment.production { "yes" } else { "" }.to_owned(),
            environment.id.to_string(),
        ]
    })
}
