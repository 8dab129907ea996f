//! The code beside a bootstrap or invitation link. The link holds an id only, so a link that leaks
//! opens nothing.
//!
//! Form: `XXXX-XXXX-XXXX-XXXX-XXXX`, 16 symbols of randomness (80 bits) and 4 of checksum (20 bits
//! of CRC-32). With [`domain::limits::WRONG_CODES_MAX`] tries, guessing one has a chance below
//! 10⁻²².

use std::fmt;

use domain::Mint;
use zeroize::Zeroize;

use super::{CodeError, crockford};
use crate::ShownOnce;

const HALF_SYMBOLS: u32 = 8;
const CHECK_SYMBOLS: u32 = 4;
const SYMBOLS: usize = 20;

/// A code as typed or as just made: 80 random bits in two halves of 40.
pub struct TypedCode {
    halves: [u64; 2],
}

impl TypedCode {
    /// A new code.
    #[must_use]
    pub fn new(mint: &Mint) -> Self {
        let random: [u8; 16] = mint.bytes();
        let (high, low) = random.split_at(8);
        let half = |bytes: &[u8]| bytes.iter().fold(0u64, |n, b| (n << 8) | u64::from(*b));
        Self { halves: [half(high) >> 24, half(low) >> 24] }
    }

    /// Reads what somebody typed.
    ///
    /// # Errors
    /// [`CodeError::Form`] or [`CodeError::Mistyped`]; both are found without looking anything up.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let values = crockford::read(text, SYMBOLS).ok_or(CodeError::Form)?;
        let (Some(high), Some(low), Some(check)) =
            (values.get(0..8), values.get(8..16), values.get(16..20))
        else {
            return Err(CodeError::Form);
        };
        let code = Self { halves: [crockford::number(high), crockford::number(low)] };
        if u64::from(code.checksum()) == crockford::number(check) {
            Ok(code)
        } else {
            Err(CodeError::Mistyped)
        }
    }

    /// The text to show once.
    #[must_use]
    pub fn shown(&self) -> ShownOnce {
        let [high, low] = self.halves;
        let symbols = crockford::write(high, HALF_SYMBOLS)
            + &crockford::write(low, HALF_SYMBOLS)
            + &crockford::write(u64::from(self.checksum()), CHECK_SYMBOLS);
        ShownOnce::new(crockford::grouped(&symbols))
    }

    /// What the broker's keyed digest is taken over. `link` is part of it, so a code opens its own
    /// link only.
    #[must_use]
    pub fn message(&self, link: [u8; 16]) -> Vec<u8> {
        let [high, low] = self.halves;
        [b"link-code".as_slice(), &link, &high.to_be_bytes(), &low.to_be_bytes()].concat()
    }

    fn checksum(&self) -> u32 {
        let [high, low] = self.halves;
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&high.to_be_bytes());
        hasher.update(&low.to_be_bytes());
        hasher.finalize() & 0xF_FFFF
    }
}

impl Drop for TypedCode {
    fn drop(&mut self) {
        self.halves.zeroize();
    }
}

impl fmt::Debug for TypedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TypedCode(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::mint;

    #[test]
    fn a_code_survives_the_way_people_type_it() {
        let code = TypedCode::new(&mint(1));
        let shown = code.shown();
        let sloppy = shown.show().to_lowercase().replace('-', " ").replace('0', "o");
        let read = TypedCode::parse(&sloppy).unwrap();
        assert_eq!(read.halves, code.halves);
        assert_eq!(shown.show().len(), 24);
    }

    #[test]
    fn any_single_wrong_symbol_is_found_without_a_look_up() {
        let shown = TypedCode::new(&mint(2)).shown();
        let right: Vec<char> = shown.show().chars().collect();
        for place in (0..right.len()).filter(|p| right[*p] != '-') {
            for wrong in "0123456789ABCDEFGHJKMNPQRSTVWXYZ".chars().filter(|c| *c != right[place]) {
                let mut text = right.clone();
                text[place] = wrong;
                let text: String = text.into_iter().collect();
                assert_eq!(TypedCode::parse(&text).unwrap_err(), CodeError::Mistyped, "{text}");
            }
        }
    }

    #[test]
    fn junk_is_refused_whatever_its_length() {
        for junk in ["", "-", "XXXX", &"7".repeat(1_000_000), "ÄÄÄÄ-ÄÄÄÄ-ÄÄÄÄ-ÄÄÄÄ-ÄÄÄÄ", "U\0"]
        {
            assert!(TypedCode::parse(junk).is_err());
        }
    }

    #[test]
    fn a_code_belongs_to_its_link() {
        let code = TypedCode::new(&mint(3));
        assert_ne!(code.message([1; 16]), code.message([2; 16]));
    }
}
