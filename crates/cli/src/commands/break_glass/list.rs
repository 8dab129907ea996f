//! `break-glass list`.

use domain::{GlassId, Reason, TimeMs};
use serde::{Deserialize, Serialize};

use super::ask::Asked;
use crate::calendar::written;
use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::failure::Failure;
use crate::names;

/// What was agreed on about the current workspace
#[derive(Debug, clap::Args)]
pub struct List {
    /// All that the staff asked for, as staff
    #[arg(long)]
    staff: bool,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Agreed {
    pub(crate) id: GlassId,
    pub(crate) records: Vec<Record>,
    pub(crate) reason: Reason,
    pub(crate) asked_by: String,
    pub(crate) approved_by: String,
    pub(crate) until_ms: TimeMs,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ended_at_ms: Option<TimeMs>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) secret: String,
    pub(crate) name: String,
    pub(crate) version: u64,
}

/// Lists them, oldest first.
///
/// Errors: not allowed; with `--staff`: not staff, or no fresh security key.
pub(super) async fn run(arguments: &List, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    if arguments.staff {
        let call = Call::new(op::BREAK_GLASS_LIST, &[]);
        let all: Vec<Asked> = names::all(&mut account, &call).await?;
        let headings = ["id", "workspace", "asked by", "agreed by", "until", "ended", "why"];
        return context.output.list(&all, &headings, |one| {
            vec![
                one.id.to_string(),
                one.workspace.to_string(),
                one.asked_by.clone(),
                one.approved_by.clone().unwrap_or_default(),
                one.until_ms.map(written).unwrap_or_default(),
                one.ended_at_ms.map(written).unwrap_or_default(),
                one.reason.to_string(),
            ]
        });
    }
    let team = account.workspace()?;
    let call = Call::new(op::BREAK_GLASS_LIST_OF_TEAM, &[&team]);
    let all: Vec<Agreed> = names::all(&mut account, &call).await?;
    let headings = ["id", "asked by", "agreed by", "until", "ended", "secrets", "why"];
    context.output.list(&all, &headings, |one| {
        let secrets: Vec<&str> = one.records.iter().map(|record| record.name.as_str()).collect();
        vec![
            one.id.to_string(),
            one.asked_by.clone(),
            one.approved_by.clone(),
            written(one.until_ms),
            one.ended_at_ms.map(written).unwrap_or_default(),
            secrets.join(", "),
            one.reason.to_string(),
        ]
    })
}
