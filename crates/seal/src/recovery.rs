//! The recovery code: 160 random bits that a person can write down and type back.
//!
//! Nine groups of four Crockford base-32 symbols; the last group is a checksum, so a typing error
//! is told from a wrong code without trying to unwrap anything. Case, spaces and hyphens do not
//! matter; `O` reads as zero, `I` and `L` as one.

use aws_lc_rs::digest::{SHA256, digest};
use domain::Entropy;
use zeroize::Zeroizing;

use crate::exposed::Exposed;

const CODE_BYTES: usize = 20;
const CODE_SYMBOLS: usize = CODE_BYTES * 8 / 5;
const CHECKSUM_SYMBOLS: usize = 4;
pub(crate) const GROUP_SYMBOLS: usize = 4;
pub(crate) const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A recovery code. No `Debug`, `Clone` or `Serialize`.
pub struct RecoveryCode(Zeroizing<[u8; CODE_BYTES]>);

/// Why a text is not a recovery code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecoveryCodeError {
    /// Not 36 symbols.
    #[error("a recovery code has nine groups of four symbols")]
    Length,
    /// A symbol outside the alphabet.
    #[error("a recovery code holds digits and letters without U only")]
    Symbol,
    /// The checksum does not fit the rest: a typing error.
    #[error("the recovery code was mistyped: its last group does not fit the others")]
    Checksum,
}

impl RecoveryCode {
    /// A new code.
    #[must_use]
    pub fn random(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0u8; CODE_BYTES]);
        entropy.fill(bytes.as_mut_slice());
        Self(bytes)
    }

    /// Reads a code as a person typed it.
    ///
    /// # Errors
    /// [`RecoveryCodeError`] names what to look at.
    pub fn parse(typed: &Exposed) -> Result<Self, RecoveryCodeError> {
        let mut symbols = Zeroizing::new(Vec::with_capacity(typed.len()));
        for byte in typed.expose() {
            if !byte.is_ascii_whitespace() && *byte != b'-' {
                symbols.push(symbol_value(*byte).ok_or(RecoveryCodeError::Symbol)?);
            }
        }
        if symbols.len() != CODE_SYMBOLS + CHECKSUM_SYMBOLS {
            return Err(RecoveryCodeError::Length);
        }
        let (code, checksum) = symbols.split_at(CODE_SYMBOLS);
        let mut bytes = Zeroizing::new([0u8; CODE_BYTES]);
        for (group, five) in code.chunks_exact(8).zip(bytes.chunks_exact_mut(5)) {
            let bits = group.iter().fold(0u64, |bits, symbol| (bits << 5) | u64::from(*symbol));
            let [_, _, _, tail @ ..] = bits.to_be_bytes();
            five.copy_from_slice(&tail);
        }
        let code = Self(bytes);
        if code.checksum() == checksum { Ok(code) } else { Err(RecoveryCodeError::Checksum) }
    }

    /// The code as it is shown, once.
    #[must_use]
    pub fn text(&self) -> Exposed {
        let mut text = Vec::with_capacity(48);
        let symbols = self.0.chunks_exact(5).flat_map(five_bit_symbols).chain(self.checksum());
        for (place, symbol) in symbols.enumerate() {
            if place > 0 && place % GROUP_SYMBOLS == 0 {
                text.push(b'-');
            }
            text.push(ALPHABET.get(usize::from(symbol)).copied().unwrap_or(b'0'));
        }
        Exposed::new(text)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    fn checksum(&self) -> [u8; CHECKSUM_SYMBOLS] {
        let mut message = Zeroizing::new(b"casemate.v1 recovery code checksum".to_vec());
        message.extend_from_slice(self.0.as_slice());
        let hash = digest(&SHA256, &message);
        let mut checksum = [0u8; CHECKSUM_SYMBOLS];
        let first = hash.as_ref().chunks_exact(5).next().unwrap_or_default();
        for (place, symbol) in checksum.iter_mut().zip(five_bit_symbols(first)) {
            *place = symbol;
        }
        checksum
    }
}

/// Five bytes as eight values of five bits, the highest first.
pub(crate) fn five_bit_symbols(five: &[u8]) -> impl Iterator<Item = u8> + use<> {
    let bits = five.iter().fold(0u64, |bits, byte| (bits << 8) | u64::from(*byte));
    (0..8u32).rev().map(move |place| {
        let [.., low] = (bits >> (place * 5)).to_be_bytes();
        low & 0x1f
    })
}

pub(crate) fn symbol_value(typed: u8) -> Option<u8> {
    let symbol = match typed.to_ascii_uppercase() {
        b'O' => b'0',
        b'I' | b'L' => b'1',
        other => other,
    };
    ALPHABET.iter().position(|known| *known == symbol).and_then(|at| u8::try_from(at).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::SystemEntropy;

    #[test]
    fn a_code_is_nine_groups_of_four() {
        let text = RecoveryCode(Zeroizing::new([0xff; CODE_BYTES])).text();
        let text = text.expose_text().unwrap();
        assert_eq!(text.len(), 44);
        assert!(text.starts_with("ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-"), "{text}");
    }

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code = RecoveryCode::random(&SystemEntropy);
        let text = code.text().expose_text().unwrap().to_owned();
        let forms = [
            text.to_lowercase(),
            text.replace('-', ""),
            text.replace('-', " "),
            text.replace('0', "o").replace('1', "L"),
            format!("  {text}\n"),
        ];
        for form in forms {
            let read = RecoveryCode::parse(&Exposed::from_text(form)).ok().unwrap();
            assert_eq!(read.bytes(), code.bytes());
        }
    }

    #[test]
    fn every_single_mistyped_symbol_is_noticed() {
        // A checksum of 20 bits misses one change in a million: this fixed code has none among its
        // 1,116.
        let text = RecoveryCode(Zeroizing::new([0x5a; CODE_BYTES])).text();
        let text = text.expose().to_vec();
        for place in (0..text.len()).filter(|place| text[*place] != b'-') {
            for symbol in ALPHABET.iter().filter(|symbol| **symbol != text[place]) {
                let mut typed = text.clone();
                typed[place] = *symbol;
                assert_eq!(
                    RecoveryCode::parse(&Exposed::new(typed)).err(),
                    Some(RecoveryCodeError::Checksum)
                );
            }
        }
    }

    #[test]
    fn wrong_lengths_and_symbols_are_told_apart() {
        let parse = |text: &str| RecoveryCode::parse(&Exposed::copy_of(text.as_bytes())).err();
        assert_eq!(parse(""), Some(RecoveryCodeError::Length));
        assert_eq!(parse(&"0".repeat(35)), Some(RecoveryCodeError::Length));
        assert_eq!(parse(&"0".repeat(37)), Some(RecoveryCodeError::Length));
        assert_eq!(parse(&"U".repeat(36)), Some(RecoveryCodeError::Symbol));
        assert_eq!(parse("0000-é"), Some(RecoveryCodeError::Symbol));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_code_with_one_text_or_a_named_error(
            typed in proptest::collection::vec(any::<u8>(), 0..80),
        ) {
            if let Ok(code) = RecoveryCode::parse(&Exposed::new(typed)) {
                prop_assert!(RecoveryCode::parse(&code.text()).is_ok());
            }
        }

        #[test]
        fn text_and_code_are_one_to_one(bytes in any::<[u8; CODE_BYTES]>()) {
            let text = RecoveryCode(Zeroizing::new(bytes)).text();
            let read = RecoveryCode::parse(&text).ok().unwrap();
            prop_assert_eq!(read.bytes(), bytes.as_slice());
        }
    }
}
