//! The stable codes of refusals, as problems carry them. A code, once released, keeps its meaning.

use broker::BrokerError;
use domain::authz::{Denied, RankDenied};
use domain::sign_in::EntryDenied;
use store::StoreError;

use crate::dpop::ProofRefused;

/// The code of a refused act.
#[must_use]
pub const fn of_denied(denied: &Denied) -> &'static str {
    match denied {
        Denied::NotVisible => "not_found",
        Denied::ActNotHeld(_) => "act.not_held",
        Denied::KeyScopeMissing(_) => "key.scope_missing",
        Denied::FactorNotFresh(_) => "factor.not_fresh",
        Denied::PersonNeeded(_) => "person.needed",
        Denied::ProductionStaysInside => "production.stays_inside",
    }
}

/// The code of a refused change of membership.
#[must_use]
pub const fn of_rank(denied: &RankDenied) -> &'static str {
    match denied {
        RankDenied::Act(denied) => of_denied(denied),
        RankDenied::NewRoleNotBelowActor { .. } => "rank.new_role_not_below_actor",
        RankDenied::TargetNotBelowActor { .. } => "rank.target_not_below_actor",
        RankDenied::OwnershipMovesByTransferOnly => "rank.ownership_moves_by_transfer_only",
        RankDenied::AboveActor(_) => "rank.above_actor",
        RankDenied::InviterLostRight => "rank.inviter_lost_right",
        RankDenied::Oneself => "rank.oneself",
    }
}

/// The code of a workspace's door that stayed closed.
#[must_use]
pub const fn of_entry(denied: &EntryDenied) -> &'static str {
    match denied {
        EntryDenied::SsoNeeded => "sso.needed",
        EntryDenied::ProviderNotTaken => "sso.provider_not_taken",
        EntryDenied::FactorNotCounted => "sso.factor_not_counted",
    }
}

/// The code of a failure of the store.
#[must_use]
pub const fn of_store(error: &StoreError) -> &'static str {
    match error {
        StoreError::Full => "storage.full",
        StoreError::Unreachable | StoreError::Busy | StoreError::Refused(_) => {
            "storage.unavailable"
        }
        StoreError::Conflict => "conflict.exists",
        StoreError::Corrupt | StoreError::Defect(_) => "internal",
    }
}

/// The code of a refused proof of possession.
#[must_use]
pub const fn of_proof(refused: &ProofRefused) -> &'static str {
    match refused {
        ProofRefused::Crowded => "auth.busy",
        ProofRefused::Malformed
        | ProofRefused::OtherRequest
        | ProofRefused::OtherToken
        | ProofRefused::OtherKey
        | ProofRefused::NotNow
        | ProofRefused::Replayed => "auth.proof_invalid",
    }
}

/// The code of a failure of the key broker. Which rule of the broker's a request of ours broke is
/// our mistake, not the caller's.
#[must_use]
pub const fn of_broker(error: &BrokerError) -> &'static str {
    match error {
        BrokerError::Unreachable | BrokerError::JournalBehind | BrokerError::Storage => {
            "sealing.unavailable"
        }
        BrokerError::Refused(_) | BrokerError::CannotOpen(_) => "internal",
    }
}
