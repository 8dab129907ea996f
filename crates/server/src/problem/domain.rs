//! Rules of authority.

use ::domain::authz::{Denied, RankDenied};

use super::{Code, Problem, Refusal};

impl Refusal for Denied {
    const CODES: &'static [Code] = &[
        Code::NotFound,
        Code::ActNotHeld,
        Code::KeyScopeMissing,
        Code::FactorNotFresh,
        Code::PersonNeeded,
        Code::ProductionStaysInside,
    ];

    fn problem(self) -> Problem {
        let code = match self {
            Self::NotVisible => return Problem::new(Code::NotFound),
            Self::ActNotHeld(_) => Code::ActNotHeld,
            Self::KeyScopeMissing(_) => Code::KeyScopeMissing,
            Self::FactorNotFresh(_) => Code::FactorNotFresh,
            Self::PersonNeeded(_) => Code::PersonNeeded,
            Self::ProductionStaysInside => Code::ProductionStaysInside,
        };
        Problem::new(code).detail(self)
    }
}

impl Refusal for RankDenied {
    const CODES: &'static [Code] = &[
        Code::RankNewRole,
        Code::RankTarget,
        Code::RankOwnership,
        Code::RankAbove,
        Code::RankInviter,
        Code::RankOneself,
    ];
    const INNER: &'static [&'static [Code]] = &[Denied::CODES];

    fn problem(self) -> Problem {
        let code = match self {
            Self::Act(denied) => return denied.problem(),
            Self::NewRoleNotBelowActor { .. } => Code::RankNewRole,
            Self::TargetNotBelowActor { .. } => Code::RankTarget,
            Self::OwnershipMovesByTransferOnly => Code::RankOwnership,
            Self::AboveActor(_) => Code::RankAbove,
            Self::InviterLostRight => Code::RankInviter,
            Self::Oneself => Code::RankOneself,
        };
        Problem::new(code).detail(self)
    }
}
