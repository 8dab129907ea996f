//! What every act inside a workspace begins with: who the actor is in it now, and whether they may
//! see whom they are about to touch.
//!
//! Always true
//! 1. Rights are loaded in the transaction that uses them; a member who was removed a moment ago
//!    holds none.
//! 2. A change of membership locks the team first, so no two of them judge the same facts.
//! 3. A deleted workspace, a team the actor is not in, and a member they may not see look the same:
//!    not there.

use domain::authz::{Act, Authority, Denied, Place, RankDenied, Standing};
use domain::{Scope, TimeMs, UserId, limits};
use store::{Refusal, Store, StoreError, TeamState, TenantTx};

use crate::code;

/// Why an act inside a workspace failed.
#[derive(Debug, thiserror::Error)]
pub enum TeamError {
    /// There is no such thing, or the caller may not know of it.
    #[error("there is no such thing, or it is not visible to the caller")]
    NotVisible,
    /// A rule of authority said no.
    #[error(transparent)]
    Refused(RankDenied),
    /// The workspace holds as many as it may.
    #[error("the workspace has its {max} {what} already")]
    LimitReached {
        /// Of what.
        what: &'static str,
        /// How many.
        max: usize,
    },
    /// It is there already, or it was settled already.
    #[error("it exists already, or was used already")]
    Exists,
    /// A value is outside of its bounds.
    #[error("{field}: {rule}")]
    Bound {
        /// Which.
        field: &'static str,
        /// The bounds, in words.
        rule: &'static str,
    },
    /// The key broker could not be asked.
    #[error("the key broker could not be asked")]
    Sealing(#[from] broker::BrokerError),
    /// The store failed.
    #[error("the store failed")]
    Store(StoreError),
}

impl TeamError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotVisible => "not_found",
            Self::Refused(denied) => code::of_rank(denied),
            Self::LimitReached { .. } => "limit.reached",
            Self::Exists => "conflict.exists",
            Self::Bound { .. } => "input.invalid",
            Self::Sealing(error) => code::of_broker(error),
            Self::Store(error) => code::of_store(error),
        }
    }
}

impl From<StoreError> for TeamError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(Refusal::NoUnit) => Self::NotVisible,
            error => Self::Store(error),
        }
    }
}

impl From<RankDenied> for TeamError {
    fn from(denied: RankDenied) -> Self {
        match denied {
            RankDenied::Act(Denied::NotVisible) => Self::NotVisible,
            denied => Self::Refused(denied),
        }
    }
}

impl From<Denied> for TeamError {
    fn from(denied: Denied) -> Self {
        RankDenied::Act(denied).into()
    }
}

/// The actor of this transaction's scope, with what they hold now.
///
/// # Errors
/// [`TeamError::NotVisible`]: not in the team, a key that no longer works, or a deleted workspace.
pub(crate) fn actor(
    tx: &mut TenantTx<'_>,
    factor_at: Option<TimeMs>,
) -> Result<Authority, TeamError> {
    let in_use = tx.team().settings()?.is_some_and(|team| team.state == TeamState::Active);
    if !in_use {
        return Err(TeamError::NotVisible);
    }
    let actor = *tx.scope().actor();
    tx.members().authority(&actor, factor_at)?.ok_or(TeamError::NotVisible)
}

/// Whether the actor of this scope is in the team at all.
///
/// # Errors
/// [`TeamError::NotVisible`].
pub(crate) async fn enters(store: &Store, scope: &Scope) -> Result<(), TeamError> {
    store.read(scope, |tx| actor(tx, None).map(drop)).await
}

/// The same, with the team locked until the transaction ends: for every change of membership.
///
/// # Errors
/// As [`actor`].
pub(crate) fn actor_of_locked_team(
    tx: &mut TenantTx<'_>,
    factor_at: Option<TimeMs>,
) -> Result<Authority, TeamError> {
    tx.team().lock()?;
    actor(tx, factor_at)
}

/// A member the actor is about to touch. Somebody who may not see the team touches only themselves.
///
/// # Errors
/// [`TeamError::NotVisible`].
pub(crate) fn target(
    tx: &mut TenantTx<'_>,
    actor: &Authority,
    user: UserId,
) -> Result<Standing, TeamError> {
    let sees_team = actor.standing.effective(Place::Workspace, actor.now).contains(Act::MemberList);
    if !sees_team && actor.standing.user != user {
        return Err(TeamError::NotVisible);
    }
    tx.members().standing(user)?.ok_or(TeamError::NotVisible)
}

/// Whether one more person may be asked to join.
///
/// # Errors
/// [`TeamError::LimitReached`].
pub(crate) fn room_for_one_more(tx: &mut TenantTx<'_>) -> Result<(), TeamError> {
    room_for_one_member(tx)?;
    within(
        tx.invitations().count_open()?,
        "open invitations",
        limits::INVITATIONS_PER_WORKSPACE_MAX,
    )
}

/// Whether one more member may join.
///
/// # Errors
/// [`TeamError::LimitReached`].
pub(crate) fn room_for_one_member(tx: &mut TenantTx<'_>) -> Result<(), TeamError> {
    within(tx.members().count()?, "members", limits::MEMBERS_PER_WORKSPACE_MAX)
}

/// Whether one more API key may be made.
///
/// # Errors
/// [`TeamError::LimitReached`].
pub(crate) fn room_for_one_key(tx: &mut TenantTx<'_>) -> Result<(), TeamError> {
    within(tx.keys().count_live()?, "API keys", limits::KEYS_PER_WORKSPACE_MAX)
}

/// Whether there is room for one more of something.
///
/// # Errors
/// [`TeamError::LimitReached`].
pub(crate) fn within(count: u64, what: &'static str, max: usize) -> Result<(), TeamError> {
    if usize::try_from(count).is_ok_and(|count| count < max) {
        Ok(())
    } else {
        Err(TeamError::LimitReached { what, max })
    }
}
