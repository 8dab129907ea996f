//! `sso domains`.

use domain::{DomainClaimId, DomainName, TimeMs};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::calendar::written;
use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;
use crate::names;

/// E-mail domains that the workspace proves to own
#[derive(Debug, clap::Subcommand)]
pub enum Domains {
    /// The domains, and whether they are proved
    List,
    /// Claim a domain; prints the text record that proves it
    Claim {
        /// The domain
        domain: DomainName,
    },
    /// Look for the text record now
    Prove {
        /// The claim's id, from `sso domains list`
        id: DomainClaimId,
    },
    /// Give a domain up
    Remove {
        /// The claim's id, from `sso domains list`
        id: DomainClaimId,
    },
}

#[derive(Serialize)]
pub(crate) struct Request<'a> {
    pub(crate) domain: &'a DomainName,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Domain {
    pub(crate) id: DomainClaimId,
    pub(crate) domain: DomainName,
    pub(crate) record_name: String,
    pub(crate) record_text: String,
    #[serde(default)]
    pub(crate) proved_at_ms: Option<TimeMs>,
}

/// Does the verb.
///
/// Errors: not allowed; no fresh factor; the record was not found.
pub(crate) async fn run(verb: &Domains, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let team = account.workspace()?;
    match verb {
        Domains::List => {
            let call = Call::new(op::DOMAINS, &[&team]);
            let list: Vec<Domain> = names::whole(&mut account, &call).await?;
            context.output.list(&list, &["domain", "proved", "id"], |one| {
                let proved = one.proved_at_ms.map_or_else(|| "no".to_owned(), written);
                vec![one.domain.to_string(), proved, one.id.to_string()]
            })
        }
        Domains::Claim { domain } => {
            let call = Call::new(op::DOMAIN_CLAIM, &[&team]).body(&Request { domain })?;
            let claim: Domain = account.ask(&call).await?;
            context.output.note("Publish this text record, then run `casemate sso domains prove`:");
            context.output.result(&claim, |one| {
                format!("{} TXT \"{}\"\nclaim {}", one.record_name, one.record_text, one.id)
            })
        }
        Domains::Prove { id } => {
            let claim: Domain = account.ask(&Call::new(op::DOMAIN_PROVE, &[&team, id])).await?;
            context.output.result(&claim, |one| format!("{} is proved.", one.domain))
        }
        Domains::Remove { id } => {
            account.call(&Call::new(op::DOMAIN_REMOVE, &[&team, id])).await?;
            context.output.result(&json!({ "removed": id }), |_| "Removed.".to_owned())
        }
    }
}
