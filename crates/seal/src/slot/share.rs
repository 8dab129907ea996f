//! One share of a slot that several people open together, and a set of them.
//!
//! A share is 22 groups of four Crockford base-32 symbols, typed as the recovery code is. It holds
//! a version, the slot's id, the threshold, the share's number, 32 bytes, and a checksum of 32
//! bits, so a typing error is told from a share of another slot, and that from a wrong one.

use aws_lc_rs::digest::{SHA256, digest};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::exposed::Exposed;
use crate::key::{KEY_ID_BYTES, KeyId};
use crate::recovery::{ALPHABET, GROUP_SYMBOLS, five_bit_symbols, symbol_value};
use crate::shamir::{self, VALUE_BYTES, Value};

/// Fewest shares that may be asked for: with one, every share would be the key.
pub const THRESHOLD_MIN: u8 = 2;
/// Most shares of one slot.
pub const SHARES_MAX: u8 = 16;
/// Largest file of shares: every share of a slot, one a line.
pub const SHARES_FILE_BYTES_MAX: usize = 4096;

const VERSION: u8 = 1;
const BODY_BYTES: usize = 1 + KEY_ID_BYTES + 2 + VALUE_BYTES;
const CHECKSUM_BYTES: usize = 4;
const SHARE_BYTES: usize = BODY_BYTES + CHECKSUM_BYTES;
const SHARE_SYMBOLS: usize = SHARE_BYTES * 8 / 5;
// Whole groups of five bytes, so no share has bits to spare.
const _: () = assert!(SHARE_BYTES.is_multiple_of(5));

/// How many shares a slot has, and how many of them open it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split {
    threshold: u8,
    count: u8,
}

/// A number of shares that no slot has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there are 2 to 16 shares, and at least 2 of them open the slot")]
pub struct SplitOutsideLimits;

impl Split {
    /// `threshold` of `count` shares.
    ///
    /// # Errors
    /// [`SplitOutsideLimits`].
    pub const fn new(threshold: u8, count: u8) -> Result<Self, SplitOutsideLimits> {
        if threshold < THRESHOLD_MIN || threshold > count || count > SHARES_MAX {
            return Err(SplitOutsideLimits);
        }
        Ok(Self { threshold, count })
    }

    /// How many shares open the slot.
    #[must_use]
    pub const fn threshold(self) -> u8 {
        self.threshold
    }

    /// How many there are.
    #[must_use]
    pub const fn count(self) -> u8 {
        self.count
    }
}

/// Why a text is not a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShareError {
    /// Not 88 symbols.
    #[error("a share has 22 groups of four symbols")]
    Length,
    /// A symbol outside the alphabet.
    #[error("a share holds digits and letters without U only")]
    Symbol,
    /// The checksum does not fit the rest: a typing error.
    #[error("the share was mistyped: its end does not fit the rest")]
    Checksum,
    /// A newer release wrote it.
    #[error("a newer release made the share")]
    NewerFormat,
    /// Numbers that no slot has.
    #[error("the share's numbers are those of no slot")]
    Numbers,
}

/// Why shares, each of them well typed, do not make a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShareSetError {
    /// There are not enough.
    #[error("{given} of the {needed} shares that this slot needs were given")]
    TooFew {
        /// How many there are.
        given: u8,
        /// How many there must be.
        needed: u8,
    },
    /// One was given twice.
    #[error("share {0} was given twice")]
    Repeated(u8),
    /// They are of different slots, or of different turns of one slot.
    #[error("the shares are not of one set")]
    Mixed,
    /// They are of one set, which is not this slot's.
    #[error("the shares are of another slot, or of this one before it was rotated")]
    OtherSlot,
    /// More than enough were given, and they contradict each other: one of them is forged.
    #[error("the shares contradict each other")]
    Contradicting,
    /// More than a slot has.
    #[error("no slot has so many shares")]
    TooMany,
}

/// One share. No `Debug`, `Clone` or `Serialize`.
pub struct Share {
    slot: KeyId,
    threshold: u8,
    number: u8,
    value: Value,
}

impl Share {
    /// Every share of a slot, for `secret`.
    pub(super) fn all_of(
        slot: KeyId,
        split: Split,
        secret: &[u8; VALUE_BYTES],
        entropy: &dyn domain::Entropy,
    ) -> Vec<Self> {
        let values = shamir::split(secret, split.threshold, split.count, entropy);
        let made = |(number, value)| Self { slot, threshold: split.threshold, number, value };
        (1..).zip(values).map(made).collect()
    }

    /// Reads a share as a person typed it.
    ///
    /// # Errors
    /// [`ShareError`] names what to look at.
    pub fn parse(typed: &[u8]) -> Result<Self, ShareError> {
        let mut symbols = Zeroizing::new(Vec::with_capacity(typed.len()));
        for byte in typed {
            if !byte.is_ascii_whitespace() && *byte != b'-' {
                symbols.push(symbol_value(*byte).ok_or(ShareError::Symbol)?);
            }
        }
        if symbols.len() != SHARE_SYMBOLS {
            return Err(ShareError::Length);
        }
        let mut bytes = Zeroizing::new([0u8; SHARE_BYTES]);
        for (group, five) in symbols.chunks_exact(8).zip(bytes.chunks_exact_mut(5)) {
            let bits = group.iter().fold(0u64, |bits, symbol| (bits << 5) | u64::from(*symbol));
            let [_, _, _, tail @ ..] = bits.to_be_bytes();
            five.copy_from_slice(&tail);
        }
        Self::read(&bytes)
    }

