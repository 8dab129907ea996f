//! `sealing`: the keys that seal everything: their ages, their rotation, their end.
//!
//! Always true
//! 1. Nothing here shows a key or a value.
//! 2. What cannot be undone is asked for with `--yes`, and is in the log of whom it concerns.
//!
//! `keys` is the word for API keys, so these have a word of their own.

mod rotate;
mod shred;

use broker::{Broker, KeyFacts, Realm, RealmKeys};
use domain::{RequestId, TenantId};
use serde_json::{Value, json};
use store::{Caller, Store, Unit};
use vault::sealing::{CensusLine, SealingError, census};

use crate::data;
use crate::failure::{Exit, Failure, Teaches};
use crate::output::Output;
use crate::settings::{Folders, Settings};

/// The keys that seal everything.
#[derive(Debug, clap::Subcommand)]
pub enum Sealing {
    /// The keys of a workspace: epochs, states, ages.
    List(OfTenant),
    /// Count the records under every key, in one workspace or in all.
    Census(Census),
    /// Give keys successors.
    #[command(subcommand)]
    Rotate(rotate::Rotate),
    /// Destroy keys for good, so that no backup brings back what they sealed.
    #[command(subcommand)]
    Shred(shred::Shred),
    /// Verify a certificate of destruction, offline.
    Verify(shred::Verify),
}

/// `sealing list`.
#[derive(Debug, clap::Args)]
pub struct OfTenant {
    /// The workspace's id
    tenant: TenantId,
    #[command(flatten)]
    folders: Folders,
}

/// `sealing census`.
#[derive(Debug, clap::Args)]
pub struct Census {
    /// The workspace's id [default: every workspace]
    tenant: Option<TenantId>,
    #[command(flatten)]
    folders: Folders,
}

impl Sealing {
    pub(crate) fn run(self, output: &Output) -> Result<(), Failure> {
        match self {
            Self::List(of) => of.list(output),
            Self::Census(census) => census.run(output),
            Self::Rotate(rotate) => rotate.run(output),
            Self::Shred(shred) => shred.run(output),
            Self::Verify(verify) => verify.run(output),
        }
    }
}

impl OfTenant {
    fn list(self, output: &Output) -> Result<(), Failure> {
        let settings = Settings::load(&self.folders, Vec::new())?;
        let keys = crate::runtime()?.block_on(async {
            let broker = Broker::connect(&settings.config.broker.socket).await?;
            broker.keys(Realm::Tenant(self.tenant)).await
        })?;
        let epoch = json!({ "tenant": self.tenant, "epoch": keys.epoch,
            "epoch_since_ms": keys.epoch_since });
        let text = format!("epoch {} since {} ms", keys.epoch, keys.epoch_since.0);
        output.result("sealing.epoch", epoch, &text);
        show_keys(output, &keys);
        Ok(())
    }
}

impl Census {
    fn run(self, output: &Output) -> Result<(), Failure> {
        let settings = Settings::load(&self.folders, Vec::new())?;
        let (mut unknown, mut destroyed) = (0, 0);
        crate::runtime()?.block_on(async {
            let broker = Broker::connect(&settings.config.broker.socket).await?;
            let store = data::open(&settings).await?;
            let done = async {
                for tenant in tenants(&store, self.tenant).await? {
                    let lines = match census(&store, &broker, tenant).await {
                        Err(error) if vault::sealing::is_shredded(&error) => continue,
                        lines => lines?,
                    };
                    for line in lines {
                        unknown += if line.facts.is_none() { line.total() } else { 0 };
                        let is_gone = line
                            .facts
                            .is_some_and(|facts| facts.state == broker::KeyState::Destroyed);
                        destroyed += if is_gone { line.total() } else { 0 };
                        show_census(output, tenant, &line);
                    }
                }
                Ok::<_, Failure>(())
            }
            .await;
            store.close().await;
            done
        })?;
        if unknown + destroyed == 0 {
            return Ok(());
        }
        Err(Failure::new(
            Exit::Failed,
            format!(
                "{unknown} records are under keys that the broker does not have, {destroyed} under \
                 keys that were destroyed"
            ),
            "restore the key store that belongs to this data (docs/runbooks/rotate-keys.md)",
        ))
    }
}

/// The one workspace, or every one that is in use or deleted.
async fn tenants(store: &Store, only: Option<TenantId>) -> Result<Vec<TenantId>, Failure> {
    if let Some(tenant) = only {
        return Ok(vec![tenant]);
    }
    let units = store.units().await?;
    let tenant = |unit| match unit {
        Unit::Tenant(tenant) => Some(tenant),
        Unit::Platform => None,
    };
    Ok(units.into_iter().filter_map(tenant).collect())
}

fn show_keys(output: &Output, keys: &RealmKeys) {
    for key in &keys.keys {
        let text = format!(
            "{}  {:9}  epoch {:<3} made {} ms  {}",
            key.id,
            key.state.as_str(),
            key.epoch,
            key.made_at.0,
            scope_text(key)
        );
        output.result("sealing.key", key_fields(key), &text);
    }
}

fn show_census(output: &Output, tenant: TenantId, line: &CensusLine) {
    let key = seal::KeyId::from_bytes(line.key);
    let state = line.facts.map_or("unknown", |facts| facts.state.as_str());
    let fields = json!({
        "tenant": tenant, "key": key.to_string(), "state": state, "records": line.records,
    });
    let text = format!("{tenant}  {key}  {state:9}  {} records", line.total());
    output.result("sealing.census", fields, &text);
}

fn key_fields(key: &KeyFacts) -> Value {
    json!({
        "key": key.id.to_string(), "scope": scope_text(key), "state": key.state,
        "epoch": key.epoch, "made_at_ms": key.made_at, "retiring_at_ms": key.retiring_at,
        "destroyed_at_ms": key.destroyed_at,
    })
}

fn scope_text(key: &KeyFacts) -> String {
    match key.scope {
        broker::DataScope::Environment(id) => format!("environment/{id}"),
        broker::DataScope::Project(id) => format!("project/{id}"),
        broker::DataScope::Whole => "whole".to_owned(),
    }
}

/// What these commands act as in the logs.
fn host(store: &Store) -> Caller {
    Caller::system("host", store.mint().id::<RequestId>())
}

impl Teaches for SealingError {
    fn mend(&self) -> String {
        match self {
            Self::Broker(error) => error.mend(),
            Self::Store(error) => error.mend(),
            Self::RecordsDamaged(_) => {
                "set those secrets anew or delete them, then run it again: it goes on from there"
                    .into()
            }
            Self::NoSecret => "see that the secret's id and workspace are right".into(),
            Self::NotDrained => "run it again: it goes on from there".into(),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Broker(error) => error.exit(),
            Self::Store(error) => error.exit(),
            Self::RecordsDamaged(_) => Exit::Failed,
            Self::NoSecret => Exit::NotFound,
            Self::NotDrained => Exit::TryAgain,
        }
    }
}
