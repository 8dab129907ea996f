//! Confirms an enrolment: its first TOTP code makes the account, its backup codes and its first
//! session.
//!
//! Always true
//! 1. The code is counted before it is checked; its step is used up with the account.
//! 2. Account, link, codes and session are one transaction of the platform's unit. The membership
//!    of an invitation follows in the workspace's own unit: a crash in between leaves an account
//!    that can accept the invitation by signing in, never a membership without an account.

use broker::{BrokerError, MacPurpose, TotpCode};
use domain::authz::RankDenied;
use domain::{AccountScope, Actor, EmailAddress, EnrolmentId, Origin, Scope, SessionId, UserId};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{
    Caller, Commit, Committed, Enrolment, EntryRef, LinkKind, NewUser, PlatformTx, QuietReason,
    Session, StoreError,
};

use super::record_refusal;
use crate::ShownOnce;
use crate::code;
use crate::codes::BackupCode;
use crate::identity::Identity;
use crate::invitations::{self, AcceptError, Door, Joined};
use crate::sessions::{self, Birth, Holder, NotBorn, Proof, SessionTokens, Unborn, digest_text};

/// What a newcomer gets.
#[derive(Debug)]
pub struct Confirmed {
    /// Their id.
    pub user: UserId,
    /// Ten codes, shown once.
    pub backup_codes: Vec<ShownOnce>,
    /// Their first session.
    pub tokens: SessionTokens,
    /// The workspace they joined, if they came by an invitation.
    pub joined: Option<Joined>,
}

/// Why an enrolment was not confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConfirmError {
    /// The code is wrong.
    #[error("the code is wrong; check the clock of the device that shows it")]
    Wrong,
    /// There is no such enrolment, it is over, or its link is.
    #[error("the enrolment is over; start again with the link")]
    Over,
    /// Whoever invited may no longer do so.
    #[error(transparent)]
    Refused(RankDenied),
    /// There is an account with this address meanwhile.
    #[error("there is an account with this address")]
    Exists,
    /// The key broker could not be asked.
    #[error("the key broker could not be asked")]
    Sealing(#[from] BrokerError),
    /// The store failed.
    #[error("the store failed")]
    Store(StoreError),
}

impl ConfirmError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Wrong => "auth.factor_wrong",
            Self::Over => "not_found",
            Self::Refused(denied) => code::of_rank(denied),
            Self::Exists => "conflict.exists",
            Self::Sealing(error) => code::of_broker(error),
            Self::Store(error) => code::of_store(error),
        }
    }
}

impl From<StoreError> for ConfirmError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict => Self::Exists,
            error => Self::Store(error),
        }
    }
}

impl From<NotBorn> for ConfirmError {
    fn from(not: NotBorn) -> Self {
        match not {
            NotBorn::FactorUsed => Self::Over,
            NotBorn::Store(error) => Self::from(error),
        }
    }
}

impl From<AcceptError> for ConfirmError {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::NotOpened | AcceptError::Full => Self::Over,
            AcceptError::Exists => Self::Exists,
            AcceptError::Refused(denied) => Self::Refused(denied),
            AcceptError::Sealing(error) => Self::Sealing(error),
            AcceptError::Store(error) => Self::Store(error),
        }
    }
}

/// What one transaction makes of an enrolment.
struct Newcomer {
    enrolment: Enrolment,
    step: i64,
    codes: Vec<(String, String)>,
    session: Unborn,
}

/// Makes the account, and its first session for this holder.
///
/// # Errors
/// [`ConfirmError`].
pub async fn confirm(
    identity: &Identity,
    origin: Origin,
    id: EnrolmentId,
    code: TotpCode,
    holder: Holder,
) -> Result<Committed<Confirmed>, ConfirmError> {
    let enrolment = counted(identity, &origin, id).await?;
    let user = enrolment.user;
    let seed = enrolment.totp.clone();
    let Some(step) = identity.broker.check_totp(user, seed, code, None).await? else {
        let nobody = Caller::anonymous(origin);
        record_refusal(&identity.store, &nobody, "enrolment", id).await?;
        return Err(ConfirmError::Wrong);
    };
    let session: SessionId = identity.store.mint().id();
    let door = door_of(identity, &enrolment, session, &origin).await?;
    let (shown, codes) = fresh_backup_codes(identity, user).await?;
    let proof = Proof::Enrolled;
    let device = None;
    let session = Birth { id: session, user, workspace: None, proof, holder, device };
    let session = session.prepared(identity, &origin).await?;
    let email = enrolment.email.clone();
    let birth = Newcomer { enrolment, step, codes, session };
    let born = identity
        .store
        .platform_write(&Caller::account(user, birth.session.id(), origin), move |tx| {
            bear(tx, &birth)
        })
        .await?;

    let first = tokens_of_first_session(identity, &born.value, door, email).await?;
    let (tokens, joined, later) = first;
    let entries = born.entries.into_iter().chain(later).collect();
    Ok(Committed { value: Confirmed { user, backup_codes: shown, tokens, joined }, entries })
}

