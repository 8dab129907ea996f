//! Nouns and law: ids, roles, acts, limits, the clock, the request's [`Scope`], the proof of a
//! right ([`authz::Permit`]), and sealed bytes.
//!
//! Always true
//! 1. Nothing here performs I/O, sleeps, or reads a clock or a random source of its own: both are
//!    parameters.
//! 2. A rule of authority is a total function: every combination of its inputs has an answer.
//! 3. A [`authz::Permit`] is made by the rules in [`authz`] alone.
//!
//! Never: async, a database, a network, a secret in clear.

pub mod authz;
pub mod glass;
pub mod ids;
pub mod limits;
pub mod mint;
pub mod network;
pub mod scope;
pub mod sealed;
pub mod sign_in;
pub mod streams;
pub mod text;

pub use glass::GlassHand;
pub use ids::*;
pub use mint::{Clock, Entropy, Mint, TimeMs};
pub use network::{Network, NetworkError, Networks};
pub use scope::{AccountScope, Actor, Origin, Scope, StaffHand, StaffScope};
pub use sealed::Sealed;
pub use text::{
    ClientLabel, DomainName, EmailAddress, Issuer, Name, PasskeyName, ProgramName, Reason,
    TextError, UserAgent, VariableName,
};
