//! New keys for a workspace's records: each scope gets a successor, every record is sealed again,
//! the old keys are destroyed.
//!
//! Walk: [`want_rotation`] writes the wish → [`finish_wanted`] retires keys that are older than the
//! wish → drains each one, page by page → raises the fence and counts → destroys the key → writes
//! the entry. Cut off anywhere, the wish is still there and the same walk goes on: keys that are
//! younger than the wish are its own.

use broker::{
    Broker, BrokerError, DataScope, Grant, Purpose, Realm, RecordKind, RecordName, ShredTarget,
};
use domain::{RequestId, Sealed, TenantId, TimeMs, limits};
use ledger::{AuditEvent, Verb};
use seal::KeyId;
use serde_json::json;
use store::sealed::{SealedColumn, SealedFor, sealed_columns_of};
use store::{Caller, Commit, QuietReason, SealedRecord, Store, Unit};
use uuid::Uuid;

use super::SealingError;

/// Records of one page: bounds one broker call and one transaction.
const PAGE: u32 = 64;
/// How often a key is drained again because records came in before the fence stood.
const DRAINS: usize = 8;

/// A wish for new keys, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Keys made until this moment get successors.
    pub since: TimeMs,
    /// Who wants it, as the log names actors.
    pub by: String,
}

/// Which scope gets a new key, and how its old one ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Every scope; the wish is fulfilled then.
    All,
    /// One scope.
    Scope(DataScope),
    /// One scope, whose old keys are destroyed by an order of the shred ledger: no backup opens
    /// what they sealed.
    ScopeForGood(DataScope),
}

impl Extent {
    fn covers(self, scope: DataScope) -> bool {
        match self {
            Self::All => true,
            Self::Scope(only) | Self::ScopeForGood(only) => only == scope,
        }
    }
}

/// What a rotation did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rotated {
    /// Certificates of the keys that were destroyed by an order.
    pub certificates: Vec<String>,
    /// Keys that were destroyed.
    pub keys: u64,
    /// Records that were sealed again.
    pub records: u64,
}

/// The moments of a rotation, for progress, and for tests that end the process there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RotationStep {
    /// A scope has a new key, and the old one retires.
    Retired,
    /// So many more records are sealed again.
    SealedAgain(u64),
    /// The database refuses rows under the old key.
    Fenced,
    /// The old key is destroyed.
    Destroyed,
}

/// Looks on at nothing.
pub fn no_progress(_: RotationStep) {}

/// Writes down that the workspace wants new keys, with its entry; the wish that stands, which may
/// be an earlier one.
///
/// # Errors
/// [`SealingError::Store`].
pub async fn want_rotation(
    store: &Store,
    caller: &Caller,
    tenant: TenantId,
    by: &str,
) -> Result<Wanted, SealingError> {
    let by = by.to_owned();
    let written = store
        .unit_write(Unit::Tenant(tenant), caller, move |tx| {
            let days = limits::SEALING_ROTATION_DAYS_DEFAULT;
            let began = tx.sealing().want(days, &by)?;
            let schedule = tx.sealing().schedule()?;
            let wanted = schedule.and_then(|schedule| {
                Some(Wanted { since: schedule.wanted_at?, by: schedule.wanted_by? })
            });
            let wanted = wanted.ok_or(SealingError::NotDrained)?;
            let event = AuditEvent::new(Verb::SealingRotationStarted, "sealing_key", tenant)
                .new_value(json!({ "wanted_by": wanted.by }));
            Ok::<_, SealingError>(if began {
                Commit::audited(event, wanted)
            } else {
                Commit::quiet(QuietReason::SealedAgain, wanted)
            })
        })
        .await?;
    Ok(written.value)
}

