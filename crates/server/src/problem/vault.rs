//! Projects, environments and secrets.

use ::broker::BrokerError;
use ::domain::authz::Denied;
use ::store::StoreError;
use ::vault::VaultError;

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
