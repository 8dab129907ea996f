//! Assisted recovery: for somebody who lost both their password and their second factor.
//!
//! Always true
//! 1. It takes second people: in every workspace the person is in, somebody who ranks above them
//!    vouches with a fresh factor; for its owner, the host's operator does. A workspace vouches its
//!    own members into no other workspace.
//! 2. Between the last approval and the completion lie [`domain::limits::RECOVERY_DELAY_MS`], in
//!    which the person, or any session of theirs, cancels. They are told at every step.
//! 3. The end of it is a new password and a new authenticator, both, and no session. Every session,
//!    backup code and authenticator of before is gone.
//! 4. Whether an address has an account is not told.
//!
//! Sources: ASVS 5.0 6.4.4, 6.4.6; NIST SP 800-63B-4 section 4.2.2.

mod approve;
mod cancel;
mod complete;
mod error;
mod host;
mod list;
mod request;
mod start;
mod tried;

pub use approve::{Vouched, approve};
pub use cancel::{cancel, of_account};
pub use complete::{CompleteRecovery, Recovered, complete};
pub use error::RecoveryError;
pub use host::{HostVouchError, HostVouched, recover_on_host};
pub use list::list;
pub use request::request;
pub use start::{StartRecovery, start};