/// Gives the workspace a new seed and wraps its data keys anew; no record changes.
///
/// # Errors
/// [`SealingError::Broker`]: nothing changed. [`SealingError::Store`]: the keys are wrapped anew,
/// and the entry about it is missing.
pub async fn rotate_epoch(
    store: &Store,
    broker: &Broker,
    caller: &Caller,
    tenant: TenantId,
) -> Result<u32, SealingError> {
    let realm = Realm::Tenant(tenant);
    let before = broker.keys(realm).await?;
    let after = broker.rotate_realm(realm, before.epoch).await?;
    let event = AuditEvent::new(Verb::SealingRotated, "sealing_key", tenant)
        .old_value(json!({ "epoch": before.epoch }))
        .new_value(json!({ "epoch": after.epoch, "keys_wrapped": after.keys.len() }));
    store
        .unit_write(Unit::Tenant(tenant), caller, move |_| {
            Ok::<_, SealingError>(Commit::audited(event, ()))
        })
        .await?;
    Ok(after.epoch)
}

/// Carries a wish out to its end.
///
/// # Errors
/// [`SealingError`]; whatever was done stays done, and the next call goes on from there.
pub async fn finish_wanted(
    store: &Store,
    broker: &Broker,
    caller: &Caller,
    tenant: TenantId,
    wanted: &Wanted,
    progress: &(dyn Fn(RotationStep) + Sync),
) -> Result<Rotated, SealingError> {
    finish_extent(store, broker, caller, tenant, (wanted, Extent::All), progress).await
}

/// As [`finish_wanted`], for a part of the workspace's keys.
///
/// # Errors
/// As [`finish_wanted`].
pub async fn finish_extent(
    store: &Store,
    broker: &Broker,
    caller: &Caller,
    tenant: TenantId,
    (wanted, extent): (&Wanted, Extent),
    progress: &(dyn Fn(RotationStep) + Sync),
) -> Result<Rotated, SealingError> {
    let walk = Walk { store, broker, caller, tenant, actor: &wanted.by, progress };
    let realm = Realm::Tenant(tenant);
    let keys = broker.keys(realm).await?;
    let old = keys.active().filter(|key| key.made_at <= wanted.since && extent.covers(key.scope));
    for key in old {
        broker.rotate_data_key(realm, key.scope, key.id).await?;
        progress(RotationStep::Retired);
    }
    let mut done = Rotated::default();
    let keys = broker.keys(realm).await?;
    for key in keys.retiring().filter(|key| extent.covers(key.scope)) {
        done.records += walk.drain_to_nothing(key.id).await?;
        if matches!(extent, Extent::ScopeForGood(_)) {
            let target = ShredTarget::Key { realm, key: key.id };
            done.certificates.push(broker.shred(target).await?);
        } else {
            broker.destroy_key(realm, key.id).await?;
        }
        progress(RotationStep::Destroyed);
        done.keys += 1;
    }
    let event = AuditEvent::new(Verb::SealingRotated, "sealing_key", tenant).new_value(json!({
        "wanted_by": wanted.by, "keys_destroyed": done.keys, "records_sealed_again": done.records,
    }));
    store
        .unit_write(Unit::Tenant(tenant), caller, move |tx| {
            if extent == Extent::All {
                tx.sealing().finish()?;
            }
            Ok::<_, SealingError>(Commit::audited(event, ()))
        })
        .await?;
    Ok(done)
}

struct Walk<'a> {
    store: &'a Store,
    broker: &'a Broker,
    caller: &'a Caller,
    tenant: TenantId,
    actor: &'a str,
    progress: &'a (dyn Fn(RotationStep) + Sync),
}

