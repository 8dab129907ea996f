//! `identities`: the providers that can sign you in. Linking one happens in a browser.

use domain::TimeMs;
use domain::sign_in::ProviderRef;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Context;
use super::login::browser::{no_page, open};
use crate::calendar::written;
use crate::client::{Call, operations as op};
use crate::failure::Failure;
use crate::names;

/// See and unlink the providers that can sign you in
#[derive(Debug, clap::Subcommand)]
pub enum Identities {
    /// The providers that recognise you
    List,
    /// Have a provider recognise you: opens the page of your instance that does it
    Link,
    /// Have a provider recognise you no more
    Unlink {
        /// The issuer, from `identities list`
        issuer: String,
        /// The subject, from `identities list`
        subject: String,
    },
}

#[derive(Serialize)]
pub(crate) struct Request<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) subject: &'a str,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) provider: ProviderRef,
    pub(crate) last_used_at_ms: TimeMs,
}

/// Does the verb.
///
/// Errors: it is the only way in; no fresh factor.
pub(crate) async fn run(verb: &Identities, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    match verb {
        Identities::Link => {
            let url = account.server().join("identities").map_err(|_| no_page())?;
            open(&url, context);
            context.output.result(&json!({ "url": url }), |_| {
                format!("Link a provider in your browser:\n  {url}")
            })
        }
        Identities::List => {
            let call = Call::new(op::IDENTITIES, &[]);
            let list: Vec<Identity> = names::whole(&mut account, &call).await?;
            context.output.list(&list, &["provider", "issuer", "subject", "last used"], |one| {
                vec![
                    one.provider.to_string(),
                    one.issuer.clone(),
                    one.subject.clone(),
                    written(one.last_used_at_ms),
                ]
            })
        }
        Identities::Unlink { issuer, subject } => {
            let request = Request { issuer, subject };
            account.call(&Call::new(op::IDENTITY_UNLINK, &[]).body(&request)?).await?;
            context.output.result(&json!({ "unlinked": issuer }), |_| "Unlinked.".to_owned())
        }
    }
}
