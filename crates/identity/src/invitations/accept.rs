//! Accepts an invitation.
//!
//! Always true
//! 1. The code is counted before it is compared, so [`domain::limits::WRONG_CODES_MAX`] parallel
//!    guesses are the most there can be.
//! 2. An invitation lets in the person it was addressed to, and nobody else who came by link and
//!    code.
//! 3. The rule is asked again here, against the inviter as they stand now.

use aws_lc_rs::constant_time;
use broker::{Broker, BrokerError, MacPurpose};
use domain::authz::{AcceptInvitation, Authority, RankDenied, Role, rank};
use domain::{AccountScope, Actor, EmailAddress, InvitationId, Scope, TenantId, limits};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{
    Caller, Commit, Committed, Invitation, Newcomer, QuietReason, Store, StoreError, TeamState,
    TenantTx,
};

use crate::code;
use crate::codes::TypedCode;
use crate::enrolments::record_refusal;
use crate::team::{self, TeamError};

/// Why an invitation did not let somebody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AcceptError {
    /// There is no such invitation, it is over, its code is another, or it was addressed to
    /// somebody else.
    #[error(
        "the link and code open nothing: check both, and that the invitation is for this address"
    )]
    NotOpened,
    /// They are in the team already.
    #[error("already a member of this workspace")]
    Exists,
    /// Whoever invited may no longer do so.
    #[error(transparent)]
    Refused(RankDenied),
    /// The team is full.
    #[error("the workspace has as many members as it may")]
    Full,
    /// The key broker could not be asked.
    #[error("the key broker could not be asked")]
    Sealing(#[from] BrokerError),
    /// The store failed.
    #[error("the store failed")]
    Store(StoreError),
}

/// Somebody who joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Joined {
    /// The workspace.
    pub workspace: TenantId,
    /// The rank there.
    pub role: Role,
}

/// Somebody at the door, with what they hold.
pub(crate) struct Knock<'k> {
    /// The link's id.
    pub(crate) link: InvitationId,
    /// The code told apart from it.
    pub(crate) code: &'k TypedCode,
    /// Their address.
    pub(crate) email: &'k EmailAddress,
    /// Who they are, or will be.
    pub(crate) actor: Actor,
    /// Who entries of the platform's log name: nobody, for somebody who is not enrolled yet.
    pub(crate) caller: Caller,
}

/// An invitation whose code was right.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    pub(crate) scope: Scope,
    pub(crate) invitation: Invitation,
}

impl AcceptError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotOpened => "not_found",
            Self::Exists => "conflict.exists",
            Self::Refused(denied) => code::of_rank(denied),
            Self::Full => "limit.reached",
            Self::Sealing(error) => code::of_broker(error),
            Self::Store(error) => code::of_store(error),
        }
    }
}

impl From<TeamError> for AcceptError {
    fn from(error: TeamError) -> Self {
        match error {
            TeamError::NotVisible => Self::NotOpened,
            TeamError::Refused(denied) => Self::Refused(denied),
            TeamError::LimitReached { .. } | TeamError::Bound { .. } => Self::Full,
            TeamError::Exists => Self::Exists,
            TeamError::Sealing(error) => Self::Sealing(error),
            TeamError::Store(error) => Self::Store(error),
        }
    }
}

impl From<StoreError> for AcceptError {
    fn from(error: StoreError) -> Self {
        TeamError::from(error).into()
    }
}

/// Lets a signed-in person in.
///
/// # Errors
/// [`AcceptError`].
pub async fn accept(
    store: &Store,
    broker: &Broker,
    account: &AccountScope,
    invitation: InvitationId,
    code: &TypedCode,
) -> Result<Committed<Joined>, AcceptError> {
    let (user, session) = (account.user(), account.session());
    let email = store
        .platform_read(move |tx| tx.users().find(user))
        .await?
        .map(|user| user.email)
        .ok_or(AcceptError::NotOpened)?;
    let knock = Knock {
        link: invitation,
        code,
        email: &email,
        actor: Actor::User { user, session },
        caller: Caller::from(account),
    };
    let door = open_door(store, broker, &knock).await?;
    walk_in(store, door, email).await
}

/// Counts the code, then compares it. A wrong one has an entry.
///
/// # Errors
/// [`AcceptError::NotOpened`].
pub(crate) async fn open_door(
    store: &Store,
    broker: &Broker,
    knock: &Knock<'_>,
) -> Result<Door, AcceptError> {
    let link = knock.link;
    // Asked first, so that an unknown link costs the same question.
    let digest = broker.mac(MacPurpose::Code, knock.code.message(link.to_bytes())).await?;
    let door = counted(store, knock).await?;
    let code_hash = &door.invitation.code_hash;
    let right = constant_time::verify_slices_are_equal(&digest, code_hash).is_ok();
    if right && door.invitation.email == *knock.email {
        return Ok(door);
    }
    record_refusal(store, &knock.caller, "invitation", link).await?;
    Err(AcceptError::NotOpened)
}

