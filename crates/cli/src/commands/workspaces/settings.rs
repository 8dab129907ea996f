//! `workspaces settings`: whether production secrets may be used on people's own machines, and
//! whether sessions begun by a device authorization may enter.

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
    /// Whether sessions begun by `login --device` may enter
    #[arg(long, value_name = "RULE")]
    device_sign_in: Option<Rule>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) device_sign_in: Option<bool>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Response {
    pub(crate) id: TenantId,
    pub(crate) name: Name,
    pub(crate) production_local_use: bool,
    pub(crate) device_sign_in: bool,
}

/// Shows the settings; changes them first when something is to change, and only if nobody else did
/// meanwhile.
///
/// Errors: not allowed; they changed meanwhile.
pub(crate) async fn run(arguments: &Settings, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let workspace = account.workspace()?;
    let answer = account.call(&Call::new(op::WORKSPACE_GET, &[&workspace])).await?;
    let mut settings: Response = answer.json()?;
    if arguments.production_local_use.is_some() || arguments.device_sign_in.is_some() {
        let allowed = |rule: Rule| rule == Rule::Allowed;
        let request = Request {
            production_local_use: arguments
                .production_local_use
                .map_or(settings.production_local_use, allowed),
            device_sign_in: arguments.device_sign_in.map(allowed),
        };
        let mut call = Call::new(op::WORKSPACE_UPDATE, &[&workspace]).body(&request)?;
        if let Some(tag) = &answer.tag {
            call = call.only_if(tag)?;
        }
        settings = account.ask(&call).await?;
    }
    context.output.result(&settings, |settings| {
        let rule = |allowed: bool| if allowed { "allowed" } else { "refused" };
        format!(
            "name                  {}\nid                    {}\nproduction local use  {}\n\
             device sign-in        {}",
            settings.name,
            settings.id,
            rule(settings.production_local_use),
            rule(settings.device_sign_in)
        )
    })
}
