//! The two tokens of a session: a short-lived access token that anyone of us can verify, and a
//! refresh token that only the broker can make.

pub mod access;
mod claims;
mod memory;
pub mod refresh;

pub use access::{TokenRefused, TokenVerifier};
pub use claims::VerifiedClaims;
pub use refresh::{RefreshRefused, RefreshToken};

pub(crate) use memory::Memory;
