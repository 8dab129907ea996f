//! Codes that people type: the code beside a link, and backup codes.
//!
//! Always true
//! 1. A code is read forgivingly (case, spaces, hyphens, `O` for `0`, `I` and `L` for `1`) and
//!    compared strictly.
//! 2. No code is stored: the database holds a keyed digest whose key never leaves the broker, so a
//!    copy of the database allows no guessing at all.

pub mod backup;
mod crockford;
mod handed;
pub mod typed;
mod user;

pub use backup::BackupCode;
pub(crate) use handed::same;
pub use handed::{HandedCode, HandedKind};
pub use typed::TypedCode;
pub use user::UserCode;

/// Why a text is not a code. Nothing was looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Not as long as a code is, or with characters no code has.
    #[error("the code is not of the expected form")]
    Form,
    /// The checksum says that it was mistyped.
    #[error("the code was mistyped: its checksum does not match")]
    Mistyped,
}
