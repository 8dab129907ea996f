//! Sealed bytes: the only form in which a secret reaches the database.

use std::fmt;

/// An envelope made by the broker. Opaque: this crate cannot look inside, and neither can `store`.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Wraps envelope bytes that the broker made or a table returned.
    #[must_use]
    pub const fn from_envelope(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The envelope bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}
