//! Proofs that whoever sends a request holds a key (DPoP, RFC 9449).
//!
//! Always true
//! 1. A token that is bound to a key opens nothing without a proof by that key, made for this very
//!    request: method, URL, token, moment.
//! 2. A proof counts once. It is remembered for as long as it could be sent again; when there is no
//!    room to remember it, it is refused.
//! 3. The key is the one in the proof's own header, and only its thumbprint is compared: a header
//!    that names a key elsewhere is refused, like one that holds a private key.
//!
//! Honest limit: each process remembers the proofs it saw. A proof that was overheard inside TLS
//! can be sent to another process within [`limits::PROOF_MS_MAX`].
//!
//! Sources: RFC 9449, RFC 7638, RFC 8037.

mod key;
mod presented;
mod proof;
mod seen;

pub use key::Thumbprint;
pub(crate) use presented::held;
pub use presented::{Presented, Scheme};
pub use proof::{Errand, ProofRefused};
pub(crate) use seen::SeenProofs;

#[cfg(doc)]
use domain::limits;

use crate::identity::Identity;

/// Who holds the key of this proof, once the proof is judged for this request. `token` is the
/// access token it comes with, if any.
///
/// # Errors
/// [`ProofRefused`].
pub fn holder(
    identity: &Identity,
    text: &str,
    errand: &Errand,
    token: Option<&str>,
) -> Result<Thumbprint, ProofRefused> {
    let now = identity.store.mint().now();
    let proof = proof::verified(text)?;
    proof.speaks_of(errand, token, now)?;
    identity.proofs.first(&proof, now)?;
    Ok(proof.holder)
}
