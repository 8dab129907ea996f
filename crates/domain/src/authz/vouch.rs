//! Who may vouch for somebody who lost both factors.
//!
//! Always true
//! 1. It takes a person with a fresh factor who may change the member's role and ranks above them.
//!    So nobody vouches for themselves, and no member of the team vouches for its owner.
//! 2. An API key never does, whatever its scopes.
//!
//! An owner has nobody above them, so no member vouches for one: the host's operator does.

use super::rank::RankDenied;
use super::{Act, Authority, Permit, Place, Role, Standing};
use crate::UserId;

/// A member is vouched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VouchForRecovery {
    /// The member who lost both factors.
    pub target: UserId,
    /// Who vouches.
    pub by: UserId,
}

/// Decides whether the actor vouches for `target`.
///
/// # Errors
/// [`RankDenied`]: the first rule that refused.
pub fn decide_vouch(
    actor: &Authority,
    target: &Standing,
) -> Result<Permit<VouchForRecovery>, RankDenied> {
    actor.check(Act::MemberChangeRole, Place::Workspace)?;
    actor.check_person(Act::MemberChangeRole)?;
    if actor.standing.user == target.user {
        return Err(RankDenied::Oneself);
    }
    let (above, below) = (actor.standing.role, target.role);
    if above <= below {
        return Err(RankDenied::TargetNotBelowActor { actor: above, target: below });
    }
    Ok(Permit::granted(VouchForRecovery { target: target.user, by: actor.standing.user }))
}

/// Whether the host's operator vouches for a member of this role: for an owner, whom nobody ranks
/// above, and for no other.
#[must_use]
pub const fn host_vouches(role: Role) -> bool {
    matches!(role, Role::Owner)
}

/// Decides whether the actor sees who in the team asked to be recovered.
///
/// # Errors
/// [`RankDenied`]: the first rule that refused.
pub fn decide_see_recoveries(actor: &Authority) -> Result<(), RankDenied> {
    Ok(actor.check(Act::MemberChangeRole, Place::Workspace)?)
}
