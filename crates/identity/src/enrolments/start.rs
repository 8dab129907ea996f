//! Starts an enrolment: link, code, address and password for a TOTP seed.

use aws_lc_rs::constant_time;
use broker::{Broker, BrokerError, MacPurpose, Realm};
use domain::{Actor, EmailAddress, EnrolmentId, InvitationId, Origin, SessionId, UserId};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Caller, Commit, Committed, LinkKind, NewEnrolment, QuietReason, StoreError};

use super::record_refusal;
use crate::ShownOnce;
use crate::code;
use crate::codes::TypedCode;
use crate::identity::Identity;
use crate::invitations::{self, AcceptError, Knock};
use crate::passwords::{self, Password, PasswordRefused, PoolError};

/// What somebody presents.
pub struct StartEnrolment {
    /// The link's id: a bootstrap link's or an invitation's.
    pub link: InvitationId,
    /// The code told apart from it.
    pub code: TypedCode,
    /// Their address; for an invitation, the one it was sent to.
    pub email: EmailAddress,
    /// The password they want.
    pub password: Password,
}

/// An enrolment that waits for its first TOTP code.
#[derive(Debug)]
pub struct Started {
    /// Its id.
    pub enrolment: EnrolmentId,
    /// The `otpauth` URI for the authenticator app, shown once.
    pub totp_uri: ShownOnce,
    /// The seed in it, for typing by hand.
    pub totp_secret: ShownOnce,
}

/// Why an enrolment was not started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StartEnrolmentError {
    /// Link and code open nothing, or the invitation is for another address.
    #[error(
        "the link and code open nothing: check both, and that the invitation is for this address"
    )]
    NotOpened,
    /// The password will not do.
    #[error(transparent)]
    Password(#[from] PasswordRefused),
    /// There is an account with this address: sign in, and accept the invitation.
    #[error("there is an account with this address; sign in and accept the invitation there")]
    Exists,
    /// Too much hashing at once on this machine.
    #[error(transparent)]
    Passwords(#[from] PoolError),
    /// The key broker could not be asked.
    #[error("the key broker could not be asked")]
    Sealing(#[from] BrokerError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl StartEnrolmentError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotOpened => "not_found",
            Self::Password(_) => "input.invalid",
            Self::Exists => "conflict.exists",
            Self::Passwords(PoolError::Busy { .. }) => "auth.busy",
            Self::Passwords(PoolError::Failed) => "internal",
            Self::Sealing(error) => code::of_broker(error),
            Self::Store(error) => code::of_store(error),
        }
    }
}

impl From<AcceptError> for StartEnrolmentError {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::Sealing(error) => Self::Sealing(error),
            AcceptError::Store(error) => Self::Store(error),
            AcceptError::Exists => Self::Exists,
            AcceptError::NotOpened | AcceptError::Refused(_) | AcceptError::Full => Self::NotOpened,
        }
    }
}

/// Starts an enrolment. It ends after [`domain::limits::ENROLMENT_MS`], and the link can start
/// another.
///
/// # Errors
/// [`StartEnrolmentError`].
pub async fn start(
    identity: &Identity,
    origin: Origin,
    presented: StartEnrolment,
) -> Result<Committed<Started>, StartEnrolmentError> {
    let StartEnrolment { link, code, email, password } = presented;
    passwords::check_new(&password, &email, identity.breached())?;
    let place = identity.passwords.place()?;
    let (store, broker) = (&identity.store, &identity.broker);
    let user: UserId = store.mint().id();
    let link_kind = opened(identity, &origin, user, link, &code, &email).await?;
    let wanted = email.clone();
    if store.platform_read(move |tx| tx.users().find_by_email(&wanted)).await?.is_some() {
        return Err(StartEnrolmentError::Exists);
    }

    let password_hash = identity.passwords.hash(place, password).await?.to_phc();
    broker.create_realm(Realm::Person(user)).await?;
    let (totp, uri) = broker.new_totp(user, email.as_str()).await?;
    let (totp_uri, totp_secret) =
        shown_seed(uri.expose()).ok_or(StartEnrolmentError::Sealing(BrokerError::Unreachable))?;
    let enrolment: EnrolmentId = store.mint().id();
    let new = NewEnrolment { id: enrolment, link_kind, link, user, email, password_hash, totp };
    let started = store
        .platform_write(&Caller::anonymous(origin), move |tx| {
            tx.enrolments().create(&new)?;
            let event = AuditEvent::new(Verb::EnrolmentStarted, "enrolment", new.id)
                .new_value(json!({ "link": new.link, "by": new.link_kind.as_str() }))
                .personal("email", new.email.as_str());
            Ok::<_, StartEnrolmentError>(Commit::audited(event, ()))
        })
        .await?;
    Ok(started.map(|()| Started { enrolment, totp_uri, totp_secret }))
}

