//! The one way a session begins, however its person proved who they are.
//!
//! Always true
//! 1. A session is made from a [`Proof`], and a proof holds two factors: there is no constructor
//!    for less. The factors are used up in the transaction that makes the session.
//! 2. Its details are sealed before the transaction; its entry, the end of the oldest session, and
//!    the judgement whether it is like the person's earlier ones are in it.

use broker::{AuthMethod, BrokerError};
use domain::sign_in::SignInPath;
use domain::{DeviceId, Origin, SessionId, TenantId, UserId, limits};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{ClientKind, NewSession, Page, PlatformTx, Revoked, Session, StoreError};

use super::approval::Approval;
use super::details::SessionDetails;
use super::factor::MatchedFactor;
use super::tokens;
use crate::dpop::Thumbprint;
use crate::guard::{DeviceToken, KnownDevice};
use crate::identity::Identity;
use crate::passkeys::MatchedPasskey;
use crate::risk::{Reading, Recognised};

/// How somebody proved who they are: always by two factors.
#[derive(Debug)]
pub(crate) enum Proof {
    /// Their password, and a second factor that matched.
    PasswordAnd(MatchedFactor),
    /// A passkey whose authenticator is held and verified its person.
    Passkey(MatchedPasskey),
    /// A provider's word, which the workspace to be entered counts as two factors.
    Upstream(SignInPath),
    /// A provider's word, and a second factor of their own that matched.
    UpstreamAnd(MatchedFactor, SignInPath),
    /// The first code of the authenticator they just enrolled, with the password they just chose.
    Enrolled,
    /// A live session of theirs, begun with two factors, that let this one in.
    Approved(Approval),
}

impl Proof {
    /// How they proved it, in the words of the token (RFC 8176).
    pub(crate) fn amr(&self) -> Vec<String> {
        let methods = match self {
            Self::PasswordAnd(factor) => [vec![AuthMethod::Password], factor.methods()].concat(),
            Self::Passkey(matched) => matched.methods(),
            Self::Approved(approval) => return approval.amr().to_vec(),
            Self::Upstream(_) => vec![AuthMethod::SingleSignOn],
            Self::UpstreamAnd(factor, _) => {
                [vec![AuthMethod::SingleSignOn], factor.methods()].concat()
            }
            Self::Enrolled => vec![AuthMethod::Password, AuthMethod::Totp],
        };
        let both = methods.into_iter().chain([AuthMethod::MultiFactor]);
        both.map(|method| tokens::name_of(method).to_owned()).collect()
    }

    /// How the session will have begun; what every workspace's door judges. A session that was let
    /// in by another one began as that one did.
    fn path(&self, tx: &mut PlatformTx<'_>) -> Result<SignInPath, StoreError> {
        match self {
            Self::Upstream(path) | Self::UpstreamAnd(_, path) => Ok(path.clone()),
            Self::Approved(approval) => tx.session_paths().of(approval.by()),
            Self::PasswordAnd(_) | Self::Passkey(_) | Self::Enrolled => Ok(SignInPath::Local),
        }
    }

    /// Uses its factors up. `false`: another request was faster.
    fn use_up(&self, tx: &mut PlatformTx<'_>, user: UserId) -> Result<bool, StoreError> {
        match self {
            Self::PasswordAnd(factor) | Self::UpstreamAnd(factor, _) => factor.use_up(tx, user),
            Self::Passkey(matched) => matched.use_up(tx, user),
            // Used up with the way to the provider.
            Self::Upstream(_) => Ok(true),
            // Used up by the birth of the account.
            Self::Enrolled => Ok(true),
            Self::Approved(approval) => approval.use_up(tx, user),
        }
    }
}

/// What will hold the session.
#[derive(Debug, Clone)]
pub struct Holder {
    pub(crate) client: ClientKind,
    /// What the client says about its machine and version.
    pub(crate) label: Option<String>,
    /// Thumbprint of the key its tokens will be bound to.
    pub(crate) dpop_jkt: Option<String>,
    /// What the client says about its device. One that is not a known one of this person's gets
    /// an id of its own.
    pub(crate) device: Option<DeviceToken>,
}

impl Holder {
    /// A program of the person's own, about which nothing more is known.
    #[must_use]
    pub const fn api() -> Self {
        Self { client: ClientKind::Api, label: None, dpop_jkt: None, device: None }
    }

    /// A browser, which keeps its refresh token in a cookie.
    #[must_use]
    pub const fn browser() -> Self {
        Self { client: ClientKind::Browser, label: None, dpop_jkt: None, device: None }
    }

    /// The same on the device that this token names, if it is one of the person's.
    #[must_use]
    pub fn on_device(self, device: Option<DeviceToken>) -> Self {
        Self { device, ..self }
    }

    /// The device that it says it is.
    pub(crate) async fn known_device(
        &self,
        identity: &Identity,
    ) -> Result<Option<KnownDevice>, BrokerError> {
        match &self.device {
            Some(token) => token.read(&identity.broker).await,
            None => Ok(None),
        }
    }

