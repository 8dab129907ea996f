//! The project and environment a command is about.

use domain::{EnvironmentId, ProjectId};

use crate::account::Account;
use crate::failure::Failure;
use crate::names;

/// A project and one of its environments.
#[derive(Debug, clap::Args)]
pub(crate) struct Place {
    /// The project's name or id
    #[arg(long, short = 'p', value_name = "PROJECT")]
    pub(crate) project: String,
    /// The environment's name or id
    #[arg(long = "env", short = 'e', value_name = "ENVIRONMENT")]
    pub(crate) environment: String,
}

impl Place {
    /// Their ids.
    ///
    /// Errors: there is no such project or environment within reach.
    pub(crate) async fn find(
        &self,
        account: &mut Account,
    ) -> Result<(ProjectId, EnvironmentId), Failure> {
        let project = names::project(account, &self.project).await?;
        let environment = names::environment(account, project, &self.environment).await?;
        Ok((project, environment))
    }
}
