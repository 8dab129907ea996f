//! The text of an API key: `cm_<env>_<keyid>_<secret><crc>`.
//!
//! Always true
//! 1. Junk is refused by its form and checksum, before any table is asked (and secret scanners can
//!    do the same).
//! 2. `env` is `live`; the key's id is public, its secret has 190 bits.
//! 3. The secret reaches the broker only as its SHA-256, and the database only as the broker's
//!    keyed digest of that.
//!
//! Source: the form follows what GitHub published on its token formats: prefix, base 62, CRC-32 in
//! six characters.

use std::fmt;

use aws_lc_rs::digest;
use domain::{ApiKeyId, Mint};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::ShownOnce;

const PREFIX: &str = "cm_live_";
const SYMBOLS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 62²² exceeds 2¹²⁸.
const ID_CHARS: usize = 22;
/// 32 symbols of 62: 190 bits, past the 160 that make a plain digest enough.
const SECRET_CHARS: usize = 32;
/// 62⁶ exceeds 2³².
const CRC_CHARS: usize = 6;
const KEY_CHARS: usize = PREFIX.len() + ID_CHARS + 1 + SECRET_CHARS + CRC_CHARS;

/// A text that is no API key of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not an API key")]
pub struct NotAKey;

/// An API key as presented or as just made. The secret is wiped when dropped and never printed.
pub struct ApiKeyText {
    id: ApiKeyId,
    secret: Zeroizing<String>,
}

impl ApiKeyText {
    /// A new secret for the key with this id.
    #[must_use]
    pub fn new(id: ApiKeyId, mint: &Mint) -> Self {
        let mut secret = Zeroizing::new(String::with_capacity(SECRET_CHARS));
        while secret.len() < SECRET_CHARS {
            let random: Zeroizing<[u8; 64]> = Zeroizing::new(mint.bytes());
            // Only bytes below 4 × 62 are taken, so that every symbol is equally likely.
            for byte in random.iter().filter(|byte| **byte < 248) {
                if secret.len() < SECRET_CHARS {
                    secret.push(symbol(u128::from(*byte)));
                }
            }
        }
        Self { id, secret }
    }

    /// Whether a credential claims to be one of our keys (and not an access token).
    #[must_use]
    pub fn looks_like(text: &str) -> bool {
        text.starts_with("cm_")
    }

    /// Reads a presented key. Form and checksum only; nothing is looked up.
    ///
    /// # Errors
    /// [`NotAKey`].
    pub fn parse(text: &str) -> Result<Self, NotAKey> {
        if text.len() != KEY_CHARS || !text.is_ascii() {
            return Err(NotAKey);
        }
        let rest = text.strip_prefix(PREFIX).ok_or(NotAKey)?;
        let (id, rest) = rest.split_at_checked(ID_CHARS).ok_or(NotAKey)?;
        let rest = rest.strip_prefix('_').ok_or(NotAKey)?;
        let (secret, crc) = rest.split_at_checked(SECRET_CHARS).ok_or(NotAKey)?;
        let id = read(id).map(|n| ApiKeyId::from(Uuid::from_u128(n))).ok_or(NotAKey)?;
        if !secret.bytes().all(|b| SYMBOLS.contains(&b)) {
            return Err(NotAKey);
        }
        let key = Self { id, secret: Zeroizing::new(secret.to_owned()) };
        if read(crc) == Some(u128::from(key.checksum())) { Ok(key) } else { Err(NotAKey) }
    }

    /// The key's public id.
    #[must_use]
    pub const fn id(&self) -> ApiKeyId {
        self.id
    }

    /// The text to show once.
    #[must_use]
    pub fn shown(&self) -> ShownOnce {
        ShownOnce::new(self.body() + &write(u128::from(self.checksum()), CRC_CHARS))
    }

    /// The digest of the whole key text: what the broker's keyed digest is taken over, and what
    /// caches are keyed by.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let body = Zeroizing::new(self.body());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest::digest(&digest::SHA256, body.as_bytes()).as_ref());
        bytes
    }

    /// The last four characters, by which people tell keys apart. They are of the checksum, so they
    /// take nothing from the secret.
    #[must_use]
    pub fn last_four(&self) -> String {
        let checksum = write(u128::from(self.checksum()), CRC_CHARS);
        checksum.get(CRC_CHARS - 4..).unwrap_or_default().to_owned()
    }

    fn body(&self) -> String {
        let id = write(self.id.uuid().as_u128(), ID_CHARS);
        format!("{PREFIX}{id}_{}", self.secret.as_str())
    }

    fn checksum(&self) -> u32 {
        crc32fast::hash(Zeroizing::new(self.body()).as_bytes())
    }
}

