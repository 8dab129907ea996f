//! `members list`.

use domain::authz::{Effect, Override, Role};
use domain::{TimeMs, UserId};
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;
use crate::names;

/// Who is in the team
#[derive(Debug, clap::Args)]
pub struct List {}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) user_id: UserId,
    pub(crate) email: String,
    pub(crate) role: Role,
    pub(crate) overrides: Vec<Override>,
    pub(crate) version: TimeMs,
}

/// Everybody in the current workspace.
///
/// Errors: as [`Account::call`].
pub(super) async fn everybody(account: &mut Account) -> Result<Vec<Member>, Failure> {
    let team = account.workspace()?;
    names::all(account, &Call::new(op::MEMBERS, &[&team])).await
}

/// Lists the team.
///
/// Errors: as [`Account::call`].
pub(crate) async fn run(_: &List, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let members = everybody(&mut account).await?;
    context.output.list(&members, &["e-mail", "role", "overrides", "id"], |member| {
        let overrides: Vec<String> = member.overrides.iter().map(short).collect();
        vec![
            member.email.clone(),
            member.role.to_string(),
            overrides.join(" "),
            member.user_id.to_string(),
        ]
    })
}

/// `+act` for a grant, `-act` for a denial, with the project behind an `@`.
pub(super) fn short(entry: &Override) -> String {
    let sign = match entry.effect {
        Effect::Grant => '+',
        Effect::Deny => '-',
    };
    let place = entry.project.map(|project| format!("@{project}")).unwrap_or_default();
    format!("{sign}{}{place}", entry.act)
}
