//! Proof of work, for sign-ins from where sign-ins misbehave.
//!
//! Always true
//! 1. A challenge carries this instance's code over its network, address of the account,
//!    difficulty and end: the server keeps nothing until it is solved.
//! 2. A proof is judged by one hash first; only then is its code looked at.
//! 3. A proof is good once, for one account, from one network, until its challenge ends.
//!
//! Form of a challenge: base64url of 1 byte difficulty, 8 bytes end (ms, big-endian), 16 bytes
//! nonce, 16 bytes code. A proof is the challenge, a dot, and a decimal number, such that the
//! SHA-256 of the whole text begins with as many zero bits as the difficulty says.
//!
//! Source: hashcash (Back, 2002), with SHA-256.

use aws_lc_rs::{constant_time, digest};
use data_encoding::BASE64URL_NOPAD;
use domain::{Mint, TimeMs, limits};

use super::Guard;

/// Longest proof that is read: a challenge, a dot and a number of 64 bits.
const PROOF_CHARS_MAX: usize = 96;
const BYTES: usize = 41;

/// What a client has to solve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Challenge {
    /// Leading zero bits that the hash needs.
    pub bits: u32,
    /// Until when a proof is taken.
    pub expires_at: TimeMs,
    nonce: [u8; 16],
    code: [u8; 16],
}

/// Work that was shown to be done, for whom and from where it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Work {
    pub(crate) bits: u32,
    pub(crate) expires_at: TimeMs,
    /// Names the proof among those used.
    pub(crate) name: String,
}

impl Challenge {
    /// A new one, for an account and a network.
    pub(crate) fn new(guard: &Guard, mint: &Mint, bits: u32, bound: &Bound<'_>) -> Self {
        let bits = bits.clamp(limits::WORK_BITS_MIN, limits::WORK_BITS_MAX);
        let expires_at = mint.now().plus_ms(limits::CHALLENGE_MS);
        let nonce = mint.bytes();
        let code = code(guard, bits, expires_at, &nonce, bound);
        Self { bits, expires_at, nonce, code }
    }

    /// The text that a proof begins with.
    #[must_use]
    pub fn text(&self) -> String {
        let bits = [u8::try_from(self.bits).unwrap_or(u8::MAX)];
        let end = self.expires_at.0.to_be_bytes();
        let parts = [bits.as_slice(), &end, &self.nonce, &self.code].concat();
        BASE64URL_NOPAD.encode(&parts)
    }

    fn read(text: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok().filter(|b| b.len() == BYTES)?;
        let (bits, rest) = bytes.split_first()?;
        let (end, rest) = rest.split_at_checked(8)?;
        let (nonce, code) = rest.split_at_checked(16)?;
        Some(Self {
            bits: u32::from(*bits),
            expires_at: TimeMs(i64::from_be_bytes(end.try_into().ok()?)),
            nonce: nonce.try_into().ok()?,
            code: code.try_into().ok()?,
        })
    }
}

/// What a proof is bound to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bound<'a> {
    pub(crate) network: &'a str,
    pub(crate) account: &'a str,
}

/// The work a proof shows; `None` when it shows none.
pub(crate) fn shown(guard: &Guard, now: TimeMs, text: &str, bound: &Bound<'_>) -> Option<Work> {
    if text.len() > PROOF_CHARS_MAX {
        return None;
    }
    let (head, number) = text.split_once('.')?;
    // One spelling per number, or one piece of work could be used under two names.
    number.parse::<u64>().ok().filter(|read| read.to_string() == number)?;
    let challenge = Challenge::read(head)?;
    let bits = challenge.bits;
    if bits < limits::WORK_BITS_MIN || !meets(text.as_bytes(), bits) {
        return None;
    }
    let right = code(guard, bits, challenge.expires_at, &challenge.nonce, bound);
    constant_time::verify_slices_are_equal(&right, &challenge.code).ok()?;
    let left_ms = challenge.expires_at.since_ms(now);
    if left_ms <= 0 {
        return None;
    }
    let name = data_encoding::HEXLOWER.encode(&challenge.nonce);
    Some(Work { bits, expires_at: challenge.expires_at, name })
}

