//! A credential as a request presents it, and whether its presenter holds its key.
//!
//! Always true: a bound token is taken as `DPoP` with a proof, an unbound one as `Bearer`; neither
//! passes as the other.

use super::Errand;
use super::proof::ProofRefused;
use crate::identity::Identity;
use crate::principal::AuthRefused;
use crate::tokens::VerifiedClaims;

/// How a credential is presented (RFC 9110 section 11.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Whoever bears it may use it (RFC 6750).
    Bearer,
    /// Whoever bears it and proves that they hold its key may use it (RFC 9449).
    Dpop,
}

/// A credential of a request, with the proof beside it.
#[derive(Debug, Clone, Copy)]
pub struct Presented<'a> {
    /// How it is presented.
    pub scheme: Scheme,
    /// An access token or an API key.
    pub credential: &'a str,
    /// The proof, if any.
    pub proof: Option<&'a str>,
    /// What the proof must speak about.
    pub errand: Option<&'a Errand>,
}

impl<'a> Presented<'a> {
    /// A credential that is presented alone.
    #[must_use]
    pub const fn bearer(credential: &'a str) -> Self {
        Self { scheme: Scheme::Bearer, credential, proof: None, errand: None }
    }
}

/// Whether the presenter of a genuine token holds the key it is bound to.
///
/// # Errors
/// [`AuthRefused::ProofNeeded`], [`AuthRefused::Proof`]; [`AuthRefused::Invalid`] for an unbound
/// token that is presented as a bound one.
pub(crate) fn held(
    identity: &Identity,
    claims: &VerifiedClaims,
    presented: Presented<'_>,
) -> Result<(), AuthRefused> {
    let Some(bound_to) = claims.holder_key else {
        return match presented.scheme {
            Scheme::Bearer => Ok(()),
            Scheme::Dpop => Err(AuthRefused::Invalid),
        };
    };
    let (Scheme::Dpop, Some(proof), Some(errand)) =
        (presented.scheme, presented.proof, presented.errand)
    else {
        return Err(AuthRefused::ProofNeeded);
    };
    let holder = super::holder(identity, proof, errand, Some(presented.credential))?;
    if *holder.bytes() == bound_to { Ok(()) } else { Err(ProofRefused::OtherKey.into()) }
}
