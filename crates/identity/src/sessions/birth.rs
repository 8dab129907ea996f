//! The one way a session begins, however its person proved who they are.
//!
//! Always true
//! 1. A session is made from a [`Proof`], and a proof holds two factors: there is no constructor
//!    for less. The factors are used up in the transaction that makes the session.
//! 2. Its details are sealed before the transaction; its entry and the end of the oldest session
//!    are in it.

use broker::{AuthMethod, BrokerError};
use domain::{DeviceId, Origin, SessionId, TenantId, UserId, limits};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{ClientKind, NewSession, Page, PlatformTx, Revoked, Session, StoreError};

use super::details::SessionDetails;
use super::factor::MatchedFactor;
use super::tokens;
use crate::identity::Identity;

/// How somebody proved who they are: always by two factors.
#[derive(Debug)]
pub(crate) enum Proof {
    /// Their password, and a second factor that matched.
    PasswordAnd(MatchedFactor),
    /// The first code of the authenticator they just enrolled, with the password they just chose.
    Enrolled,
}

impl Proof {
    /// How they proved it, in the words of the token (RFC 8176).
    pub(crate) fn amr(&self) -> Vec<String> {
        let methods = match self {
            Self::PasswordAnd(factor) => {
                vec![AuthMethod::Password, factor.method(), AuthMethod::MultiFactor]
            }
            Self::Enrolled => {
                vec![AuthMethod::Password, AuthMethod::Totp, AuthMethod::MultiFactor]
            }
        };
        methods.into_iter().map(|method| tokens::name_of(method).to_owned()).collect()
    }

    /// Uses its factors up. `false`: another request was faster.
    fn use_up(&self, tx: &mut PlatformTx<'_>, user: UserId) -> Result<bool, StoreError> {
        match self {
            Self::PasswordAnd(factor) => factor.use_up(tx, user),
            // Used up by the birth of the account.
            Self::Enrolled => Ok(true),
        }
    }
}

/// What will hold the session.
#[derive(Debug, Clone)]
pub(crate) struct Holder {
    pub(crate) client: ClientKind,
    /// What the client says about its machine and version.
    pub(crate) label: Option<String>,
    /// Thumbprint of the key its tokens will be bound to.
    pub(crate) dpop_jkt: Option<String>,
    /// The device, where it is known.
    pub(crate) device: Option<DeviceId>,
}

impl Holder {
    /// A program of the person's own, about which nothing more is known.
    pub(crate) const fn api() -> Self {
        Self { client: ClientKind::Api, label: None, dpop_jkt: None, device: None }
    }
}

/// A session about to begin.
#[derive(Debug)]
pub(crate) struct Birth {
    pub(crate) id: SessionId,
    pub(crate) user: UserId,
    pub(crate) workspace: Option<TenantId>,
    pub(crate) proof: Proof,
    pub(crate) holder: Holder,
}

/// A session whose details are sealed: what is left is one transaction.
#[derive(Debug)]
pub(crate) struct Unborn {
    proof: Proof,
    new: NewSession,
}

/// Why a session did not begin inside its transaction.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotBorn {
    /// Another request used the same factor in the meantime.
    #[error("the factor was used before")]
    FactorUsed,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Birth {
    /// Seals what the session is begun with.
    pub(crate) async fn prepared(
        self,
        identity: &Identity,
        origin: &Origin,
    ) -> Result<Unborn, BrokerError> {
        let Self { id, user, workspace, proof, holder } = self;
        let Holder { client, label, dpop_jkt, device } = holder;
        let details = SessionDetails::of(origin, label);
        let sealed = Some(details.sealed(identity, user, id).await?);
        let amr = proof.amr();
        let new = NewSession { id, user, workspace, amr, client, sealed, dpop_jkt, device };
        Ok(Unborn { proof, new })
    }
}

impl Unborn {
    /// The session's id.
    pub(crate) const fn id(&self) -> SessionId {
        self.new.id
    }

    /// Uses the factors up and begins the session. The person's oldest one ends when they have
    /// [`limits::SESSIONS_PER_USER_MAX`].
    pub(crate) fn begin(
        &self,
        tx: &mut PlatformTx<'_>,
    ) -> Result<(Session, Vec<AuditEvent>), NotBorn> {
        if !self.proof.use_up(tx, self.new.user)? {
            return Err(NotBorn::FactorUsed);
        }
        let mut events = end_oldest(tx, self.new.user)?;
        let session = tx.sessions().create(&self.new)?;
        let started = json!({
            "user": session.user, "methods": session.amr, "client": session.client.as_str(),
        });
        let event = AuditEvent::new(Verb::SessionStarted, "session", session.id);
        events.push(event.new_value(started));
        Ok((session, events))
    }
}

/// Makes room for one more session.
fn end_oldest(tx: &mut PlatformTx<'_>, user: UserId) -> Result<Vec<AuditEvent>, StoreError> {
    let live = usize::try_from(tx.sessions().count_live(user)?).unwrap_or(usize::MAX);
    if live < limits::SESSIONS_PER_USER_MAX {
        return Ok(Vec::new());
    }
    let oldest = tx.sessions().list(user, Page::first(1))?.items;
    for session in &oldest {
        tx.sessions().revoke(session.id)?;
        tx.revocations().add(Revoked::Session { session: session.id, epoch: i64::MAX })?;
    }
    Ok(oldest
        .iter()
        .map(|session| {
            AuditEvent::new(Verb::SessionEnded, "session", session.id)
                .new_value(json!({ "by": "newer_session" }))
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The two factors behind every path to a session. The match has no default: a new path does
    /// not compile before somebody writes its factors down here.
    const fn factors(proof: &Proof) -> [&'static str; 2] {
        match proof {
            Proof::PasswordAnd(MatchedFactor::Totp { .. }) => ["password", "authenticator"],
            Proof::PasswordAnd(MatchedFactor::BackupCode { .. }) => ["password", "backup code"],
            Proof::Enrolled => ["password just chosen", "authenticator's first code"],
        }
    }

    #[test]
    fn every_path_to_a_session_has_two_factors_and_its_token_says_so() {
        let backup = MatchedFactor::BackupCode { selector: "AA".to_owned() };
        for proof in [
            Proof::PasswordAnd(MatchedFactor::Totp { step: 1 }),
            Proof::PasswordAnd(backup),
            Proof::Enrolled,
        ] {
            let [one, other] = factors(&proof);
            assert_ne!(one, other);
            let amr = proof.amr();
            assert!(amr.iter().any(|method| method == "mfa"), "{amr:?}");
            assert!(amr.len() >= 3, "{amr:?}");
        }
    }
}
