//! `sso policy`.

use clap::ValueEnum;
use domain::TimeMs;
use domain::authz::Role;
use domain::sign_in::{ProviderRef, SignInPolicy};
use serde::{Deserialize, Serialize};

use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;

/// See or change the sign-in policy
#[derive(Debug, clap::Args)]
pub struct Policy {
    /// Whether members may enter by password
    #[arg(long, value_name = "RULE")]
    passwords: Option<Rule>,
    /// The providers that are taken, separated by commas; empty: all
    #[arg(long, value_name = "PROVIDERS", value_delimiter = ',', num_args = 0..)]
    providers: Option<Vec<ProviderRef>>,
    /// `amr` values that count as two factors, separated by commas
    #[arg(long, value_name = "VALUES", value_delimiter = ',', num_args = 0..)]
    factor_amr: Option<Vec<String>>,
    /// `acr` values that count as two factors, separated by commas
    #[arg(long, value_name = "VALUES", value_delimiter = ',', num_args = 0..)]
    factor_acr: Option<Vec<String>>,
    /// Whether people of a proved domain come in without an invitation
    #[arg(long, value_name = "RULE")]
    newcomers: Option<Rule>,
    /// Their role: viewer or operator
    #[arg(long, value_name = "ROLE")]
    default_role: Option<Role>,
}

/// Whether something may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Rule {
    /// It may.
    Allowed,
    /// It may not.
    Refused,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Response {
    pub(crate) policy: SignInPolicy,
    pub(crate) version: TimeMs,
}

impl Policy {
    /// The policy with what was asked for; `None` when nothing was.
    fn changed(&self, policy: &SignInPolicy) -> Option<SignInPolicy> {
        let mut new = policy.clone();
        if let Some(rule) = self.passwords {
            new.sso_only = rule == Rule::Refused;
        }
        if let Some(providers) = &self.providers {
            new.providers = providers.iter().copied().collect();
        }
        if let Some(values) = &self.factor_amr {
            new.factor_amr = values.iter().cloned().collect();
        }
        if let Some(values) = &self.factor_acr {
            new.factor_acr = values.iter().cloned().collect();
        }
        if let Some(rule) = self.newcomers {
            new.provision = rule == Rule::Allowed;
        }
        if let Some(role) = self.default_role {
            new.default_role = role;
        }
        (new != *policy).then_some(new)
    }
}

/// Shows the policy; changes it first when something is to change, and only if nobody else did
/// meanwhile.
///
/// Errors: not allowed; it changed meanwhile; no fresh factor.
pub(crate) async fn run(arguments: &Policy, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let team = account.workspace()?;
    let answer = account.call(&Call::new(op::SIGN_IN_POLICY, &[&team])).await?;
    let mut now: Response = answer.json()?;
    if let Some(policy) = arguments.changed(&now.policy) {
        let mut call = Call::new(op::SIGN_IN_POLICY_SET, &[&team]).body(&policy)?;
        if let Some(tag) = &answer.tag {
            call = call.only_if(tag)?;
        }
        now = account.ask(&call).await?;
    }
    context.output.result(&now, |now| shown(&now.policy))
}

fn shown(policy: &SignInPolicy) -> String {
    let rule = |allowed: bool| if allowed { "allowed" } else { "refused" };
    let providers: Vec<String> = policy.providers.iter().map(ToString::to_string).collect();
    let values = |values: &std::collections::BTreeSet<String>| {
        values.iter().cloned().collect::<Vec<_>>().join(" ")
    };
    format!(
        "passwords     {}\nproviders     {}\nfactor amr    {}\nfactor acr    {}\nnewcomers     {}\n\
         default role  {}",
        rule(!policy.sso_only),
        if providers.is_empty() { "all".to_owned() } else { providers.join(" ") },
        values(&policy.factor_amr),
        values(&policy.factor_acr),
        rule(policy.provision),
        policy.default_role,
    )
}
