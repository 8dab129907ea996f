//! A new recovery code in place of a lost one, while the broker is stopped.
//!
//! Always true: the new code is tried by really unwrapping before the old slot is replaced, the
//! change is recorded before it is made, and the installation counts as unconfirmed until the new
//! code was typed back.

use domain::{Clock, Entropy};
use seal::{Exposed, RecoveryCode, SlotSecret};

use crate::key_store::KeyStore;
use crate::process::{BrokerConfig, LockedHomes, harden, lock_key_store, unlock};
use crate::slots::{self, Expected, Shelf, slot_path};
use crate::start_error::{SetupError, StartError};
use crate::status::SlotKind;

/// Opens the root key with a configured slot and gives it a new recovery code; the old code opens
/// nothing more.
///
/// # Errors
/// [`SetupError::Start`] as a start would fail, [`StartError::AlreadyRunning`] among them: stop the
/// broker first.
pub fn renew_recovery(
    config: &BrokerConfig,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<Exposed, SetupError> {
    harden()?;
    let homes = LockedHomes::new().map_err(StartError::Unprotected)?;
    let _lock = lock_key_store(&config.key_store)?;
    let busy = || slots::file_error(&config.slots, std::io::ErrorKind::ResourceBusy.into());
    let shelf = Shelf::take(&config.slots)?.ok_or_else(busy)?;
    let store = KeyStore::open(&config.key_store)?;
    slots::finish_pairing(&config.slots, &store)?;
    let mut expected = Expected::read(&store)?;
    let root = unlock(config, &expected, &homes)?;

    let does_not_open = || SetupError::SlotDoesNotOpen(SlotKind::Recovery);
    let code = RecoveryCode::random(entropy);
    let secret = SlotSecret::Recovery(&code);
    let (slot, pair) = slots::paired(&secret, expected.instance, &root, &homes, entropy)
        .map_err(|_| does_not_open())?;
    let path = slot_path(&config.slots, SlotKind::Recovery);
    let replaced = slots::read_slot(&path);
    expected.pairs.push(pair.clone());
    let fresh = path.with_extension("new");
    slots::replace_private(&fresh, slot.to_string().as_bytes())?;

    let text = code.text();
    let typed = RecoveryCode::parse(&text).map_err(|_| does_not_open())?;
    let read = slots::read_slot(&fresh).ok_or_else(does_not_open)?;
    slots::try_secret(&read, &SlotSecret::Recovery(&typed), &expected, &homes)
        .map_err(|_| does_not_open())?;
    shelf.record(&slots::line("renew", "recovery", SlotKind::Recovery, &root, clock))?;
    let kept = store.forget_recovery().and_then(|()| store.insert_pair(&pair, clock.now()));
    kept.map_err(|_| store.damaged("the confirmation could not be taken back"))?;
    slots::move_into_place(&fresh, &path)?;
    // The old code's slot leads nowhere any more, wherever a copy of it lies.
    let removed = replaced.map_or(Ok(()), |slot| store.remove_pair(slot.root()));
    removed.map_err(|_| store.damaged("the old code's pair could not be removed"))?;
    store.settle()?;
    Ok(text)
}
