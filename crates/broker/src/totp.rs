//! Time-based one-time codes (RFC 6238: SHA-1, six digits, 30 seconds, a seed of 160 bits).
//!
//! Always true
//! 1. The seed is made, kept and compared inside the broker.
//! 2. Only the current and the past step count, and only one later than the last accepted: a code
//!    works once.
//! 3. Both steps are always computed and compared in constant time.

use domain::{Entropy, TimeMs, limits};
use seal::Exposed;
use totp_rs::{Algorithm, Builder, Totp};
use zeroize::Zeroizing;

use crate::claims::TotpCode;

/// Bytes of a seed.
pub(crate) const SEED_BYTES: usize = 20;

const ISSUER: &str = "Casemate";

/// A new seed.
pub(crate) fn new_seed(entropy: &dyn Entropy) -> Exposed {
    let mut seed = vec![0u8; SEED_BYTES];
    entropy.fill(&mut seed);
    Exposed::new(seed)
}

/// The `otpauth` URI that an authenticator reads, or `None` for a label that is no account name.
pub(crate) fn uri(seed: &Exposed, label: &str) -> Option<Exposed> {
    let sound = !label.is_empty()
        && label.len() <= limits::EMAIL_CHARS_MAX
        && !label.contains(':')
        && !label.chars().any(char::is_control);
    if !sound {
        return None;
    }
    totp(seed, label)?.to_url().ok().map(Exposed::from_text)
}

/// The matching step later than `last_step`, if the code is of the current or the past step.
pub(crate) fn matching_step(
    seed: &Exposed,
    code: &TotpCode,
    now: TimeMs,
    last_step: Option<i64>,
) -> Option<i64> {
    let totp = totp(seed, "")?;
    let now_s = u64::try_from(now.0).ok()? / 1_000;
    let current = now_s / limits::TOTP_STEP_S;
    let mut matched = None;
    for step in [current, current.saturating_sub(1)] {
        let found = totp.check(code.as_str(), step * limits::TOTP_STEP_S).is_some();
        matched = if found { Some(step) } else { matched };
    }
    let step = i64::try_from(matched?).ok()?;
    (last_step.is_none_or(|last| step > last)).then_some(step)
}

fn totp(seed: &Exposed, label: &str) -> Option<Totp> {
    let bytes = Zeroizing::new(<[u8; SEED_BYTES]>::try_from(seed.expose()).ok()?);
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(0)
        .with_step_duration(limits::TOTP_STEP_S)
        .with_secret(*bytes)
        .with_issuer(Some(ISSUER))
        .with_account_name(label)
        .build()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238 appendix B, SHA-1: the codes there have eight digits; the last six are ours.
    const VECTORS: [(i64, &str); 6] = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];

    fn seed() -> Exposed {
        Exposed::copy_of(b"12345678901234567890")
    }

    fn check(code: &str, at_s: i64, last: Option<i64>) -> Option<i64> {
        matching_step(&seed(), &TotpCode::parse(code).unwrap(), TimeMs(at_s * 1_000), last)
    }

    #[test]
    fn codes_of_rfc_6238_match_in_their_step_and_the_next_only() {
        for (at, code) in VECTORS {
            let step = at / 30;
            assert_eq!(check(code, at, None), Some(step));
            assert_eq!(check(code, (step + 1) * 30, None), Some(step));
            assert_eq!(check(code, (step + 2) * 30, None), None, "two steps late");
            assert_eq!(check(code, step * 30 - 1, None), None, "a step early");
        }
    }

    #[test]
    fn a_step_counts_once_and_no_earlier_step_after_it() {
        let (at, code) = VECTORS[1];
        let step = at / 30;
        assert_eq!(check(code, at, Some(step - 1)), Some(step));
        assert_eq!(check(code, at, Some(step)), None);
        assert_eq!(check(code, at + 30, Some(step)), None);
        assert_eq!(check(code, at, Some(step + 1)), None);
    }

    #[test]
    fn a_seed_of_another_length_matches_nothing() {
        let code = TotpCode::parse("287082").unwrap();
        for seed in [&b""[..], b"1234567890123456789", b"123456789012345678901"] {
            let seed = Exposed::copy_of(seed);
            assert_eq!(matching_step(&seed, &code, TimeMs(59_000), None), None);
        }
    }

    #[test]
    fn the_uri_names_the_account_and_refuses_labels_that_would_change_it() {
        let shown = uri(&seed(), "ann@example.org").unwrap();
        let shown = shown.expose_text().unwrap();
        assert!(shown.starts_with("otpauth://totp/Casemate:ann%40example.org?secret="), "{shown}");
        assert!(shown.contains("issuer=Casemate"));
        for label in ["", "a:b", "a\nb", &"x".repeat(255)] {
            assert!(uri(&seed(), label).is_none());
        }
        assert!(!uri(&seed(), "x&issuer=y").unwrap().expose_text().unwrap().contains("&issuer=y"));
    }
}
