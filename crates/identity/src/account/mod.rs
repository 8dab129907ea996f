//! What somebody changes about their own sign-in: their password, their backup codes, their
//! authenticator.
//!
//! Always true
//! 1. Each act needs a second factor given within [`domain::limits::FACTOR_FRESH_MS`]; the
//!    session's row says so in the transaction that changes anything.
//! 2. With the change the session moves to new tokens, the person is told by mail, and the log has
//!    its entry. All of it is one transaction.
//! 3. Other sessions end with it when the person says so.

mod backup_codes;
mod error;
mod password;
mod settle;
mod totp;

pub use backup_codes::{NewBackupCodes, replace_backup_codes};
pub use error::ChangeError;
pub use password::{ChangePassword, change_password};
pub use settle::{Changed, OtherSessions};
pub use totp::{NewAuthenticator, confirm_totp, start_totp};
