//! Backup codes: ten, shown once, each good for one sign-in.
//!
//! Form: `SSXX-XXXX-XXXX`. Two symbols select the row, ten are the secret (50 bits). The row holds
//! a digest keyed inside the broker, where ASVS 5.0 6.5.2 asks for a slow hash: with the key out of
//! the database's reach there is nothing to grind, and online guesses meet the throttle.

use std::collections::BTreeSet;
use std::fmt;

use domain::{Mint, UserId, limits};
use zeroize::Zeroize;

use super::{CodeError, crockford};
use crate::ShownOnce;

const SYMBOLS: usize = 12;
const SELECTOR_SYMBOLS: u32 = 2;
const SECRET_SYMBOLS: u32 = 10;
const SECRET_BITS: u64 = 50;
const SELECTOR_BITS: u64 = 10;

/// One backup code, as typed or as just made.
pub struct BackupCode {
    selector: u16,
    secret: u64,
}

impl BackupCode {
    /// A full set, with distinct selectors.
    #[must_use]
    pub fn set(mint: &Mint) -> Vec<Self> {
        let mut taken = BTreeSet::new();
        let mut codes = Vec::with_capacity(limits::BACKUP_CODES);
        while codes.len() < limits::BACKUP_CODES {
            let random = u64::from_be_bytes(mint.bytes());
            let selector = selector_of(random >> (64 - SELECTOR_BITS));
            if taken.insert(selector) {
                codes.push(Self { selector, secret: random & ((1 << SECRET_BITS) - 1) });
            }
        }
        codes
    }

    /// Reads what somebody typed.
    ///
    /// # Errors
    /// [`CodeError::Form`].
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let values = crockford::read(text, SYMBOLS).ok_or(CodeError::Form)?;
        let (Some(selector), Some(secret)) = (values.get(0..2), values.get(2..SYMBOLS)) else {
            return Err(CodeError::Form);
        };
        Ok(Self {
            selector: selector_of(crockford::number(selector)),
            secret: crockford::number(secret),
        })
    }

    /// Which row of its owner this code is checked against. Not a secret.
    #[must_use]
    pub fn selector(&self) -> String {
        crockford::write(u64::from(self.selector), SELECTOR_SYMBOLS)
    }

    /// The text to show once.
    #[must_use]
    pub fn shown(&self) -> ShownOnce {
        let symbols = self.selector() + &crockford::write(self.secret, SECRET_SYMBOLS);
        ShownOnce::new(crockford::grouped(&symbols))
    }

    /// What the broker's keyed digest is taken over. The owner is part of it, so a row moved to
    /// another person opens nothing.
    #[must_use]
    pub fn message(&self, owner: UserId) -> Vec<u8> {
        [
            b"backup-code".as_slice(),
            &owner.to_bytes(),
            &self.selector.to_be_bytes(),
            &self.secret.to_be_bytes(),
        ]
        .concat()
    }
}

impl Drop for BackupCode {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

impl fmt::Debug for BackupCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BackupCode({})", self.selector)
    }
}

fn selector_of(bits: u64) -> u16 {
    u16::try_from(bits & ((1 << SELECTOR_BITS) - 1)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::mint;

    #[test]
    fn a_set_has_ten_codes_with_distinct_selectors() {
        for seed in 0..50 {
            let set = BackupCode::set(&mint(seed));
            let selectors: BTreeSet<String> = set.iter().map(BackupCode::selector).collect();
            assert_eq!((set.len(), selectors.len()), (10, 10));
        }
    }

    #[test]
    fn a_shown_code_is_read_back() {
        for code in BackupCode::set(&mint(7)) {
            let shown = code.shown();
            assert_eq!(shown.show().len(), 14);
            let read = BackupCode::parse(&shown.show().to_lowercase()).unwrap();
            assert_eq!((read.selector, read.secret), (code.selector, code.secret));
        }
    }

    #[test]
    fn the_same_code_of_two_people_has_two_digests() {
        let code = &BackupCode::set(&mint(8))[0];
        let (a, b) = (mint(1).id(), mint(2).id());
        assert_ne!(code.message(a), code.message(b));
    }

    #[test]
    fn a_totp_code_is_not_a_backup_code() {
        assert_eq!(BackupCode::parse("123456").unwrap_err(), CodeError::Form);
    }
}
