//! The gate before a sign-in: who passes freely, and who proves work first.
//!
//! Always true
//! 1. A known device of the very account passes, whatever its network and the weather are.
//! 2. Whether work is asked depends on network and instance alone, never on whether there is such
//!    an account.
//! 3. A proof is used up in the transaction that counts the guess it was made for.

use std::sync::Arc;

use domain::{DeviceId, EmailAddress, Origin, UserId, limits};
use store::{PlatformTx, StoreError};

use super::device::KnownDevice;
use super::proof::{self, Bound, Challenge};
use super::{Guard, stuffing};
use crate::identity::Identity;
use crate::throttle::Network;

/// Why a sign-in is not looked at.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Closed {
    #[error("work has to be proved first")]
    Challenge(Challenge),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One sign-in before the gate.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(super) guard: Arc<Guard>,
    device: Option<KnownDevice>,
    proof: Option<String>,
    /// Digests of where it comes from, what it is for, and what was tried.
    pub(super) network: String,
    pub(super) account: String,
    pub(super) pair: String,
}

impl Gate {
    /// The gate of a sign-in that carries this device and this proof of work.
    pub(crate) fn of(
        identity: &Identity,
        email: &EmailAddress,
        password: &crate::passwords::Password,
        origin: &Origin,
        carried: (Option<KnownDevice>, Option<String>),
    ) -> Self {
        let guard = Arc::clone(&identity.guard);
        let (device, proof) = carried;
        let network = guard.digest("network", &[&Network::of(origin.ip).to_bytes()]);
        let account = guard.digest("account", &[email.as_str().as_bytes()]);
        let pair = guard.digest("pair", &[&password.pair_digest(email)]);
        Self { guard, device, proof, network, account, pair }
    }

    /// The device, when it is one of this person's.
    pub(crate) fn known(
        &self,
        tx: &mut PlatformTx<'_>,
        user: Option<UserId>,
    ) -> Result<Option<DeviceId>, StoreError> {
        match (self.device, user) {
            (Some(device), Some(user)) => device.of(tx, user),
            _ => Ok(None),
        }
    }

    /// Lets a stranger through, or asks for work.
    pub(crate) fn pass(&self, tx: &mut PlatformTx<'_>) -> Result<(), Closed> {
        let level = stuffing::level(self, tx)?;
        if level == 0 {
            return Ok(());
        }
        let bits = (limits::WORK_BITS_MIN + level - 1).min(limits::WORK_BITS_MAX);
        let (now, bound) = (tx.now(), Bound { network: &self.network, account: &self.account });
        let work = self.proof.as_deref();
        let work = work.and_then(|text| proof::shown(&self.guard, now, text, &bound));
        if let Some(work) = work.filter(|work| work.bits >= bits)
            && tx.sign_in_guard().use_proof(&work.name, work.expires_at)?
        {
            return Ok(());
        }
        Err(Closed::Challenge(Challenge::new(&self.guard, tx.mint(), bits, &bound)))
    }
}
