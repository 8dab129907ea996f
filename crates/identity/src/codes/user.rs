//! The code that a person carries from a device without a browser to one with a browser.
//!
//! Form: `XXXX-XXXX`, of twenty consonants, so that none spells a word or is taken for a digit (RFC
//! 8628 section 6.1): 34.6 bits, which five minutes and five tries per session make enough.

use std::fmt;

use broker::{BrokerError, MacPurpose};
use data_encoding::HEXLOWER;
use domain::Mint;
use zeroize::Zeroizing;

use super::CodeError;
use crate::ShownOnce;
use crate::identity::Identity;

const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const CHARS: usize = 8;
/// Longest text that is looked at: the letters with something between any two.
const TEXT_BYTES_MAX: usize = 32;

/// A code as typed or as just made.
pub struct UserCode(Zeroizing<[u8; CHARS]>);

impl UserCode {
    /// A new code; every letter is as likely as any other.
    pub(crate) fn new(mint: &Mint) -> Self {
        let mut letters = Zeroizing::new([0; CHARS]);
        for place in letters.iter_mut() {
            // 240 is the largest multiple of twenty in a byte: what lies above would favour some.
            let byte = loop {
                let [byte]: [u8; 1] = mint.bytes();
                if byte < 240 {
                    break byte;
                }
            };
            *place = LETTERS.get(usize::from(byte % 20)).copied().unwrap_or(b'B');
        }
        Self(letters)
    }

    /// Reads what somebody typed: case, spaces and hyphens do not matter.
    ///
    /// # Errors
    /// [`CodeError::Form`].
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(CodeError::Form);
        }
        let letters: Vec<u8> = text
            .bytes()
            .filter(|byte| !matches!(byte, b' ' | b'-'))
            .map(|byte| byte.to_ascii_uppercase())
            .collect();
        if !letters.iter().all(|letter| LETTERS.contains(letter)) {
            return Err(CodeError::Form);
        }
        letters.try_into().map(|letters| Self(Zeroizing::new(letters))).map_err(|_| CodeError::Form)
    }

    /// The text to show once.
    pub(crate) fn shown(&self) -> ShownOnce {
        let text = String::from_utf8_lossy(self.0.as_slice()).into_owned();
        let (first, second) = text.split_at(CHARS / 2);
        ShownOnce::new(format!("{first}-{second}"))
    }

    /// Its digest, as the row holds it.
    ///
    /// # Errors
    /// [`BrokerError`].
    pub(crate) async fn digest(&self, identity: &Identity) -> Result<String, BrokerError> {
        let message = [b"user-code".as_slice(), self.0.as_slice()].concat();
        let digest = identity.broker.mac(MacPurpose::Code, message).await?;
        Ok(HEXLOWER.encode(&digest))
    }
}

impl fmt::Debug for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserCode(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::testing::mint;

    #[test]
    fn a_code_survives_the_way_people_type_it() {
        let code = UserCode::new(&mint(1));
        let shown = code.shown();
        assert_eq!(shown.show().len(), 9);
        let sloppy = format!(" {} ", shown.show().to_lowercase().replace('-', " "));
        assert_eq!(UserCode::parse(&sloppy).unwrap().0, code.0);
    }

    #[test]
    fn all_twenty_letters_are_used_and_no_vowel() {
        let letters: BTreeSet<u8> = (0..200).flat_map(|n| *UserCode::new(&mint(n)).0).collect();
        assert_eq!(letters.into_iter().collect::<Vec<_>>(), LETTERS);
    }

    #[test]
    fn junk_is_refused_whatever_its_length() {
        for junk in ["", "BCDF", "AEIO-UYAE", "BCDF-GHJKL", "ÄÄÄÄ-ÄÄÄÄ", &"B".repeat(1 << 20)]
        {
            assert!(UserCode::parse(junk).is_err(), "{}", junk.len());
        }
    }
}
