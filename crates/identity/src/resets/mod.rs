//! Password resets: a mailed code and a second factor, both, for a new password and nothing more.
//!
//! Always true
//! 1. Whether an address has an account is not told: the answer is the same and leaves at the same
//!    time.
//! 2. A mailbox alone resets nothing, and a factor alone neither (AUTH-3). Each try is counted
//!    before it is judged; a few end the reset.
//! 3. A reset begins no session. It ends every one there is, with the refresh tokens of each.
//!
//! Sources: ASVS 5.0 6.4.3, 6.4.4, 6.3.4; NIST SP 800-63B-4 section 4.2.

mod complete;
mod error;
mod request;

pub use complete::{CompleteReset, complete};
pub use error::ResetError;
pub use request::request;
