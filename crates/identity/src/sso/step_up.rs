//! A provider's factors given again, in a session that stands on its word.
//!
//! Always true
//! 1. The same person, known by the same provider; the workspace's policy counts what it says now,
//!    as it did when they signed in.
//! 2. The provider says when they gave their factors, and it was after this way began: one who is
//!    still signed in there has given nothing again.
//! 3. What it says now is what the session stands on from here on.

use domain::sign_in::{EntryDenied, FactorOf, SignInPath, given_again};
use domain::{AccountScope, SsoTransactionId, limits};
use store::{Caller, Committed, SsoErrand};

use super::SsoError;
use super::redeem::{Arrival, outcome_of, policy_of};
use super::way::Pass;
use crate::identity::Identity;
use crate::sessions::{self, SessionTokens};

/// Makes the session's factor fresh with what the provider said. Tokens of before end: the answer
/// holds the new ones.
///
/// # Errors
/// [`SsoError::FactorNotFresh`]: the provider did not ask them again, or does not say when it did;
/// [`SsoError::IdentityOther`]: somebody else signed in there.
pub async fn step_up(
    identity: &Identity,
    account: &AccountScope,
    id: SsoTransactionId,
    cookie: &str,
) -> Result<Committed<SessionTokens>, SsoError> {
    let own = SsoErrand::StepUp(account.user(), account.session());
    let row = Pass::known(identity, id, cookie, own).await?;
    let outcome = outcome_of(&row)?;
    let policy = policy_of(identity, row.workspace, account.origin()).await?;
    if !policy.counts(row.provider, &outcome.said) {
        return Err(SsoError::Entry(EntryDenied::FactorNotCounted));
    }
    let begun = row.expires_at.plus_ms(-limits::SSO_TRANSACTION_MS);
    if !given_again(outcome.auth_time_s, begun, identity.store.mint().now()) {
        return Err(SsoError::FactorNotFresh);
    }
    let origin = account.origin().clone();
    let arrival = Arrival { row, outcome, counts: true, origin };
    let scope = account.clone();
    let risen = identity
        .store
        .platform_write(&Caller::from(account), move |tx| {
            let before = sessions::own_confined_too(tx, &scope)?;
            arrival.used_up(tx)?;
            let (issuer, subject) = (&arrival.outcome.issuer, &arrival.outcome.subject);
            let linked = tx.identities().find(issuer, subject)?;
            if linked.is_none_or(|linked| linked.user != before.user) {
                return Err(SsoError::IdentityOther);
            }
            let path = arrival.path();
            if !replaces(&tx.session_paths().of(before.id)?, &path) {
                return Err(SsoError::TransactionInvalid);
            }
            tx.session_paths().note(before.id, &path)?;
            Ok::<_, SsoError>(sessions::risen(tx, &before, broker::AuthMethod::SingleSignOn)?)
        })
        .await?;
    let handed = sessions::issue(identity, &risen.value).await?;
    Ok(risen.map(|_| handed))
}

/// Whether both stand on the word of one provider, and differ at most in what it said.
fn replaces(before: &SignInPath, now: &SignInPath) -> bool {
    let SignInPath::Provider { provider, home, factor: FactorOf::Provider(_) } = before else {
        return false;
    };
    matches!(now, SignInPath::Provider { provider: p, home: h, .. } if p == provider && h == home)
}
