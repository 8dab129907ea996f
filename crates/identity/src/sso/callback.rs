//! A browser comes back from a provider.
//!
//! Always true
//! 1. Cookie and state are this way's, and the way was not walked before: the step is taken before
//!    the code is exchanged, so a code is exchanged once.
//! 2. What goes wrong after that ends the way, with an entry that says why.

use domain::{Origin, SsoTransactionId, limits};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Caller, Commit, QuietReason, SsoErrand, SsoState, SsoTransaction};

use super::discovery::{TENANT, Wanted};
use super::target::{Kind, Target};
use super::token::{self, Outcome};
use super::way::Pass;
use super::{SsoError, github};
use crate::identity::Identity;

/// What the browser brings, as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Returned {
    /// The code.
    pub code: Option<String>,
    /// The state.
    pub state: Option<String>,
    /// Who answers (RFC 9207).
    pub iss: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
}

/// Longest code or issuer that is looked at.
const VALUE_CHARS_MAX: usize = 4_096;

/// Somebody who is back, and known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Back {
    /// The way, which can now be redeemed.
    pub transaction: SsoTransactionId,
    /// What it is for.
    pub errand: SsoErrand,
}

/// Takes a browser back.
///
/// # Errors
/// [`SsoError`].
pub async fn callback(
    identity: &Identity,
    origin: Origin,
    cookie: &str,
    returned: Returned,
) -> Result<Back, SsoError> {
    let pass = Pass::parse(cookie)?;
    pass.owns(identity, returned.state.as_deref().unwrap_or_default()).await?;
    let row = pass.row(identity).await?;
    let caller = Caller::anonymous(origin);
    step(identity, &caller, pass.id, (SsoState::Sent, SsoState::Back), None).await?;
    match said(identity, &caller, &pass, &row, &returned).await {
        Ok(outcome) => {
            let text = serde_json::to_string(&outcome).map_err(|_| SsoError::ProviderFailed)?;
            let steps = (SsoState::Back, SsoState::Known);
            step(identity, &caller, pass.id, steps, Some(text)).await?;
            Ok(Back { transaction: pass.id, errand: row.errand })
        }
        Err(error) => {
            refused(identity, &caller, &row, error).await?;
            Err(error)
        }
    }
}

async fn step(
    identity: &Identity,
    caller: &Caller,
    id: SsoTransactionId,
    (from, to): (SsoState, SsoState),
    outcome: Option<String>,
) -> Result<(), SsoError> {
    let stepped = identity.store.platform_write(caller, move |tx| {
        if !tx.sso_transactions().step(id, from, to, outcome.as_deref())? {
            return Err(SsoError::TransactionInvalid);
        }
        Ok(Commit::quiet(QuietReason::SsoStep, ()))
    });
    stepped.await.map(drop)
}

/// What the provider says about whoever came back.
async fn said(
    identity: &Identity,
    caller: &Caller,
    pass: &Pass,
    row: &SsoTransaction,
    returned: &Returned,
) -> Result<Outcome, SsoError> {
    let sso = identity.sso.as_ref().ok_or(SsoError::NoProvider)?;
    let target = Target::find(identity, row.provider, row.workspace, caller.origin()).await?;
    let now = identity.store.mint().now();
    if target.kind != Kind::GitHub {
        let seen = sso.seen(&target, Wanted::Usual, now).await?;
        let always = seen.metadata.authorization_response_iss_parameter_supported;
        answered_by(&target, &seen.metadata.issuer, always, returned.iss.as_deref())?;
    }
    if returned.error.is_some() {
        return Err(SsoError::ProviderRefused);
    }
    let code = returned.code.as_deref().filter(|code| !code.is_empty());
    let code = code.filter(|code| code.len() <= VALUE_CHARS_MAX);
    let code = code.ok_or(SsoError::ProviderRefused)?;
    let (verifier, nonce) = (pass.verifier(identity).await?, pass.nonce(identity).await?);
    let returned = token::Returned { code, verifier, nonce };
    match target.kind {
        Kind::GitHub => github::outcome(sso, &target, &returned).await,
        _ => token::outcome(sso, &target, &returned, now).await,
    }
}

/// RFC 9207: an answer that names another issuer than the one asked is not looked at; one that
/// names none is not either, where the issuer always names itself.
fn answered_by(
    target: &Target,
    issuer: &str,
    always: bool,
    named: Option<&str>,
) -> Result<(), SsoError> {
    // Microsoft's common document names a template; the answer names one of the tenants let in.
    let is_asked = |named: &str| match &target.kind {
        Kind::Microsoft { tenants } => {
            tenants.iter().any(|tenant| issuer.replace(TENANT, tenant) == named)
        }
        _ => named == issuer,
    };
    match named {
        Some(named) if is_asked(named) => Ok(()),
        Some(_) => Err(SsoError::IssuerMixed),
        None if always => Err(SsoError::IssuerMixed),
        None => Ok(()),
    }
}

async fn refused(
    identity: &Identity,
    caller: &Caller,
    row: &SsoTransaction,
    error: SsoError,
) -> Result<(), SsoError> {
    let (id, provider) = (row.id, row.provider);
    let recorded = identity.store.platform_write(caller, move |tx| {
        tx.sso_transactions().step(id, SsoState::Back, SsoState::Failed, Some(error.code()))?;
        let event = AuditEvent::new(Verb::SsoRefused, "sso_transaction", id)
            .new_value(json!({ "provider": provider, "code": error.code() }));
        Ok::<_, SsoError>(Commit::audited(event, ()))
    });
    recorded.await.map(drop)
}

const _: () = assert!(limits::SUBJECT_CHARS_MAX < VALUE_CHARS_MAX);
