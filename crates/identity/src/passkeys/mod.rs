//! Passkeys (WebAuthn): registering them, and proving with them who one is: alone, beside a
//! password, or once more inside a session.
//!
//! Always true
//! 1. A challenge is a row: it lives five minutes, is for one purpose, for one person where the
//!    person is known, and is used up by the transaction that relies on it.
//! 2. Every passkey verified its person (PIN or biometry) on every use: it is two factors.
//! 3. The origin is the instance's own, to the letter and the port.
//! 4. A signature counter that went back opens nothing, and its person is told.
//! 5. Staff registers passkeys that live in hardware, where the operator trusts vendors' roots.
//!
//! Never: an attestation of anybody else. Which make of authenticator they trust is theirs to
//! choose.
//!
//! Sources: W3C Web Authentication level 3 sections 7.1, 7.2, 14.6; ASVS 5.0 6.5.7, 6.7.

mod answer;
mod challenge;
mod decoys;
mod error;
mod hardware;
mod list;
mod matched;
mod register;
mod relying_party;
mod remove;
mod rename;
mod sign_in;

pub use answer::{AnswerForm, NewCredential, PasskeyAnswer};
pub use challenge::{IssuedChallenge, for_registration, for_sign_in, for_step_up};
pub use error::PasskeyError;
pub use hardware::{HardwareRoots, HardwareRootsError};
pub use list::list;
pub(crate) use matched::{Expected, MatchedPasskey, matched};
pub use register::register;
pub(crate) use relying_party::RelyingParty;
pub use remove::remove;
pub use rename::rename;
pub use sign_in::{PasskeySignIn, sign_in};

use domain::{AccountScope, UserId, limits};
use store::{PlatformTx, Session, StoreError};

use crate::sessions;

/// Whether this person registers nothing but hardware: they are staff, and the operator trusts
/// roots to tell hardware by.
fn hardware_only(
    tx: &mut PlatformTx<'_>,
    roots: &HardwareRoots,
    user: UserId,
) -> Result<bool, StoreError> {
    Ok(!roots.is_empty() && tx.staff().find(user)?.is_some())
}

/// The caller's own session, with a factor given a short while ago.
fn fresh(tx: &mut PlatformTx<'_>, account: &AccountScope) -> Result<Session, PasskeyError> {
    let session = sessions::own(tx, account)?;
    if tx.now().since_ms(session.factor_at) > limits::FACTOR_FRESH_MS {
        return Err(PasskeyError::FactorNotFresh);
    }
    Ok(session)
}
