//! From a request to typed values, or to a problem.
//!
//! Always true
//! 1. A handler sees only what was checked: a body within its size and depth, known fields, typed
//!    ids.
//! 2. [`caller`] is the one place of this crate where a credential is read.
//!
//! The names `Json`, `Path` and `Query` are those that the OpenAPI derivation reads off a handler's
//! signature.

mod body;
pub mod caller;
pub mod cursor;
pub mod holder;
pub mod idempotency;
mod path;
pub mod precondition;
pub mod sso_cookie;

pub use body::{Json, JsonBody};
pub use caller::{Account, Hand, Member, Staff};
pub use holder::{Held, Holds, NewHolder, OnDevice};
pub use idempotency::{IdempotencyHeader, Idempotent};
pub use path::{Path, Query};
pub use precondition::{IfMatch, IfMatchHeader};
pub use sso_cookie::SsoCookie;
