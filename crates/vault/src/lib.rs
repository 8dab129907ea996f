//! Projects, their environments, and the secrets sealed in them: the use cases.
//!
//! Always true
//! 1. A use case loads the caller's authority in the transaction that writes or reads; no right is
//!    decided on an older row.
//! 2. A value in clear is an [`Exposed`], on its way to the broker to be sealed or from it to
//!    whoever may see it; between the two calls it is nowhere.
//! 3. An entry that says who opens what, and why, is durable before the broker is asked to open it;
//!    when the broker then refuses, a second entry says so.
//! 4. What the caller does not reach does not exist for them ([`VaultError::NotFound`]).
//!
//! Never: HTTP, SQL, a key.
//!
//! Walk: one verb, one file: [`secrets`] → load, decide ([`domain::authz`]) → write (`store`) →
//! commit with its entry. Sealing is done between a first look and the write, for a version fixed
//! by the first and checked by the second.

mod access;
pub mod break_glass;
pub mod environments;
mod error;
pub mod projects;
pub mod sealing;
pub mod secrets;

pub use broker::Exposed;
pub use error::{LimitReached, VaultError};
