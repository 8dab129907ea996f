//! The doors: TLS for the API, plain HTTP on loopback for health.
//!
//! Always true
//! 1. A peer that does not finish its handshake or its headers in time is dropped.
//! 2. No more than so many connections are open; one more is closed unheard.
//! 3. Draining stops accepting, lets running requests finish within
//!    [`domain::limits::DRAIN_MS_MAX`], and then closes what is left; a second signal closes at
//!    once.

mod accept;
mod stop;
pub mod tls;

pub use accept::{Door, Transport, bind};
pub use stop::Stop;
