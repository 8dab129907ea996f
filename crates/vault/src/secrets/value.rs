//! A secret's value on its way in.
//!
//! Always true: a [`SecretValue`] is not empty and within its limit; like [`Exposed`], it cannot be
//! printed, copied or compared.

use broker::Exposed;
use domain::limits;

/// A value to be sealed.
pub struct SecretValue(Exposed);

/// Why a value was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// Nothing was given: more likely a command that failed before the pipe than a secret.
    #[error("a secret's value must not be empty")]
    Empty,
    /// Larger than the limit.
    #[error("a secret's value has at most {} bytes", limits::SECRET_BYTES_MAX)]
    TooLarge,
}

impl SecretValue {
    /// Takes a value over.
    ///
    /// # Errors
    /// [`ValueError`]; the value is wiped.
    pub fn new(value: Exposed) -> Result<Self, ValueError> {
        match value.len() {
            0 => Err(ValueError::Empty),
            length if length > limits::SECRET_BYTES_MAX => Err(ValueError::TooLarge),
            _ => Ok(Self(value)),
        }
    }

    /// Hands the value to whoever seals it.
    pub(super) fn into_exposed(self) -> Exposed {
        self.0
    }

    /// A second copy, for a second try at sealing.
    pub(super) fn again(&self) -> Self {
        Self(Exposed::copy_of(self.0.expose()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_not_empty_and_within_the_limit() {
        let of = |length: usize| SecretValue::new(Exposed::new(vec![7; length])).err();
        assert_eq!(of(0), Some(ValueError::Empty));
        assert_eq!(of(1), None);
        assert_eq!(of(limits::SECRET_BYTES_MAX), None);
        assert_eq!(of(limits::SECRET_BYTES_MAX + 1), Some(ValueError::TooLarge));
    }
}
