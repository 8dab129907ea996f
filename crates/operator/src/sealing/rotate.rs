//! `sealing rotate`: new keys in place of old ones.

use std::path::PathBuf;
use std::sync::Mutex;

use broker::{Broker, DataScope, Realm, RootCensus, RotateRootError, no_steps};
use domain::{EnvironmentId, TenantId};
use seal::{SystemClock, SystemEntropy};
use serde_json::{Value, json};
use vault::sealing::{
    Extent, RotationStep, Wanted, finish_extent, finish_wanted, rotate_epoch, want_rotation,
};

use super::host;
use crate::data;
use crate::failure::{Exit, Failure, Teaches};
use crate::keys;
use crate::output::Output;
use crate::settings::{Folders, Settings};
use crate::slots::secret;
use crate::up::prepare;
use crate::users::Separation;

/// Give keys successors.
#[derive(Debug, clap::Subcommand)]
pub enum Rotate {
    /// A new root key, while the platform is stopped. Everything under it is wrapped anew.
    Root(Root),
    /// A new seed for a workspace; its keys are wrapped anew, and no record changes.
    Tenant(Tenant),
    /// New keys for a workspace's records; every record is sealed again while people work.
    Data(Data),
}

/// `sealing rotate root`.
#[derive(Debug, clap::Args)]
pub struct Root {
    /// Only show what hangs on the root key and which slots need their secret
    #[arg(long)]
    dry_run: bool,
    /// Read the recovery code from this file ("-" for stdin); needed once, where the code was never
    /// typed back
    #[arg(long, value_name = "FILE")]
    code_file: Option<PathBuf>,
    #[command(flatten)]
    folders: Folders,
}

/// `sealing rotate tenant`.
#[derive(Debug, clap::Args)]
pub struct Tenant {
    /// The workspace's id
    tenant: TenantId,
    /// Only show which keys would be wrapped anew
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    folders: Folders,
}

/// `sealing rotate data`.
#[derive(Debug, clap::Args)]
pub struct Data {
    /// The workspace's id
    tenant: TenantId,
    /// Only the key of this environment [default: every key of the workspace]
    environment: Option<EnvironmentId>,
    /// Only show which keys would get successors, and how many records are under them
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    folders: Folders,
}

impl Rotate {
    pub(crate) fn run(self, output: &Output) -> Result<(), Failure> {
        match self {
            Self::Root(root) => root.run(output),
            Self::Tenant(tenant) => tenant.run(output),
            Self::Data(data) => data.run(output),
        }
    }
}

impl Root {
    fn run(self, output: &Output) -> Result<(), Failure> {
        let settings = Settings::load(&self.folders, Vec::new())?;
        let peers = Separation::of_this_process().broker_peers();
        let config = keys::broker_config(&settings, peers)?;
        if self.dry_run {
            let census = broker::root_census(&config)?;
            prepare::give_back(&settings)?;
            show_root(output, "sealing.root", &census);
            return Ok(());
        }
        let code =
            self.code_file.as_deref().map(|file| secret::read(Some(file), "")).transpose()?;
        output.step("Wrapping everything under a new root key.");
        let done =
            broker::rotate_root(&config, code.as_ref(), &SystemClock, &SystemEntropy, &no_steps);
        // Root may have made files that the broker's user has to read.
        prepare::give_back(&settings)?;
        let done = done?;
        show_root(output, "sealing.root_before", &done.before);
        show_root(output, "sealing.root_after", &done.after);
        Ok(())
    }
}

fn show_root(output: &Output, event: &str, census: &RootCensus) {
    let fields = json!({
        "root_key": census.root_key.to_string(), "since_ms": census.since,
        "realms": census.realms, "data_keys": census.data_keys,
        "instance_keys": census.instance_keys, "slots_paired": census.slots_paired,
        "slots_direct": census.slots_direct, "slots_foreign": census.slots_foreign,
    });
    let mut text = format!(
        "root key {}: {} realms, {} data keys, {} instance keys, {} slots",
        census.root_key,
        census.realms,
        census.data_keys,
        census.instance_keys,
        census.slots_paired.len() + census.slots_direct.len(),
    );
    for slot in &census.slots_direct {
        text.push_str(&format!(
            "\n  {} holds it itself: its secret is needed once",
            slot.display()
        ));
    }
    for slot in &census.slots_foreign {
        text.push_str(&format!("\n  {} leads to another root key", slot.display()));
    }
    output.result(event, fields, &text);
}

