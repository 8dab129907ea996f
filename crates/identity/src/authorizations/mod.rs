//! The command line let in by a browser on the same machine: loopback redirect and PKCE.
//!
//! Always true
//! 1. A code goes to `http://127.0.0.1:PORT/callback` and nowhere else: there is no redirect
//!    address to choose.
//! 2. It is redeemed once, within a minute, by whoever answers its challenge and holds its key.
//! 3. The session that begins is a new one of the command line's own, never the browser's.
//!
//! Sources: RFC 8252, RFC 7636, RFC 9449 section 10.

mod authorize;
mod loopback;
mod pkce;
mod redeem;

pub use authorize::{Asked, AuthorizeError, Authorized, authorize};
pub use loopback::{Loopback, LoopbackRefused};
pub use pkce::{Challenge, PkceForm, Verifier};
pub use redeem::{RedeemError, Redeems, redeem};
