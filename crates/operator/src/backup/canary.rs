//! The canary: a sealed record of the installation's own, which every rehearsal really opens.
//!
//! Always true: the value is random, is kept nowhere but sealed, and only its digest says whether
//! what was opened is it.

use backup::sha256;
use broker::{DataScope, Exposed, Realm, RecordKind, RecordName};
use domain::{Entropy, UserId};
use store::{Canary, Commit, QuietReason, StoreError};
use uuid::Uuid;

use super::host::Host;
use crate::failure::Failure;

/// Whose keys seal it: those of a person who is nobody, called by the instance's id.
pub(super) fn realm(instance: Uuid) -> Realm {
    Realm::Person(UserId::from(instance))
}

/// Its name for the broker.
pub(super) const fn record(id: Uuid) -> RecordName {
    RecordName { scope: DataScope::Whole, kind: RecordKind::NoticeSecret, id, version: 1 }
}

/// Makes the canary unless there is one.
///
/// # Errors
/// The broker's, the store's.
pub(super) async fn ensure(host: &Host<'_>) -> Result<(), Failure> {
    let found = host.store.platform_read::<_, StoreError>(|tx| tx.backups().canary()).await?;
    if found.is_some() {
        return Ok(());
    }
    let (realm, id) = (realm(host.store.instance().uuid()), Uuid::from_bytes(random()));
    let value = random::<32>();
    let digest = sha256(&value);
    host.broker.create_realm(realm).await?;
    let values = vec![(record(id), Exposed::copy_of(&value))];
    let mut sealed = host.broker.seal(realm, values).await?;
    let Some(sealed) = sealed.pop() else { return Ok(()) };
    let canary = Canary { record: id, sealed, digest };
    let caller = host.caller();
    let put = host.store.platform_write(&caller, move |tx| {
        tx.backups().put_canary(&canary)?;
        Ok::<_, StoreError>(Commit::quiet(QuietReason::Installation, ()))
    });
    put.await?;
    Ok(())
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    seal::SystemEntropy.fill(&mut bytes);
    bytes
}
