//! The store's failures. What went wrong inside is in the log, by the request's id.

use ::store::{Refusal as StoreRefusal, StoreError};

use super::{Code, Problem, Refusal};

impl Refusal for StoreError {
    const CODES: &'static [Code] = &[
        Code::NotFound,
        Code::ConflictExists,
        Code::StorageFull,
        Code::StorageUnavailable,
        Code::Internal,
    ];

    fn problem(self) -> Problem {
        match self {
            Self::Full => Problem::new(Code::StorageFull),
            Self::Unreachable | Self::Busy => {
                Problem::new(Code::StorageUnavailable).retry_after_ms(1_000)
            }
            Self::Conflict => Problem::new(Code::ConflictExists),
            // A workspace that was never born, or is gone, looks like one that never was.
            Self::Refused(StoreRefusal::NoUnit) => Problem::new(Code::NotFound),
            Self::Refused(refusal) => {
                tracing::error!(%refusal, "the store refuses to work");
                Problem::new(Code::StorageUnavailable)
            }
            Self::Corrupt | Self::Defect(_) => Problem::internal(&self),
        }
    }
}
