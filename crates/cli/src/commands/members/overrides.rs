//! `members override`: single acts granted or denied, beside what the role says.

use domain::authz::{Act, Effect};
use domain::{Clock, ProjectId};
use seal::SystemClock;
use serde::Serialize;
use serde_json::json;

use super::list::{everybody, short};
use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;
use crate::names;

/// One day.
const DAY_MS: i64 = 24 * 3_600 * 1_000;

/// Grant or deny a member single acts
#[derive(Debug, clap::Args)]
#[command(after_help = "Acts are like secret.reveal; a denial wins over a grant. \
    Overrides that are not named stay as they are.")]
pub struct Override {
    /// E-mail address or id
    member: String,
    /// The member may do this act; may be repeated
    #[arg(long, value_name = "ACT")]
    grant: Vec<Act>,
    /// The member may not do this act; may be repeated
    #[arg(long, value_name = "ACT")]
    deny: Vec<Act>,
    /// The role alone decides on this act again; may be repeated
    #[arg(long, value_name = "ACT")]
    reset: Vec<Act>,
    /// The role alone decides on every act again
    #[arg(long, conflicts_with_all = ["grant", "deny", "reset"])]
    clear: bool,
    /// Only in this project (name or id)
    #[arg(long, value_name = "PROJECT")]
    project: Option<String>,
    /// End after so many days
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i64).range(1..=3_650))]
    days: Option<i64>,
}

#[derive(Serialize)]
pub(crate) struct Request {
    pub(crate) overrides: Vec<domain::authz::Override>,
}

/// Changes the named overrides and leaves the others, unless somebody else changed the member
/// meanwhile.
///
/// Errors: no such member; more than the caller may hand out; changed meanwhile.
pub(crate) async fn run(arguments: &Override, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let team = account.workspace()?;
    let project = match &arguments.project {
        Some(name) => Some(names::project(&mut account, name).await?),
        None => None,
    };
    let user = names::member(&mut account, &arguments.member).await?;
    let everybody = everybody(&mut account).await?;
    let member = everybody.into_iter().find(|member| member.user_id == user);
    let member = member.ok_or_else(|| names::no_member(&arguments.member))?;
    let overrides = changed(arguments, project, member.overrides);
    let request = Request { overrides: overrides.clone() };
    let call = Call::new(op::MEMBER_CHANGE, &[&team, &user])
        .body(&request)?
        .only_if(&format!("\"{}\"", member.version.0))?;
    account.call(&call).await?;
    let value = json!({ "user_id": user, "overrides": overrides });
    context.output.result(&value, |_| {
        let list: Vec<String> = overrides.iter().map(short).collect();
        if list.is_empty() { "No overrides.".to_owned() } else { list.join("\n") }
    })
}

fn changed(
    arguments: &Override,
    project: Option<ProjectId>,
    now: Vec<domain::authz::Override>,
) -> Vec<domain::authz::Override> {
    if arguments.clear {
        return Vec::new();
    }
    let named = |act: &Act| {
        [&arguments.grant, &arguments.deny, &arguments.reset].iter().any(|acts| acts.contains(act))
    };
    let expires_at_ms =
        arguments.days.map(|days| SystemClock.now().plus_ms(days.saturating_mul(DAY_MS)));
    let made = |effect: Effect| {
        move |act: &Act| domain::authz::Override { act: *act, effect, project, expires_at_ms }
    };
    now.into_iter()
        .filter(|entry| entry.project != project || !named(&entry.act))
        .chain(arguments.grant.iter().map(made(Effect::Grant)))
        .chain(arguments.deny.iter().map(made(Effect::Deny)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Override,
    }

    fn after(line: &str, now: &[domain::authz::Override]) -> Vec<String> {
        let words = std::iter::once("override").chain(line.split_whitespace());
        let arguments = Line::try_parse_from(words).unwrap().arguments;
        changed(&arguments, None, now.to_vec()).iter().map(short).collect()
    }

    #[test]
    fn overrides_that_are_not_named_stay() {
        let deny = |act| domain::authz::Override {
            act,
            effect: Effect::Deny,
            project: None,
            expires_at_ms: None,
        };
        let now = [deny(Act::SecretReveal), deny(Act::AuditRead)];
        assert_eq!(after("m --grant secret.reveal", &now), ["-audit.read", "+secret.reveal"]);
        assert_eq!(after("m --reset audit.read", &now), ["-secret.reveal"]);
        assert!(after("m --clear", &now).is_empty());
    }
}