/// Which kind of link it is, its code being right.
async fn opened(
    identity: &Identity,
    origin: &Origin,
    user: UserId,
    link: InvitationId,
    code: &TypedCode,
    email: &EmailAddress,
) -> Result<LinkKind, StartEnrolmentError> {
    let (store, broker) = (&identity.store, &identity.broker);
    let bootstrap = store.platform_read(move |tx| tx.bootstrap().find(link)).await?;
    if bootstrap.is_some() {
        bootstrap_opened(identity, origin, link, code).await?;
        return Ok(LinkKind::Bootstrap);
    }
    // Nobody's session yet: the actor of a newcomer is the person they will be.
    let session: SessionId = store.mint().id();
    let actor = Actor::User { user, session };
    let caller = Caller::anonymous(origin.clone());
    let knock = Knock { link, code, email, actor, caller };
    let door = invitations::open_door(store, broker, &knock).await?;
    invitations::look_in(store, &door).await?;
    Ok(LinkKind::Invitation)
}

async fn bootstrap_opened(
    identity: &Identity,
    origin: &Origin,
    link: InvitationId,
    code: &TypedCode,
) -> Result<(), StartEnrolmentError> {
    let counted = identity
        .store
        .platform_write(&Caller::anonymous(origin.clone()), move |tx| {
            let now = tx.now();
            let found = tx.bootstrap().find(link)?.filter(|found| found.usable(now));
            let digest = found.ok_or(StartEnrolmentError::NotOpened)?.code_hash;
            let codes = tx.bootstrap().count_wrong_code(link)?;
            if codes.is_none_or(|codes| codes > domain::limits::WRONG_CODES_MAX) {
                return Err(StartEnrolmentError::NotOpened);
            }
            Ok(Commit::quiet(QuietReason::GuessCounted, digest))
        })
        .await?;
    let given = code_digest(&identity.broker, link, code).await?;
    if constant_time::verify_slices_are_equal(&given, &counted.value).is_ok() {
        return Ok(());
    }
    let nobody = Caller::anonymous(origin.clone());
    record_refusal(&identity.store, &nobody, "bootstrap", link).await?;
    Err(StartEnrolmentError::NotOpened)
}

async fn code_digest(
    broker: &Broker,
    link: InvitationId,
    code: &TypedCode,
) -> Result<[u8; 32], BrokerError> {
    broker.mac(MacPurpose::Code, code.message(link.to_bytes())).await
}

/// The URI and the seed in it, both as text to be shown once.
pub(crate) fn shown_seed(uri: &[u8]) -> Option<(ShownOnce, ShownOnce)> {
    let uri = std::str::from_utf8(uri).ok()?;
    let (_, query) = uri.split_once('?')?;
    let secret = query.split('&').find_map(|pair| pair.strip_prefix("secret="))?;
    Some((ShownOnce::new(uri.to_owned()), ShownOnce::new(secret.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_is_found_wherever_it_stands_in_the_uri() {
        for uri in [
            "otpauth://totp/Casemate:a%40b.example?secret=ABC&issuer=Casemate",
            "otpauth://totp/Casemate:a%40b.example?issuer=Casemate&secret=ABC",
        ] {
            assert_eq!(shown_seed(uri.as_bytes()).unwrap().1.show(), "ABC");
        }
        assert!(shown_seed(b"otpauth://totp/x?issuer=Casemate").is_none());
    }
}