/// Whether the SHA-256 of these bytes begins with so many zero bits.
#[must_use]
pub fn meets(text: &[u8], bits: u32) -> bool {
    let hash = digest::digest(&digest::SHA256, text);
    let mut zeros = 0;
    for byte in hash.as_ref() {
        zeros += byte.leading_zeros();
        if *byte != 0 {
            break;
        }
    }
    zeros >= bits
}

fn code(
    guard: &Guard,
    bits: u32,
    expires_at: TimeMs,
    nonce: &[u8; 16],
    bound: &Bound<'_>,
) -> [u8; 16] {
    let (network, account) = (bound.network.as_bytes(), bound.account.as_bytes());
    let end = expires_at.0.to_be_bytes();
    guard.tag("challenge", &[&bits.to_be_bytes(), &end, nonce, network, account])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::mint;

    const HERE: Bound<'_> = Bound { network: "n", account: "a" };

    fn solved(challenge: &Challenge) -> String {
        let text = challenge.text();
        (0u64..)
            .map(|n| format!("{text}.{n}"))
            .find(|proof| meets(proof.as_bytes(), challenge.bits))
            .unwrap()
    }

    #[test]
    fn a_proof_shows_its_work_once_it_is_solved() {
        let (guard, mint) = (Guard::with_key([1; 32]), mint(1));
        let challenge = Challenge::new(&guard, &mint, 16, &HERE);
        let proof = solved(&challenge);
        let now = mint.now();
        let work = shown(&guard, now, &proof, &HERE).unwrap();
        assert_eq!((work.bits, work.expires_at), (16, challenge.expires_at));
        let (head, number) = proof.split_once('.').unwrap();
        let unsolved = (0u64..).map(|n| format!("{head}.{n}")).find(|p| !meets(p.as_bytes(), 16));
        let elsewhere = Bound { network: "other", ..HERE };
        let else_who = Bound { account: "other", ..HERE };
        assert_eq!(shown(&guard, now, &unsolved.unwrap(), &HERE), None, "no work was done");
        assert_eq!(shown(&guard, now, &proof, &elsewhere), None, "another network's");
        assert_eq!(shown(&guard, now, &proof, &else_who), None, "another account's");
        assert_eq!(shown(&Guard::with_key([2; 32]), now, &proof, &HERE), None, "another server's");
        assert_eq!(shown(&guard, challenge.expires_at, &proof, &HERE), None, "too late");
        for spelling in [format!("{head}.+{number}"), format!("{head}.0{number}")] {
            assert_eq!(shown(&guard, now, &spelling, &HERE), None);
        }
    }

    #[test]
    fn difficulty_is_bounded_whatever_is_asked_and_cannot_be_lowered_by_the_client() {
        let (guard, mint) = (Guard::with_key([1; 32]), mint(1));
        assert_eq!(Challenge::new(&guard, &mint, 0, &HERE).bits, limits::WORK_BITS_MIN);
        assert_eq!(Challenge::new(&guard, &mint, 99, &HERE).bits, limits::WORK_BITS_MAX);
        let hard = Challenge::new(&guard, &mint, 20, &HERE);
        let cheap = Challenge { bits: 16, ..hard };
        assert_eq!(shown(&guard, mint.now(), &solved(&cheap), &HERE), None);
    }

    #[test]
    fn junk_is_no_proof() {
        let guard = Guard::with_key([1; 32]);
        for junk in ["", ".", "AAAA.1", "\u{e4}.1", &"A".repeat(1_000_000)] {
            assert_eq!(shown(&guard, TimeMs(0), junk, &HERE), None);
        }
    }
}