    fn read(bytes: &[u8; SHARE_BYTES]) -> Result<Self, ShareError> {
        let (body, sum) = bytes.split_at(BODY_BYTES);
        if checksum(body) != sum {
            return Err(ShareError::Checksum);
        }
        let numbers = || ShareError::Numbers;
        let (version, rest) = body.split_first().ok_or_else(numbers)?;
        if *version != VERSION {
            return Err(if *version > VERSION { ShareError::NewerFormat } else { numbers() });
        }
        let (slot, rest) = rest.split_first_chunk::<KEY_ID_BYTES>().ok_or_else(numbers)?;
        let ([threshold, number], rest) = rest.split_first_chunk::<2>().ok_or_else(numbers)?;
        let value: [u8; VALUE_BYTES] = rest.try_into().map_err(|_| numbers())?;
        let value = Value::new(value);
        let known =
            (THRESHOLD_MIN..=SHARES_MAX).contains(threshold) && (1..=SHARES_MAX).contains(number);
        let slot = KeyId::from_bytes(*slot);
        if known {
            Ok(Self { slot, threshold: *threshold, number: *number, value })
        } else {
            Err(numbers())
        }
    }

    /// The share as it is shown, once.
    #[must_use]
    pub fn text(&self) -> Exposed {
        let mut bytes = Zeroizing::new(Vec::with_capacity(SHARE_BYTES));
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.slot.to_bytes());
        bytes.extend_from_slice(&[self.threshold, self.number]);
        bytes.extend_from_slice(self.value.as_slice());
        let sum = checksum(&bytes);
        bytes.extend_from_slice(&sum);
        let mut text = Vec::with_capacity(SHARE_SYMBOLS * 5 / 4);
        for (place, symbol) in bytes.chunks_exact(5).flat_map(five_bit_symbols).enumerate() {
            if place > 0 && place % GROUP_SYMBOLS == 0 {
                text.push(b'-');
            }
            text.push(ALPHABET.get(usize::from(symbol)).copied().unwrap_or(b'0'));
        }
        Exposed::new(text)
    }

    /// Which of the slot's shares it is, from 1.
    #[must_use]
    pub const fn number(&self) -> u8 {
        self.number
    }
}

/// Shares, each of them well typed. No `Debug`, `Clone` or `Serialize`.
pub struct Shares(Vec<Share>);

impl Shares {
    /// These shares.
    #[must_use]
    pub const fn new(shares: Vec<Share>) -> Self {
        Self(shares)
    }

    /// The shares in a file: one a line, empty lines between them.
    ///
    /// # Errors
    /// That of the first line that is no share.
    pub fn read(content: &Exposed) -> Result<Self, ShareError> {
        let lines = content.expose().split(|byte| *byte == b'\n');
        let lines = lines.filter(|line| !line.trim_ascii().is_empty());
        lines.map(Share::parse).collect::<Result<_, _>>().map(Self)
    }

    #[cfg(test)]
    pub(super) fn add(&mut self, mut others: Self) {
        self.0.append(&mut others.0);
    }

    /// Changes a byte of the first, whose checksum will fit all the same.
    #[cfg(test)]
    pub(super) fn forge(&mut self) {
        if let Some(share) = self.0.first_mut() {
            share.value.iter_mut().for_each(|byte| *byte ^= 1);
        }
    }

    /// What the shares of `slot` give together.
    ///
    /// # Errors
    /// [`ShareSetError`]; a share that is forged is noticed only when more than enough were given.
    pub(super) fn combined(&self, slot: KeyId, split: Split) -> Result<Value, ShareSetError> {
        self.check(slot, split)?;
        let points: Vec<_> = self.0.iter().map(|share| (share.number, &*share.value)).collect();
        let (enough, more) =
            points.split_at_checked(usize::from(split.threshold)).ok_or(ShareSetError::TooMany)?;
        for (number, value) in more {
            let agrees = shamir::value_at(*number, enough).ct_eq(value.as_slice());
            if !bool::from(agrees) {
                return Err(ShareSetError::Contradicting);
            }
        }
        Ok(shamir::value_at(0, enough))
    }

    fn check(&self, slot: KeyId, split: Split) -> Result<(), ShareSetError> {
        let given = u8::try_from(self.0.len()).unwrap_or(u8::MAX);
        if let Some(first) = self.0.first() {
            let same =
                |share: &Share| share.slot == first.slot && share.threshold == first.threshold;
            if !self.0.iter().all(same) {
                return Err(ShareSetError::Mixed);
            }
            if first.slot != slot || first.threshold != split.threshold {
                return Err(ShareSetError::OtherSlot);
            }
        }
        let mut seen = [false; SHARES_MAX as usize + 1];
        for share in &self.0 {
            let place = seen.get_mut(usize::from(share.number)).ok_or(ShareSetError::TooMany)?;
            if std::mem::replace(place, true) {
                return Err(ShareSetError::Repeated(share.number));
            }
        }
        if given < split.threshold {
            return Err(ShareSetError::TooFew { given, needed: split.threshold });
        }
        Ok(())
    }
}

fn checksum(body: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut message = Zeroizing::new(b"casemate.v1 share checksum".to_vec());
    message.extend_from_slice(body);
    let hash = digest(&SHA256, &message);
    hash.as_ref().first_chunk().copied().unwrap_or_default()
}
