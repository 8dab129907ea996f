//! Codes that programs hand on, nobody types: the device's own code, and the one a browser hands to
//! the command line.
//!
//! Form: a prefix, then base64url of the row's id and 256 random bits.
//!
//! Always true: only the broker's keyed digest of a code is stored; its kind and its row are part
//! of the digest, so no code opens another row or passes as another kind.

use std::fmt;

use aws_lc_rs::constant_time;
use broker::{BrokerError, MacPurpose};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use domain::Mint;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::CodeError;
use crate::ShownOnce;
use crate::identity::Identity;

/// What a code is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandedKind {
    /// A device's own code (RFC 8628 `device_code`).
    Device,
    /// What a browser hands to the command line (RFC 6749 `code`).
    Authorization,
}

impl HandedKind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Device => "cd_",
            Self::Authorization => "ca_",
        }
    }

    const fn domain(self) -> &'static [u8] {
        match self {
            Self::Device => b"device-code",
            Self::Authorization => b"authorization-code",
        }
    }
}

/// A code as handed on or as just made.
pub struct HandedCode {
    kind: HandedKind,
    row: Uuid,
    secret: Zeroizing<[u8; 32]>,
}

const BYTES: usize = 16 + 32;
/// 48 bytes in base64.
const CHARS: usize = 64;

impl HandedCode {
    /// A new code of this row.
    pub(crate) fn new(kind: HandedKind, row: Uuid, mint: &Mint) -> Self {
        Self { kind, row, secret: Zeroizing::new(mint.bytes()) }
    }

    /// Reads a code of this kind. Form only.
    ///
    /// # Errors
    /// [`CodeError::Form`].
    pub fn parse(kind: HandedKind, text: &str) -> Result<Self, CodeError> {
        let body = text.strip_prefix(kind.prefix()).ok_or(CodeError::Form)?;
        if body.len() != CHARS {
            return Err(CodeError::Form);
        }
        let bytes = BASE64URL_NOPAD.decode(body.as_bytes()).map_err(|_| CodeError::Form)?;
        let bytes: Zeroizing<[u8; BYTES]> =
            Zeroizing::new(bytes.try_into().map_err(|_| CodeError::Form)?);
        let (row, secret) = bytes.split_first_chunk::<16>().ok_or(CodeError::Form)?;
        let secret = secret.try_into().map_err(|_| CodeError::Form)?;
        Ok(Self { kind, row: Uuid::from_bytes(*row), secret: Zeroizing::new(secret) })
    }

    /// The text to show once.
    pub(crate) fn shown(&self) -> ShownOnce {
        let bytes =
            Zeroizing::new([self.row.as_bytes().as_slice(), self.secret.as_slice()].concat());
        ShownOnce::new(format!("{}{}", self.kind.prefix(), BASE64URL_NOPAD.encode(&bytes)))
    }

    /// Which row it claims to be of.
    pub(crate) const fn row(&self) -> Uuid {
        self.row
    }

    /// Its digest, as the row holds it.
    ///
    /// # Errors
    /// [`BrokerError`].
    pub(crate) async fn digest(&self, identity: &Identity) -> Result<String, BrokerError> {
        let message =
            [self.kind.domain(), self.row.as_bytes().as_slice(), self.secret.as_slice()].concat();
        let digest = identity.broker.mac(MacPurpose::Code, message).await?;
        Ok(HEXLOWER.encode(&digest))
    }
}

/// Whether two digests are the same, compared in constant time.
pub(crate) fn same(one: &str, other: &str) -> bool {
    constant_time::verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}

impl fmt::Debug for HandedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HandedCode({:?}, {})", self.kind, self.row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::mint;

    #[test]
    fn a_code_is_read_back_as_its_own_kind_only() {
        let code = HandedCode::new(HandedKind::Device, Uuid::from_bytes([7; 16]), &mint(1));
        let shown = code.shown();
        let read = HandedCode::parse(HandedKind::Device, shown.show()).unwrap();
        assert_eq!((read.row, read.secret.as_slice()), (code.row, code.secret.as_slice()));
        assert!(HandedCode::parse(HandedKind::Authorization, shown.show()).is_err());
        let other = shown.show().replacen("cd_", "ca_", 1);
        let read = HandedCode::parse(HandedKind::Authorization, &other).unwrap();
        assert_ne!(read.kind.domain(), code.kind.domain(), "the digest tells kinds apart");
    }

    #[test]
    fn junk_is_refused_whatever_its_length() {
        for junk in ["", "cd_", &"cd_A".repeat(1 << 16), &format!("cd_{}", "=".repeat(64))] {
            assert!(HandedCode::parse(HandedKind::Device, junk).is_err());
        }
    }

    #[test]
    fn a_print_shows_no_secret() {
        let code = HandedCode::new(HandedKind::Device, Uuid::nil(), &mint(2));
        assert!(!format!("{code:?}").contains(code.shown().show()));
    }
}
