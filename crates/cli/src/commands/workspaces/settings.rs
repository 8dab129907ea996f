//! `workspaces settings`: whether production secrets may be used on people's own machines.

use clap::ValueEnum;
use domain::{Name, TenantId};
use serde::{Deserialize, Serialize};

use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;

/// See or change the current workspace's settings
#[derive(Debug, clap::Args)]
pub struct Settings {
    /// Whether `run` may use production secrets on a person's own machine
    #[arg(long, value_name = "RULE")]
    production_local_use: Option<Rule>,
}

/// Whether something may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Rule {
    /// It may.
    Allowed,
    /// It may not.
    Refused,
}

#[derive(Serialize)]
pub(crate) struct Request {
    pub(crate) production_local_use: bool,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Response {
    pub(crate) id: TenantId,
    pub(crate) name: Name,
    pub(crate) production_local_use: bool,
}

/// Shows the settings; changes them first when something is to change, and only if nobody else did
/// meanwhile.
///
/// Errors: not allowed; they changed meanwhile.
pub(crate) async fn run(arguments: &Settings, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let workspace = account.workspace()?;
    let answer = account.call(&Call::new(op::WORKSPACE_GET, &[&workspace])).await?;
    let settings: Response = match arguments.production_local_use {
        None => answer.json()?,
        Some(rule) => {
            let request = Request { production_local_use: rule == Rule::Allowed };
            let mut call = Call::new(op::WORKSPACE_UPDATE, &[&workspace]).body(&request)?;
            if let Some(tag) = &answer.tag {
                call = call.only_if(tag)?;
            }
            account.ask(&call).await?
        }
    };
    context.output.result(&settings, |settings| {
        let rule = if settings.production_local_use { "allowed" } else { "refused" };
        format!(
            "name                  {}\nid                    {}\nproduction local use  {rule}",
            settings.name, settings.id
        )
    })
}
