//! `break-glass`: in an emergency one of the platform's staff opens named secrets of a workspace,
//! because another one agreed.

pub(crate) mod ask;
pub(crate) mod list;
pub(crate) mod reveal;

use domain::GlassId;

use self::list::Agreed;
use super::Context;
use crate::client::{Call, operations as op};
use crate::failure::Failure;

/// Secrets that the platform's staff opens in an emergency, two people agreeing
#[derive(Debug, clap::Subcommand)]
pub enum BreakGlass {
    /// Ask another one of the staff to agree (staff, signed in with a security key)
    Ask(ask::Ask),
    /// Agree to what another one asked for; the workspace is told (staff)
    Approve {
        /// Its id, as `ask` printed it
        glass: GlassId,
    },
    /// End it at once: for the workspace's owner, and with `--staff` for the staff
    End {
        /// Its id
        glass: GlassId,
        /// As staff
        #[arg(long)]
        staff: bool,
    },
    /// What was agreed on about the current workspace; with `--staff` all that was asked for
    List(list::List),
    /// Open one of the secrets agreed on (staff, who asked)
    Reveal(reveal::Reveal),
}

/// Does the verb.
///
/// Errors: not staff, or no security key answered within five minutes; not two people; nothing
/// stands that opens it; not allowed in the workspace.
pub(crate) async fn run(verb: BreakGlass, context: &Context) -> Result<(), Failure> {
    match verb {
        BreakGlass::Ask(arguments) => ask::run(&arguments, context).await,
        BreakGlass::Approve { glass } => {
            let mut account = context.account()?;
            let call = Call::new(op::BREAK_GLASS_APPROVE, &[&glass]);
            let agreed: Agreed = account.ask(&call).await?;
            context.output.result(&agreed, |agreed| {
                let until = crate::calendar::written(agreed.until_ms);
                format!("Open until {until}. The workspace was told.")
            })
        }
        BreakGlass::End { glass, staff } => end(glass, staff, context).await,
        BreakGlass::List(arguments) => list::run(&arguments, context).await,
        BreakGlass::Reveal(arguments) => reveal::run(&arguments, context).await,
    }
}

async fn end(glass: GlassId, staff: bool, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    if staff {
        account.call(&Call::new(op::BREAK_GLASS_END, &[&glass])).await?;
    } else {
        let team = account.workspace()?;
        let call = Call::new(op::BREAK_GLASS_END_OF_TEAM, &[&team, &glass]);
        account.ask::<Agreed>(&call).await?;
    }
    let ended = serde_json::json!({ "id": glass, "ended": true });
    context.output.result(&ended, |_| "Ended: nothing more is opened.".to_owned())
}