    /// Somebody who proved to hold this key: the session's tokens will be bound to it.
    #[must_use]
    pub fn of_key(key: &Thumbprint) -> Self {
        Self { dpop_jkt: Some(key.text()), ..Self::api() }
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
    /// The device that the holder says it is, as [`Holder::known_device`] read it.
    pub(crate) device: Option<KnownDevice>,
}

/// A session whose details are sealed: what is left is one transaction.
#[derive(Debug)]
pub(crate) struct Unborn {
    proof: Proof,
    new: NewSession,
    reading: Reading,
    /// The device that its client says it is.
    device: Option<KnownDevice>,
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
        let Self { id, user, workspace, proof, holder, device } = self;
        let Holder { client, label, dpop_jkt, device: _ } = holder;
        let reading = Reading::of(identity, user, origin);
        let country = reading.country();
        let details = SessionDetails { country, ..SessionDetails::of(origin, label) };
        let sealed = Some(details.sealed(identity, user, id).await?);
        let amr = proof.amr();
        let new = NewSession { id, user, workspace, amr, client, sealed, dpop_jkt, device: None };
        Ok(Unborn { proof, new, reading, device })
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
        let (device, recognised) = self.note_device(tx)?;
        let new = NewSession { device: Some(device), ..self.new.clone() };
        let mut session = tx.sessions().create(&new)?;
        self.note_path(tx)?;
        self.note_passkey(tx)?;
        let started = json!({
            "user": session.user, "methods": session.amr, "client": session.client.as_str(),
        });
        let event = AuditEvent::new(Verb::SessionStarted, "session", session.id);
        events.push(event.new_value(started));
        events.extend(self.reading.settle(tx, &mut session, recognised)?);
        Ok((session, events))
    }

    /// Notes how the session began, where that is not by what is enrolled here.
    fn note_path(&self, tx: &mut PlatformTx<'_>) -> Result<(), StoreError> {
        match self.proof.path(tx)? {
            SignInPath::Local => Ok(()),
            path => tx.session_paths().note(self.new.id, &path),
        }
    }

    /// Notes which passkey answered, here or in the session that let this one in.
    fn note_passkey(&self, tx: &mut PlatformTx<'_>) -> Result<(), StoreError> {
        match &self.proof {
            Proof::Passkey(matched)
            | Proof::PasswordAnd(MatchedFactor::Passkey(matched))
            | Proof::UpstreamAnd(MatchedFactor::Passkey(matched), _) => {
                tx.session_passkeys().note(self.new.id, matched.passkey())
            }
            Proof::Approved(approval) => tx.session_passkeys().pass_on(approval.by(), self.new.id),
            Proof::PasswordAnd(_)
            | Proof::UpstreamAnd(..)
            | Proof::Upstream(_)
            | Proof::Enrolled => Ok(()),
        }
    }

    /// Remembers a new device, or that a known one was seen again.
    fn note_device(&self, tx: &mut PlatformTx<'_>) -> Result<(DeviceId, Recognised), StoreError> {
        let user = self.new.user;
        let known = self.device.map(|device| device.of(tx, user)).transpose()?.flatten();
        if let Some(device) = known {
            tx.devices().seen(device, user)?;
            return Ok((device, Recognised::Yes));
        }
        let device = tx.mint().id();
        tx.devices().add(device, user, limits::DEVICES_PER_USER_MAX)?;
        Ok((device, Recognised::No))
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
            Proof::PasswordAnd(factor) => ["password", own(factor)],
            Proof::Passkey(_) => ["authenticator held", "its person verified"],
            Proof::Upstream(_) => ["provider's word", "factor that the provider checked"],
            Proof::UpstreamAnd(factor, _) => ["provider's word", own(factor)],
            Proof::Enrolled => ["password just chosen", "authenticator's first code"],
            Proof::Approved(_) => ["live session of two factors", "its factor given again"],
        }
    }

    const fn own(factor: &MatchedFactor) -> &'static str {
        match factor {
            MatchedFactor::Totp { .. } => "authenticator",
            MatchedFactor::BackupCode { .. } => "backup code",
            MatchedFactor::Passkey(_) => "passkey",
        }
    }

    #[test]
    fn every_path_to_a_session_has_two_factors_and_its_token_says_so() {
        let backup = MatchedFactor::BackupCode { selector: "AA".to_owned() };
        for proof in [
            Proof::PasswordAnd(MatchedFactor::Totp { step: 1 }),
            Proof::PasswordAnd(backup),
            Proof::Upstream(SignInPath::Local),
            Proof::UpstreamAnd(MatchedFactor::Totp { step: 1 }, SignInPath::Local),
            Proof::Enrolled,
        ] {
            let [one, other] = factors(&proof);
            assert_ne!(one, other);
            let amr = proof.amr();
            assert!(amr.iter().any(|method| method == "mfa"), "{amr:?}");
            assert!(amr.len() >= 2, "{amr:?}");
        }
    }
}
