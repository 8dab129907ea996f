//! A secret in clear: bytes that wipe themselves and cannot be printed, copied, compared or
//! serialised.

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

/// Secret bytes. Wiped when dropped.
///
/// There is no `Debug`, `Display`, `Clone`, `Serialize` or `PartialEq`, so a secret cannot reach a
/// log, a response or an early-exit comparison by accident; tests/it/compile_fail.rs proves each
/// absence.
pub struct Exposed(Zeroizing<Vec<u8>>);

impl Exposed {
    /// Takes the bytes over; the caller's vector is the one that will be wiped.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Takes a text over; its buffer is the one that will be wiped.
    #[must_use]
    pub fn from_text(text: String) -> Self {
        Self::new(text.into_bytes())
    }

    /// Copies the bytes, and leaves wiping the source to its owner.
    #[must_use]
    pub fn copy_of(bytes: &[u8]) -> Self {
        Self::new(bytes.to_vec())
    }

    /// The bytes in clear. Every caller outside this crate is on a golden list.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The text in clear, or `None` when the bytes are not UTF-8.
    #[must_use]
    pub fn expose_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// How many bytes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether both hold the same bytes, in a time that depends on the lengths only.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        self.0.as_slice().ct_eq(other.0.as_slice()).into()
    }

    /// Wipes the bytes now; what is left is empty.
    pub fn wipe(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wiped_value_is_empty() {
        let mut secret = Exposed::from_text("hunter2".to_owned());
        secret.wipe();
        assert!(secret.is_empty());
    }

    #[test]
    fn sameness_looks_at_every_byte_and_the_length() {
        let secret = Exposed::copy_of(b"abc");
        assert!(secret.same_as(&Exposed::copy_of(b"abc")));
        for other in [&b"abd"[..], b"bbc", b"ab", b"abcd", b""] {
            assert!(!secret.same_as(&Exposed::copy_of(other)));
        }
    }
}