impl fmt::Debug for ApiKeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKeyText({})", self.id)
    }
}

fn symbol(value: u128) -> char {
    let place = usize::try_from(value % 62).unwrap_or(0);
    SYMBOLS.get(place).map_or('0', |byte| char::from(*byte))
}

fn write(value: u128, count: usize) -> String {
    let mut symbols: Vec<char> = Vec::with_capacity(count);
    let mut rest = value;
    for _ in 0..count {
        symbols.push(symbol(rest));
        rest /= 62;
    }
    symbols.iter().rev().collect()
}

fn read(text: &str) -> Option<u128> {
    text.bytes().try_fold(0u128, |number, byte| {
        let value = SYMBOLS.iter().position(|symbol| *symbol == byte)?;
        number.checked_mul(62)?.checked_add(u128::try_from(value).ok()?)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::mint;

    #[test]
    fn a_shown_key_is_read_back_with_the_same_digest() {
        for seed in 0..100 {
            let mint = mint(seed);
            let key = ApiKeyText::new(mint.id(), &mint);
            let shown = key.shown();
            assert_eq!(shown.show().len(), KEY_CHARS);
            let read = ApiKeyText::parse(shown.show()).unwrap();
            assert_eq!((read.id, read.digest()), (key.id, key.digest()));
        }
    }

    #[test]
    fn every_single_wrong_character_is_refused_without_a_look_up() {
        let mint = mint(5);
        let shown = ApiKeyText::new(mint.id(), &mint).shown();
        for place in 0..KEY_CHARS {
            let mut wrong = shown.show().as_bytes().to_vec();
            wrong[place] = if wrong[place] == b'A' { b'B' } else { b'A' };
            assert!(ApiKeyText::parse(std::str::from_utf8(&wrong).unwrap()).is_err(), "{place}");
        }
    }

    #[test]
    fn two_keys_share_no_digest_and_no_print_shows_the_secret() {
        let mint = mint(6);
        let (one, two) = (ApiKeyText::new(mint.id(), &mint), ApiKeyText::new(mint.id(), &mint));
        assert_ne!(one.digest(), two.digest());
        assert!(!format!("{one:?}{:?}", one.shown()).contains(one.secret.as_str()));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_fail_otherwise_than_by_refusing(text in "\\PC{0,120}") {
            prop_assert!(ApiKeyText::parse(&text).is_err());
        }

        #[test]
        fn no_single_changed_character_passes_the_checksum(
            seed in any::<u8>(), place in 0..KEY_CHARS, byte in 0x20u8..0x7f,
        ) {
            let mint = mint(u64::from(seed));
            let shown = ApiKeyText::new(mint.id(), &mint).shown();
            let mut text = shown.show().as_bytes().to_vec();
            prop_assume!(text[place] != byte);
            text[place] = byte;
            prop_assert!(ApiKeyText::parse(std::str::from_utf8(&text).unwrap()).is_err());
        }

        #[test]
        fn a_text_that_is_a_key_is_the_one_text_of_that_key(
            id in any::<u128>(), secret in "[0-9A-Za-z]{32}", changed in "[0-9A-Za-z]{22}",
        ) {
            let secret = Zeroizing::new(secret);
            let key = ApiKeyText { id: ApiKeyId::from(Uuid::from_u128(id)), secret };
            let shown = key.shown();
            let read = ApiKeyText::parse(shown.show()).unwrap();
            prop_assert_eq!(read.id, key.id);
            let again = read.shown();
            prop_assert_eq!(again.show(), shown.show());
            // Whatever else stands in the id's place is no second spelling of the same key.
            let other = shown.show().replacen(&shown.show()[8..30], &changed, 1);
            if let Ok(other_key) = ApiKeyText::parse(&other) {
                prop_assert_eq!(other, shown.show());
                prop_assert_eq!(other_key.id, key.id);
            }
        }

        #[test]
        fn base_62_is_exact_for_every_id(n in any::<u128>()) {
            prop_assert_eq!(read(&write(n, ID_CHARS)), Some(n));
        }
    }
}