impl Walk<'_> {
    /// Seals every record under `key` again until a count behind the fence finds none; how many
    /// there were.
    async fn drain_to_nothing(&self, key: KeyId) -> Result<u64, SealingError> {
        let mut records = 0;
        for _ in 0..DRAINS {
            let (sealed_again, damaged) = self.drain(key).await?;
            records += sealed_again;
            if damaged > 0 {
                return Err(SealingError::RecordsDamaged(damaged));
            }
            if self.left_behind_fence(key).await? == 0 {
                return Ok(records);
            }
        }
        Err(SealingError::NotDrained)
    }

    /// Raises the fence and counts what is under the key, in one transaction. The team's row is
    /// locked, so a writer that is half-way has ended, and the next one sees the fence.
    async fn left_behind_fence(&self, key: KeyId) -> Result<u64, SealingError> {
        let bytes = key.to_bytes();
        let written = self
            .store
            .unit_write(Unit::Tenant(self.tenant), self.caller, move |tx| {
                tx.team().lock()?;
                tx.sealing().retire(bytes)?;
                let counts = tx.sealing().census()?;
                let left: u64 = counts
                    .iter()
                    .filter(|count| count.key == bytes)
                    .map(|count| count.records)
                    .sum();
                Ok::<_, SealingError>(Commit::quiet(QuietReason::SealedAgain, left))
            })
            .await?;
        (self.progress)(RotationStep::Fenced);
        Ok(written.value)
    }

    /// One pass over every registered column; records sealed again, and records that do not open.
    async fn drain(&self, key: KeyId) -> Result<(u64, u64), SealingError> {
        let (mut records, mut damaged) = (0, 0);
        for column in sealed_columns_of(SealedFor::Tenant) {
            let mut after = (Uuid::nil(), 0);
            loop {
                let page = self.page(column, key, after).await?;
                let Some(last) = page.last() else { break };
                after = (last.id, last.version);
                let (sealed_again, not_opened) = self.seal_again(page).await?;
                (self.progress)(RotationStep::SealedAgain(sealed_again));
                records += sealed_again;
                damaged += not_opened;
            }
        }
        Ok((records, damaged))
    }

    async fn page(
        &self,
        column: &'static SealedColumn,
        key: KeyId,
        after: (Uuid, u64),
    ) -> Result<Vec<SealedRecord>, SealingError> {
        let bytes = key.to_bytes();
        self.store
            .unit_read(Unit::Tenant(self.tenant), move |tx| {
                Ok(tx.sealing().under(column, bytes, after, PAGE)?)
            })
            .await
    }

    /// Seals a page again; one by one where a record among them does not open.
    async fn seal_again(&self, page: Vec<SealedRecord>) -> Result<(u64, u64), SealingError> {
        match self.resealed(&page).await {
            Ok(sealed) => Ok((self.exchange(page, sealed).await?, 0)),
            Err(SealingError::Broker(BrokerError::CannotOpen(_))) => {
                let (mut records, mut damaged) = (0, 0);
                for record in page {
                    let one = vec![record];
                    match self.resealed(&one).await {
                        Ok(sealed) => records += self.exchange(one, sealed).await?,
                        Err(SealingError::Broker(BrokerError::CannotOpen(_))) => damaged += 1,
                        Err(error) => return Err(error),
                    }
                }
                Ok((records, damaged))
            }
            Err(error) => Err(error),
        }
    }

    async fn resealed(&self, page: &[SealedRecord]) -> Result<Vec<Sealed>, SealingError> {
        let mint = self.store.mint();
        let grant = Grant {
            realm: Realm::Tenant(self.tenant),
            purpose: Purpose::KeyRotation,
            actor: self.actor.to_owned(),
            request: mint.id::<RequestId>(),
            expires_at: mint.now().plus_ms(limits::GRANT_MS),
        };
        let records: Vec<_> =
            page.iter().map(|record| (name_of(record), record.sealed.clone())).collect();
        Ok(self.broker.reseal(grant, &records).await?)
    }

    /// Puts the new envelopes in place where the old ones still stand; how many did.
    async fn exchange(
        &self,
        page: Vec<SealedRecord>,
        sealed: Vec<Sealed>,
    ) -> Result<u64, SealingError> {
        let written = self
            .store
            .unit_write(Unit::Tenant(self.tenant), self.caller, move |tx| {
                let mut exchanged = 0;
                for (record, sealed) in page.iter().zip(&sealed) {
                    exchanged += u64::from(tx.sealing().exchange(record, sealed)?);
                }
                Ok::<_, SealingError>(Commit::quiet(QuietReason::SealedAgain, exchanged))
            })
            .await?;
        Ok(written.value)
    }
}

/// The full name of a record: what its envelope is bound to.
fn name_of(record: &SealedRecord) -> RecordName {
    let scope = record.environment.map_or(broker::DataScope::Whole, broker::DataScope::Environment);
    let kind = if record.column == &store::sealed::SECRET_VALUES {
        RecordKind::SecretValue
    } else if record.column == &store::sealed::PROVIDER_SECRETS {
        RecordKind::ProviderSecret
    } else {
        RecordKind::StreamSecret
    };
    RecordName { scope, kind, id: record.id, version: record.version }
}