/// Walks through the door and enters the workspace behind it. The account stands, so a door that
/// closed a moment ago costs the newcomer the workspace and not their backup codes.
#[expect(clippy::disallowed_methods, reason = "the session was made a moment ago")]
async fn tokens_of_first_session(
    identity: &Identity,
    session: &Session,
    door: Option<Door>,
    email: EmailAddress,
) -> Result<(SessionTokens, Option<Joined>, Vec<EntryRef>), ConfirmError> {
    let Some(door) = door else {
        return Ok((sessions::issue_first(identity, session).await?, None, Vec::new()));
    };
    let origin = door.scope.origin().clone();
    let account = AccountScope::authenticated(session.user, session.id, origin);
    let walked = match invitations::walk_in(&identity.store, door, email).await {
        Ok(walked) => walked,
        Err(error) => {
            tracing::warn!(%error, "somebody enrolled and could not join");
            return Ok((sessions::issue_first(identity, session).await?, None, Vec::new()));
        }
    };
    let workspace = walked.value.workspace;
    let mut entries = walked.entries;
    match sessions::enter_workspace(identity, &account, workspace).await {
        Ok(entered) => {
            entries.extend(entered.entries);
            let tokens = sessions::with_device(identity, session, entered.value).await?;
            Ok((tokens, Some(walked.value), entries))
        }
        Err(error) => {
            tracing::warn!(%error, "somebody joined and could not enter");
            let tokens = sessions::issue_first(identity, session).await?;
            Ok((tokens, Some(walked.value), entries))
        }
    }
}

async fn counted(
    identity: &Identity,
    origin: &Origin,
    id: EnrolmentId,
) -> Result<Enrolment, ConfirmError> {
    let counted = identity
        .store
        .platform_write(&Caller::anonymous(origin.clone()), move |tx| {
            let now = tx.now();
            let found = tx.enrolments().find(id)?.filter(|found| found.usable(now));
            let found = found.ok_or(ConfirmError::Over)?;
            let codes = tx.enrolments().count_wrong_code(id)?;
            if codes.is_none_or(|codes| codes > domain::limits::WRONG_CODES_MAX) {
                return Err(ConfirmError::Over);
            }
            Ok(Commit::quiet(QuietReason::GuessCounted, found))
        })
        .await?;
    Ok(counted.value)
}

/// The door that the link's code opened when the enrolment was started. Judged now, before an
/// account is made for somebody who could not come in.
#[expect(clippy::disallowed_methods, reason = "the code of an invitation is a credential")]
async fn door_of(
    identity: &Identity,
    enrolment: &Enrolment,
    session: SessionId,
    origin: &Origin,
) -> Result<Option<Door>, ConfirmError> {
    if enrolment.link_kind == LinkKind::Bootstrap {
        return Ok(None);
    }
    let (store, link) = (&identity.store, enrolment.link);
    let tenant = store
        .platform_read(move |tx| tx.invitation_index().find(link))
        .await?
        .ok_or(ConfirmError::Over)?;
    let actor = Actor::User { user: enrolment.user, session };
    let scope = Scope::authenticated(tenant, actor, origin.clone());
    let invitation = store
        .read(&scope, move |tx| tx.invitations().find(link))
        .await?
        .filter(|found| found.email == enrolment.email)
        .ok_or(ConfirmError::Over)?;
    let door = Door { scope, invitation };
    invitations::look_in(store, &door).await?;
    Ok(Some(door))
}

/// Ten new codes: the texts to show once, and the rows to store.
///
/// # Errors
/// [`BrokerError`].
pub(crate) async fn fresh_backup_codes(
    identity: &Identity,
    user: UserId,
) -> Result<(Vec<ShownOnce>, Vec<(String, String)>), BrokerError> {
    let set = BackupCode::set(identity.store.mint());
    let mut rows = Vec::with_capacity(set.len());
    for code in &set {
        let digest = identity.broker.mac(MacPurpose::Code, code.message(user)).await?;
        rows.push((code.selector(), digest_text(&digest)));
    }
    Ok((set.iter().map(BackupCode::shown).collect(), rows))
}

fn bear(tx: &mut PlatformTx<'_>, birth: &Newcomer) -> Result<Commit<Session>, ConfirmError> {
    let enrolment = &birth.enrolment;
    let user = enrolment.user;
    if !tx.enrolments().confirm(enrolment.id)? {
        return Err(ConfirmError::Over);
    }
    let first_owner = enrolment.link_kind == LinkKind::Bootstrap;
    if first_owner && (tx.bootstrap().done()? || !tx.bootstrap().use_up(enrolment.link, user)?) {
        return Err(ConfirmError::Over);
    }
    tx.users().create(&NewUser {
        id: user,
        email: enrolment.email.clone(),
        password_hash: enrolment.password_hash.clone(),
        totp: enrolment.totp.clone(),
        totp_last_step: birth.step,
    })?;
    tx.backup_codes().replace(user, &birth.codes)?;
    let (session, mut events) = birth.session.begin(tx)?;
    let enrolled = AuditEvent::new(Verb::UserEnrolled, "user", user)
        .new_value(json!({ "by": enrolment.link_kind.as_str(), "link": enrolment.link }))
        .personal("email", enrolment.email.as_str());
    events.insert(0, enrolled);
    Ok(Commit::audited_all(events, session))
}