impl Tenant {
    fn run(self, output: &Output) -> Result<(), Failure> {
        let settings = Settings::load(&self.folders, Vec::new())?;
        let tenant = self.tenant;
        let (before, after) = crate::runtime()?.block_on(async {
            let broker = Broker::connect(&settings.config.broker.socket).await?;
            let before = broker.keys(Realm::Tenant(tenant)).await?;
            if self.dry_run {
                return Ok((before.clone(), before.epoch));
            }
            let store = data::open(&settings).await?;
            let after = rotate_epoch(&store, &broker, &host(&store), tenant).await;
            store.close().await;
            Ok::<_, Failure>((before, after?))
        })?;
        let fields = json!({
            "tenant": tenant, "epoch_before": before.epoch, "epoch_after": after,
            "keys_wrapped": before.keys.len(), "dry_run": self.dry_run,
        });
        let text = format!(
            "{} keys of {tenant}: epoch {} -> {after}{}",
            before.keys.len(),
            before.epoch,
            if self.dry_run { " (nothing was changed)" } else { "" }
        );
        output.result("sealing.tenant_rotated", fields, &text);
        Ok(())
    }
}

impl Data {
    fn run(self, output: &Output) -> Result<(), Failure> {
        let settings = Settings::load(&self.folders, Vec::new())?;
        crate::runtime()?.block_on(async {
            let broker = Broker::connect(&settings.config.broker.socket).await?;
            let store = data::open(&settings).await?;
            let done = self.rotate(output, &broker, &store).await;
            store.close().await;
            done
        })
    }

    async fn rotate(
        &self,
        output: &Output,
        broker: &Broker,
        store: &store::Store,
    ) -> Result<(), Failure> {
        self.census(output, broker, store).await?;
        if self.dry_run {
            return Ok(());
        }
        let (caller, progress) = (host(store), Progress::new(output));
        let look = |step| progress.took(step);
        let done = match self.environment {
            None => {
                let wanted = want_rotation(store, &caller, self.tenant, "system:host").await?;
                finish_wanted(store, broker, &caller, self.tenant, &wanted, &look).await?
            }
            Some(environment) => {
                let by = "system:host".to_owned();
                let wanted = Wanted { since: store.mint().now(), by };
                let extent = Extent::Scope(DataScope::Environment(environment));
                let wish = (&wanted, extent);
                finish_extent(store, broker, &caller, self.tenant, wish, &look).await?
            }
        };
        self.census(output, broker, store).await?;
        let fields = json!({ "tenant": self.tenant, "keys_destroyed": done.keys,
            "records_sealed_again": done.records });
        let text = format!("{} keys destroyed, {} records sealed again", done.keys, done.records);
        output.result("sealing.data_rotated", fields, &text);
        Ok(())
    }

    async fn census(
        &self,
        output: &Output,
        broker: &Broker,
        store: &store::Store,
    ) -> Result<(), Failure> {
        for line in vault::sealing::census(store, broker, self.tenant).await? {
            super::show_census(output, self.tenant, &line);
        }
        Ok(())
    }
}

/// Says now and then how far a rotation is.
pub(super) struct Progress<'a> {
    output: &'a Output,
    records: Mutex<u64>,
}

impl<'a> Progress<'a> {
    pub(super) fn new(output: &'a Output) -> Self {
        Self { output, records: Mutex::new(0) }
    }

    pub(super) fn took(&self, step: RotationStep) {
        match step {
            RotationStep::Retired => self.output.step("a key retires"),
            RotationStep::Fenced => self.output.step("counting behind the fence"),
            RotationStep::Destroyed => self.output.step("the old key is destroyed"),
            RotationStep::SealedAgain(more) => {
                let mut records =
                    self.records.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                *records += more;
                self.output.step(&format!("{records} records sealed again"));
            }
        }
    }
}

/// An object whose fields a program reads.
pub(super) fn certificate_fields(certificate: &ledger::ShredCertificate) -> Value {
    json!({
        "instance": certificate.instance, "order": certificate.order,
        "ordered_at_ms": certificate.ordered_at, "done_at_ms": certificate.done_at,
        "key": certificate.key, "keys_destroyed": certificate.keys,
    })
}

impl Teaches for RotateRootError {
    fn mend(&self) -> String {
        match self {
            Self::SlotNeedsItsSecret(_) => {
                "give it once: casemate sealing rotate root --code-file FILE; or make a new code: \
                 casemate slots renew"
                    .into()
            }
            Self::SlotDoesNotOpen(_) => {
                "give this installation's code, or make a new one: casemate slots renew".into()
            }
            Self::ForeignSlot(path) => format!("move {} away if it is not needed", path.display()),
            Self::ForgedPair(_) => {
                "find out who wrote the key store; then make that slot anew: casemate slots renew"
                    .into()
            }
            Self::NotWrapped(_) => "restore the key store from its newest backup".into(),
            Self::Start(error) => error.mend(),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::SlotNeedsItsSecret(_) | Self::SlotDoesNotOpen(_) | Self::ForgedPair(_) => {
                Exit::Refused
            }
            Self::ForeignSlot(_) => Exit::Conflict,
            Self::NotWrapped(_) => Exit::Failed,
            Self::Start(error) => error.exit(),
        }
    }
}