/// The invitation behind a link, its code counted.
#[expect(clippy::disallowed_methods, reason = "the code of an invitation is a credential")]
async fn counted(store: &Store, knock: &Knock<'_>) -> Result<Door, AcceptError> {
    let link = knock.link;
    let tenant = store
        .platform_read(move |tx| tx.invitation_index().find(link))
        .await?
        .ok_or(AcceptError::NotOpened)?;
    let scope = Scope::authenticated(tenant, knock.actor, knock.caller.origin().clone());
    let counted = store
        .write(&scope, move |tx| {
            let now = tx.now();
            let found = tx.invitations().find(link)?.filter(|found| found.usable(now));
            let found = found.ok_or(AcceptError::NotOpened)?;
            let codes = tx.invitations().count_wrong_code(link)?;
            if codes.is_none_or(|codes| codes > limits::WRONG_CODES_MAX) {
                return Err(AcceptError::NotOpened);
            }
            Ok(Commit::quiet(QuietReason::GuessCounted, found))
        })
        .await?;
    Ok(Door { scope, invitation: counted.value })
}

/// Asks whether somebody could walk in, without doing it.
///
/// # Errors
/// As [`walk_in`].
pub(crate) async fn look_in(store: &Store, door: &Door) -> Result<(), AcceptError> {
    let id = door.invitation.id;
    store.read(&door.scope, move |tx| admitted(tx, id).map(drop)).await
}

/// Walks through an opened door: the newcomer is a member from now on.
///
/// # Errors
/// [`AcceptError`].
pub(crate) async fn walk_in(
    store: &Store,
    door: Door,
    email: EmailAddress,
) -> Result<Committed<Joined>, AcceptError> {
    let Door { scope, invitation } = door;
    let (user, workspace, role) = (scope.actor().principal(), scope.tenant(), invitation.role);
    look_in(store, &Door { scope: scope.clone(), invitation: invitation.clone() }).await?;
    // The hint comes first: it may point to a team that they are not in, but a member is never
    // without one.
    store
        .platform_write(&Caller::from(&scope), move |tx| {
            tx.memberships().set(user, workspace, role)?;
            Ok::<_, AcceptError>(Commit::quiet(QuietReason::Hint, ()))
        })
        .await?;
    store
        .write(&scope, move |tx| {
            tx.team().lock()?;
            let (permit, invitation) = admitted(tx, invitation.id)?;
            tx.invitations().accept(invitation.id)?;
            let joined = tx.members().insert(permit, &Newcomer { email: email.clone() })?;
            let event = AuditEvent::new(Verb::MemberJoined, "member", joined.user)
                .new_value(json!({
                    "role": joined.role, "projects": joined.projects,
                    "invitation": joined.invitation, "inviter": invitation.inviter,
                }))
                .personal("email", email.as_str());
            Ok(Commit::audited(event, Joined { workspace, role: joined.role }))
        })
        .await
}

type Admitted = (domain::authz::Permit<AcceptInvitation>, Invitation);

/// Judges the acceptance on the rows of this transaction.
fn admitted(tx: &mut TenantTx<'_>, id: InvitationId) -> Result<Admitted, AcceptError> {
    let (now, user) = (tx.now(), tx.scope().actor().principal());
    let in_use = tx.team().settings()?.is_some_and(|team| team.state == TeamState::Active);
    // How many codes were typed no longer matters: the right one was among them.
    let open = |one: &Invitation| {
        in_use && one.state == store::InvitationState::Open && now < one.expires_at
    };
    let invitation = tx.invitations().find(id)?.filter(open).ok_or(AcceptError::NotOpened)?;
    if tx.members().standing(user)?.is_some() {
        return Err(AcceptError::Exists);
    }
    team::room_for_one_member(tx)?;
    let standing = tx.members().standing(invitation.inviter)?;
    let inviter =
        standing.map(|standing| Authority { standing, ceiling: None, factor_at: None, now });
    let wanted = AcceptInvitation {
        invitation: id,
        user,
        role: invitation.role,
        projects: invitation.projects.clone(),
    };
    let permit = rank::decide_accept(inviter.as_ref(), wanted).map_err(AcceptError::Refused)?;
    Ok((permit, invitation))
}
