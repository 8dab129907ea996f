//! Passwords: what is accepted, how it is hashed, and how much hashing the machine does at once.
//!
//! Always true
//! 1. A password is hashed with Argon2id and a salt of its own (AUTH-1); its text never leaves this
//!    module.
//! 2. Checking a password costs the same whether or not the account exists.
//! 3. The number of hashes at once and the number waiting are bounded; past that the answer is "try
//!    again".
//!
//! Sources: RFC 9106; OWASP Password Storage (19 MiB, two passes, one lane); NIST SP 800-63B-4.

mod breached;
mod derived;
mod hash;
mod policy;
mod pool;

use std::fmt;

use domain::limits;
use zeroize::Zeroizing;

pub use breached::{Breached, BreachedError};
pub use hash::{Cost, PasswordHash};
pub use policy::check_new;
pub use pool::{PasswordPool, Place, PoolError, PoolSize, Verdict};

/// A password as typed: of acceptable length, wiped when dropped, never printed.
pub struct Password(Zeroizing<String>);

/// Why a password was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRefused {
    /// Too short.
    #[error("a password has at least {} characters", limits::PASSWORD_CHARS_MIN)]
    TooShort,
    /// Too long.
    #[error("a password has at most {} characters", limits::PASSWORD_CHARS_MAX)]
    TooLong,
    /// On the list of passwords that attackers try first, or a pattern like them.
    #[error("this password is among the first that attackers try")]
    Common,
    /// On the operator's list of passwords that leaked.
    #[error("this password is on a list of passwords that leaked")]
    Breached,
    /// The operator's list could not be read; nothing unchecked is taken.
    #[error("the list of leaked passwords cannot be read right now; tell the operator")]
    Unchecked,
    /// Little is left of it without the e-mail address and the product's name.
    #[error("this password is mostly the e-mail address or the product's name")]
    Guessable,
}

impl Password {
    /// Takes a typed password. Only its length is judged: see [`check_new`] for new ones.
    ///
    /// # Errors
    /// [`PasswordRefused::TooShort`] or [`PasswordRefused::TooLong`], so nothing of unbounded
    /// length is hashed.
    pub fn typed(text: String) -> Result<Self, PasswordRefused> {
        let text = Zeroizing::new(text);
        // One character takes at most four bytes: a hostile megabyte is refused before it is
        // walked.
        if text.len() > 4 * limits::PASSWORD_CHARS_MAX {
            return Err(PasswordRefused::TooLong);
        }
        match text.chars().count() {
            n if n < limits::PASSWORD_CHARS_MIN => Err(PasswordRefused::TooShort),
            n if n > limits::PASSWORD_CHARS_MAX => Err(PasswordRefused::TooLong),
            _ => Ok(Self(text)),
        }
    }

    /// A digest of address and password together: which pair was tried, for rules that count pairs.
    /// It is keyed before it is kept.
    pub(crate) fn pair_digest(&self, email: &domain::EmailAddress) -> [u8; 32] {
        let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        for part in [email.as_str(), self.text()] {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part.as_bytes());
        }
        let mut digest = [0; 32];
        digest.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
        digest
    }

    fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}
