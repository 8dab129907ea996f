//! A session that another one vouches for: somebody who is signed in lets a client of theirs in.
//!
//! Always true
//! 1. The session that vouches was begun with two factors, gave one a short while ago, and lives
//!    still at the moment the new one begins; the new one says the same about how its person proved
//!    who they are.
//! 2. An approval is used up by one conditional statement in the transaction that begins the
//!    session.

use broker::AuthMethod;
use domain::{AuthorizationId, DeviceGrantId, SessionId, TimeMs, UserId, limits};
use store::{PlatformTx, Session, StoreError, UserState};

use super::tokens;

/// What was approved.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Approved {
    /// A command line on the approver's machine, by a code.
    Code(AuthorizationId),
    /// A device elsewhere.
    Grant(DeviceGrantId),
}

/// An approval that was not used yet.
#[derive(Debug)]
pub(crate) struct Approval {
    what: Approved,
    by: SessionId,
    amr: Vec<String>,
}

impl Approval {
    /// An approval by a session that was begun with these methods; `None` when they are not two
    /// factors.
    pub(crate) fn of(what: Approved, by: SessionId, amr: Vec<String>) -> Option<Self> {
        two_factors(&amr).then_some(Self { what, by, amr })
    }

    /// The session that approved.
    pub(super) const fn by(&self) -> SessionId {
        self.by
    }

    /// How the approver proved who they are.
    pub(super) fn amr(&self) -> &[String] {
        &self.amr
    }

    /// Uses the approval up. `false`: another request was faster, it is over, or whoever gave it is
    /// signed out.
    pub(super) fn use_up(&self, tx: &mut PlatformTx<'_>, user: UserId) -> Result<bool, StoreError> {
        let now = tx.now();
        let session = tx.sessions().find(self.by)?;
        let person = tx.users().find(user)?;
        let stands = session.is_some_and(|by| by.user == user && by.live(now))
            && person.is_some_and(|person| person.state == UserState::Active);
        if !stands {
            return Ok(false);
        }
        match self.what {
            Approved::Code(id) => tx.authorizations().redeem(id),
            Approved::Grant(id) => tx.device_grants().redeem(id),
        }
    }
}

/// Whether a session may let a client in now: two factors, one of them fresh.
pub(crate) fn may_approve(session: &Session, now: TimeMs) -> bool {
    let age_ms = now.since_ms(session.factor_at);
    two_factors(&session.amr)
        && (-limits::CLOCK_SKEW_MS_MAX..=limits::FACTOR_FRESH_MS).contains(&age_ms)
}

/// Every proof that begins a session says so in one of these two words.
fn two_factors(amr: &[String]) -> bool {
    let said = |method| amr.iter().any(|name| name == tokens::name_of(method));
    said(AuthMethod::MultiFactor) || said(AuthMethod::Passkey)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn one_factor_vouches_for_nothing() {
        let approval = |amr: &[&str]| {
            let amr = amr.iter().map(|name| (*name).to_owned()).collect();
            Approval::of(Approved::Code(Uuid::nil().into()), Uuid::nil().into(), amr)
        };
        assert!(approval(&[]).is_none() && approval(&["pwd"]).is_none());
        assert!(approval(&["pwd", "otp", "mfa"]).is_some() && approval(&["passkey"]).is_some());
    }
}
