//! A client without a browser is let in by somebody who has one elsewhere (RFC 8628), hardened
//! against people who are talked into it (RFC 10027).
//!
//! Always true
//! 1. The person types the code: no link carries it. They are shown who asks (address, machine,
//!    version, time), need a fresh second factor, and get a message afterwards.
//! 2. Wrong codes are counted before they are looked up; five of one session end its tries for a
//!    while.
//! 3. The device's code is redeemed once, by whoever holds the key it was asked for with; the
//!    session is the device's own.
//! 4. A workspace may forbid it: then no such session enters it.

mod decide;
mod look;
mod redeem;
mod request;

pub use decide::{DecideError, approve, deny};
pub use look::{LookError, Seen, look};
pub use redeem::{PollError, redeem};
pub use request::{DeviceAsks, DeviceCodes, RequestError, request};
