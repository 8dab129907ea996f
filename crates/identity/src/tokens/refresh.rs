//! The refresh token: `cr_` and base 64 of session id, generation and the broker's authentication
//! code over both.
//!
//! Always true
//! 1. Nothing of it is stored: the row holds the current generation, and the token of a generation
//!    is always the same text, so the successor of a lost response is recomputed and never forked.
//! 2. Only the broker can make one; a copy of the database makes none.

use std::fmt;

use aws_lc_rs::constant_time;
use data_encoding::BASE64URL_NOPAD;
use domain::SessionId;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::ShownOnce;

const PREFIX: &str = "cr_";
const BYTES: usize = 16 + 8 + 32;
/// 56 bytes in base 64 without padding.
const CHARS: usize = PREFIX.len() + 75;

/// A presented refresh token whose form is right. Whether it is genuine, [`RefreshToken::carries`]
/// says.
pub struct RefreshToken {
    session: SessionId,
    generation: u64,
    code: Zeroizing<[u8; 32]>,
}

/// A text that is no refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a refresh token")]
pub struct RefreshRefused;

impl RefreshToken {
    /// Reads a presented token. Form only.
    ///
    /// # Errors
    /// [`RefreshRefused`].
    pub fn parse(text: &str) -> Result<Self, RefreshRefused> {
        if text.len() != CHARS {
            return Err(RefreshRefused);
        }
        let body = text.strip_prefix(PREFIX).ok_or(RefreshRefused)?;
        let bytes = BASE64URL_NOPAD.decode(body.as_bytes()).map_err(|_| RefreshRefused)?;
        let bytes: Zeroizing<[u8; BYTES]> =
            Zeroizing::new(bytes.try_into().map_err(|_| RefreshRefused)?);
        let (session, rest) = bytes.split_first_chunk::<16>().ok_or(RefreshRefused)?;
        let (generation, rest) = rest.split_first_chunk::<8>().ok_or(RefreshRefused)?;
        let code: [u8; 32] = rest.try_into().map_err(|_| RefreshRefused)?;
        Ok(Self {
            session: Uuid::from_bytes(*session).into(),
            generation: u64::from_be_bytes(*generation),
            code: Zeroizing::new(code),
        })
    }

    /// What the broker's authentication code of a session's generation is taken over.
    #[must_use]
    pub fn message(session: SessionId, generation: u64) -> Vec<u8> {
        [b"refresh".as_slice(), &session.to_bytes(), &generation.to_be_bytes()].concat()
    }

    /// The token of this session's generation, given the broker's code for it.
    #[must_use]
    pub fn write(session: SessionId, generation: u64, code: &[u8; 32]) -> ShownOnce {
        let bytes = Zeroizing::new(
            [session.to_bytes().as_slice(), &generation.to_be_bytes(), code].concat(),
        );
        ShownOnce::new(format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&bytes)))
    }

    /// Whether the token carries this code, compared in constant time.
    #[must_use]
    pub fn carries(&self, code: &[u8; 32]) -> bool {
        constant_time::verify_slices_are_equal(code, self.code.as_slice()).is_ok()
    }

    /// Whose token it claims to be.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// Which generation it claims to be.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RefreshToken({}, generation {})", self.session, self.generation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_of_the_form_is_refused_before_the_broker_is_asked() {
        let genuine = RefreshToken::write(Uuid::from_bytes([7; 16]).into(), 7, &[7; 32]);
        let genuine_form = genuine.show().to_owned();
        let read = RefreshToken::parse(&genuine_form).unwrap();
        assert_eq!((read.generation(), read.carries(&[7; 32])), (7, true));
        assert!(!read.carries(&[8; 32]));
        let long = "cr_".to_owned() + &"A".repeat(1 << 20);
        let standard_alphabet = genuine_form.replace('w', "+");
        for junk in
            ["", "cr_", "cr", &genuine_form[1..], &genuine_form[..77], &long, &standard_alphabet]
        {
            assert_eq!(RefreshToken::parse(junk).unwrap_err(), RefreshRefused);
        }
    }

    #[test]
    fn a_print_shows_no_code() {
        let token = RefreshToken::parse(&format!("cr_{}", BASE64URL_NOPAD.encode(&[7; BYTES])));
        assert!(!format!("{:?}", token.unwrap()).contains("7, 7"));
    }
}
