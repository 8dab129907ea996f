//! `projects list`.

use super::create::Project;
use crate::calendar::written;
use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;
use crate::names;

/// The projects within your reach
#[derive(Debug, clap::Args)]
pub struct List {}

/// Lists them.
///
/// Errors: as [`crate::account::Account::call`].
pub(crate) async fn run(_: &List, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let list: Vec<Project> = names::all(&mut account, &Call::new(op::PROJECTS, &[])).await?;
    context.output.list(&list, &["name", "made", "id"], |project| {
        vec![project.name.to_string(), written(project.created_at_ms), project.id.to_string()]
    })
}
