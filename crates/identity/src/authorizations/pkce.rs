//! Proof key for code exchange (RFC 7636), method S256 and no other.

use std::fmt;

use aws_lc_rs::digest;
use data_encoding::BASE64URL_NOPAD;
use zeroize::Zeroizing;

use crate::codes::same;

/// What a client shows at first: the SHA-256 of its verifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge(String);

/// What the client kept, and shows when it redeems the code.
pub struct Verifier(Zeroizing<String>);

/// A text that is no challenge or verifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not of the form RFC 7636 asks for")]
pub struct PkceForm;

impl Challenge {
    /// 32 bytes in base64url without padding.
    ///
    /// # Errors
    /// [`PkceForm`].
    pub fn parse(text: &str) -> Result<Self, PkceForm> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| PkceForm)?;
        if bytes.len() == 32 { Ok(Self(text.to_owned())) } else { Err(PkceForm) }
    }

    /// Its text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Verifier {
    /// 43 to 128 unreserved characters (RFC 7636 section 4.1).
    ///
    /// # Errors
    /// [`PkceForm`].
    pub fn parse(text: &str) -> Result<Self, PkceForm> {
        let unreserved =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        let right = (43..=128).contains(&text.len()) && text.bytes().all(unreserved);
        if right { Ok(Self(Zeroizing::new(text.to_owned()))) } else { Err(PkceForm) }
    }

    /// Whether it answers this challenge, compared in constant time.
    pub(crate) fn answers(&self, challenge: &str) -> bool {
        let hash = digest::digest(&digest::SHA256, self.0.as_bytes());
        same(&BASE64URL_NOPAD.encode(hash.as_ref()), challenge)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636 appendix B.
    #[test]
    fn the_example_of_the_rfc_answers_its_challenge() {
        let verifier = Verifier::parse("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap();
        let challenge = Challenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap();
        assert!(verifier.answers(challenge.as_str()));
        let other = Verifier::parse("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXj").unwrap();
        assert!(!other.answers(challenge.as_str()));
        let plain = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert!(!verifier.answers(plain), "the method `plain` is none of ours");
    }

    #[test]
    fn forms_the_rfc_does_not_know_are_refused() {
        for text in ["", &"a".repeat(42), &"a".repeat(129), &format!("{} ", "a".repeat(43))] {
            assert!(Verifier::parse(text).is_err(), "{text}");
        }
        for text in ["", "AAAA", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM="] {
            assert!(Challenge::parse(text).is_err(), "{text}");
        }
    }
}
