//! `projects create`.

use domain::{Name, ProjectId, TimeMs};
use serde::{Deserialize, Serialize};

use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;

/// Create a project, with production, preview and development
#[derive(Debug, clap::Args)]
pub struct Create {
    /// Its name: 1 to 63 of a-z, 0-9 and -, a letter first
    name: Name,
}

#[derive(Serialize)]
pub(crate) struct Request<'a> {
    pub(crate) name: &'a Name,
}

/// A project.
#[derive(Serialize, Deserialize)]
pub(crate) struct Project {
    pub(crate) id: ProjectId,
    pub(crate) name: Name,
    pub(crate) created_at_ms: TimeMs,
}

/// Creates it.
///
/// Errors: the name is taken; too many projects.
pub(crate) async fn run(arguments: &Create, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let call = Call::new(op::PROJECT_CREATE, &[]).body(&Request { name: &arguments.name })?;
    let created: Project = account.ask(&call).await?;
    context.output.result(&created, |project| {
        format!(
            "Created project {} ({}), with production, preview and development.",
            project.name, project.id
        )
    })
}
