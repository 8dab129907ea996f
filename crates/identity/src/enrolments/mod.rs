//! How somebody gets an account: by the first owner's link, or by an invitation.
//!
//! Always true
//! 1. There is no account without a second factor: it exists from the moment its first TOTP code
//!    was right, and that code's step is used up with it (AUTH-2).
//! 2. A link holds an id; the code is told apart from it, counted before it is compared, and stored
//!    as a keyed digest.
//! 3. The first owner's link works once, and none is issued when the installation has an owner.

mod bootstrap;
mod confirm;
mod refusal;
mod start;

pub use bootstrap::{BootstrapError, IssuedLink, issue_bootstrap};
pub(crate) use confirm::fresh_backup_codes;
pub use confirm::{ConfirmError, Confirmed, confirm};
pub(crate) use refusal::record_refusal;
pub(crate) use start::shown_seed;
pub use start::{StartEnrolment, StartEnrolmentError, Started, start};
