//! `sso providers`.

use std::path::PathBuf;

use domain::{Issuer, Name, ProviderId};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::account::Account;
use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;
use crate::names;
use crate::prompt::Question;

/// Identity providers of the workspace's own
#[derive(Debug, clap::Subcommand)]
pub enum Providers {
    /// The providers, without their secrets
    List,
    /// Trust a provider
    Add(Set),
    /// Change a provider and its secret
    Change(Change),
    /// Trust a provider no more
    Remove {
        /// Its id, from `sso providers list`
        id: ProviderId,
    },
}

/// A provider
#[derive(Debug, clap::Args)]
pub struct Set {
    /// What your people call it
    name: Name,
    /// Its address, as its tokens spell it
    #[arg(long)]
    issuer: Issuer,
    /// What it calls this platform
    #[arg(long)]
    client_id: String,
    /// File with the secret; asked for when absent
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,
}

/// A provider, and which one it replaces
#[derive(Debug, clap::Args)]
pub struct Change {
    /// Its id, from `sso providers list`
    id: ProviderId,
    #[command(flatten)]
    set: Set,
}

#[derive(Serialize)]
pub(crate) struct Request<'a> {
    pub(crate) name: &'a Name,
    pub(crate) issuer: &'a Issuer,
    pub(crate) client_id: &'a str,
    pub(crate) client_secret: &'a str,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Provider {
    pub(crate) id: ProviderId,
    pub(crate) name: Name,
    pub(crate) issuer: Issuer,
    pub(crate) client_id: String,
}

/// Does the verb.
///
/// Errors: not allowed; no fresh factor; there is no such provider.
pub(crate) async fn run(verb: &Providers, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let team = account.workspace()?;
    match verb {
        Providers::List => {
            let call = Call::new(op::PROVIDERS, &[&team]);
            let list: Vec<Provider> = names::whole(&mut account, &call).await?;
            context.output.list(&list, &["name", "issuer", "client id", "id"], |one| {
                let (name, issuer) = (one.name.to_string(), one.issuer.to_string());
                vec![name, issuer, one.client_id.clone(), one.id.to_string()]
            })
        }
        Providers::Add(set) => {
            let call = Call::new(op::PROVIDER_ADD, &[&team]);
            settled(&mut account, call, set, context).await
        }
        Providers::Change(Change { id, set }) => {
            let call = Call::new(op::PROVIDER_CHANGE, &[&team, id]);
            settled(&mut account, call, set, context).await
        }
        Providers::Remove { id } => {
            account.call(&Call::new(op::PROVIDER_REMOVE, &[&team, id])).await?;
            context.output.result(&json!({ "removed": id }), |_| "Removed.".to_owned())
        }
    }
}

async fn settled(
    account: &mut Account,
    call: Call,
    set: &Set,
    context: &Context,
) -> Result<(), Failure> {
    let question = Question {
        label: "Client secret",
        flag: "--client-secret-file",
        file: set.client_secret_file.as_deref(),
    };
    let secret = account.prompt().hidden(&question)?;
    let Set { name, issuer, client_id, .. } = set;
    let request = Request { name, issuer, client_id, client_secret: &secret };
    let provider: Provider = account.ask(&call.body(&request)?).await?;
    context.output.result(&provider, |one| format!("{} ({}) is trusted.", one.name, one.id))
}
