//! Projects, environments and secrets.

use ::broker::BrokerError;
use ::domain::authz::Denied;
use ::identity::staff::StaffError;
use ::store::StoreError;
use ::vault::VaultError;
use ::vault::break_glass::GlassError;

use super::{Code, Problem, Refusal};

impl Refusal for VaultError {
    const CODES: &'static [Code] =
        &[Code::NotFound, Code::ConflictExists, Code::ConflictVersion, Code::LimitReached];
    const INNER: &'static [&'static [Code]] =
        &[Denied::CODES, StoreError::CODES, BrokerError::CODES];

    fn problem(self) -> Problem {
        match self {
            Self::NotFound => Problem::new(Code::NotFound),
            Self::Denied(denied) => denied.problem(),
            Self::Exists => Problem::new(Code::ConflictExists),
            Self::VersionConflict { .. } => Problem::new(Code::ConflictVersion).detail(self),
            Self::Limit(limit) => Problem::new(Code::LimitReached).detail(limit),
            Self::Sealing(error) => error.problem(),
            Self::Store(error) => error.problem(),
        }
    }
}

impl Refusal for GlassError {
    const CODES: &'static [Code] =
        &[Code::NotFound, Code::GlassTwoPeople, Code::GlassNotOpen, Code::GlassNotTold];
    const INNER: &'static [&'static [Code]] =
        &[StaffError::CODES, Denied::CODES, StoreError::CODES, BrokerError::CODES];

    fn problem(self) -> Problem {
        match self {
            Self::NotFound => Problem::new(Code::NotFound),
            Self::TwoPeople => Problem::new(Code::GlassTwoPeople),
            Self::NotOpen => Problem::new(Code::GlassNotOpen),
            Self::NotTold => Problem::new(Code::GlassNotTold),
            Self::Denied(denied) => denied.problem(),
            Self::Sealing(error) => error.problem(),
            Self::Store(error) => error.problem(),
        }
    }
}
