//! `holds`: what the platform keeps of security logs, however old, for a lawsuit or an inquiry.
//!
//! Always true: a hold placed here is lifted here, not by the workspace it concerns; its owner sees
//! it, with its reason, and so does the log.

use domain::{HoldId, Reason, TenantId};
use notary::NotaryError;
use notary::holds::{lift_unit_hold, list_unit_holds, place_unit_hold};
use serde_json::json;
use store::{Hold, Holder, Store, StoreError, Unit};

use crate::data;
use crate::failure::{Exit, Failure, Teaches};
use crate::output::Output;
use crate::settings::{Folders, Settings};

/// What keeps security logs whole
#[derive(Debug, clap::Subcommand)]
pub enum Holds {
    /// Place a hold: nothing of the log is dropped while it stands
    Place(Place),
    /// Lift a hold that was placed here
    Lift(Lift),
    /// The holds on a log, lifted ones among them
    List(List),
}

/// Whose log.
#[derive(Debug, clap::Args)]
struct Log {
    /// The workspace's id [default: the platform's own log]
    #[arg(long, value_name = "ID")]
    workspace: Option<TenantId>,
    #[command(flatten)]
    folders: Folders,
}

/// `holds place`.
#[derive(Debug, clap::Args)]
pub struct Place {
    /// Why; the workspace's owner sees it
    #[arg(long)]
    reason: Reason,
    #[command(flatten)]
    log: Log,
}

/// `holds lift`.
#[derive(Debug, clap::Args)]
pub struct Lift {
    /// The hold's id
    hold: HoldId,
    /// Why; the workspace's owner sees it
    #[arg(long)]
    reason: Reason,
    #[command(flatten)]
    log: Log,
}

/// `holds list`.
#[derive(Debug, clap::Args)]
pub struct List {
    #[command(flatten)]
    log: Log,
}

impl Holds {
    pub(crate) fn run(self, output: &Output) -> Result<(), Failure> {
        match self {
            Self::Place(Place { reason, log }) => {
                let placed =
                    log.with(async |store, unit| place_unit_hold(store, unit, reason).await)?;
                show(output, &placed.value);
            }
            Self::Lift(Lift { hold, reason, log }) => {
                log.with(async |store, unit| lift_unit_hold(store, unit, hold, reason).await)?;
                let text = "Lifted. What is past its time is dropped with the next sweep.";
                output.result("holds.lifted", json!({ "hold": hold }), text);
            }
            Self::List(List { log }) => {
                let holds = log.with(async |store, unit| list_unit_holds(store, unit).await)?;
                holds.iter().for_each(|hold| show(output, hold));
            }
        }
        Ok(())
    }
}

impl Log {
    fn with<T>(
        &self,
        work: impl AsyncFnOnce(&Store, Unit) -> Result<T, NotaryError>,
    ) -> Result<T, Failure> {
        let settings = Settings::load(&self.folders, Vec::new())?;
        crate::runtime()?.block_on(async {
            let store = data::open_existing(&settings).await?;
            let done = async {
                let known = store.units().await?;
                let unit = self.workspace.map_or(Unit::Platform, Unit::Tenant);
                if !known.contains(&unit) {
                    return Err(NotaryError::NotFound);
                }
                work(&store, unit).await
            };
            let done = done.await;
            store.close().await;
            Ok(done?)
        })
    }
}

fn show(output: &Output, hold: &Hold) {
    let Hold { id, holder, reason, placed_by, placed_at, lifted_by, lifted_at } = hold;
    let fields = json!({
        "hold": id, "holder": holder.as_str(), "reason": reason, "placed_by": placed_by,
        "placed_at_ms": placed_at, "lifted_by": lifted_by, "lifted_at_ms": lifted_at,
    });
    let state = if lifted_at.is_some() { "lifted" } else { "stands" };
    let whose = match holder {
        Holder::Owner => "the owner's",
        Holder::Staff => "the platform's",
    };
    output.result("holds.hold", fields, &format!("{id}  {state}  {whose}  {reason}"));
}

impl Teaches for NotaryError {
    fn mend(&self) -> String {
        match self {
            Self::NotFound => {
                "see that the ids are right (casemate holds list); an owner lifts their own hold: \
                 casemate audit hold lift"
                    .into()
            }
            Self::Crowded => "lift one that is not needed any more".into(),
            Self::Broker(error) => error.mend(),
            Self::Store(error) => error.mend(),
            Self::Raced => StoreError::Busy.mend(),
            Self::Denied(_) | Self::Dropped { .. } | Self::Damaged(_) | Self::Unexportable(_) => {
                "casemate doctor says what is wrong with the log".into()
            }
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::NotFound | Self::Dropped { .. } => Exit::NotFound,
            Self::Crowded => Exit::Conflict,
            Self::Denied(_) => Exit::Refused,
            Self::Broker(error) => error.exit(),
            Self::Store(error) => error.exit(),
            Self::Raced => Exit::TryAgain,
            Self::Damaged(_) | Self::Unexportable(_) => Exit::Failed,
        }
    }
}
