//! What a new password may be: not the first guess of an attacker who has a list, the address, or a
//! keyboard.

use domain::{EmailAddress, limits};

use super::{Breached, Password, PasswordRefused, derived};

/// Passwords of twelve characters and more that lead the published breach lists, lower-cased, one
/// per line.
const COMMON: &str = include_str!("common.txt");
/// The product's name: everyone who attacks an installation knows it.
const PRODUCT: &str = "casemate";
/// A local part shorter than this says nothing: `al` is in too many good passwords.
const CONTEXT_WORD_CHARS_MIN: usize = 4;
/// What must remain of a password without the words an attacker knows.
const REST_CHARS_MIN: usize = 8;
/// A password made by repeating a unit of at most this length is its unit.
const REPEATED_UNIT_CHARS_MAX: usize = 6;

const _: () = assert!(REST_CHARS_MIN < limits::PASSWORD_CHARS_MIN);

/// Judges a password that somebody wants to have from now on.
///
/// # Errors
/// [`PasswordRefused::Common`], [`PasswordRefused::Guessable`], [`PasswordRefused::Breached`], or
/// [`PasswordRefused::Unchecked`] when the operator's list cannot be read.
pub fn check_new(
    password: &Password,
    email: &EmailAddress,
    breached: &Breached,
) -> Result<(), PasswordRefused> {
    let lower = zeroize::Zeroizing::new(password.text().to_lowercase());
    if COMMON.lines().any(|common| common == lower.as_str()) || is_pattern(&lower) {
        return Err(PasswordRefused::Common);
    }
    if derived::holds(&lower) {
        return Err(PasswordRefused::Common);
    }
    match breached.holds(password.text()) {
        Ok(false) => {}
        Ok(true) => return Err(PasswordRefused::Breached),
        Err(error) => {
            tracing::error!(%error, "the list of breached passwords cannot be read");
            return Err(PasswordRefused::Unchecked);
        }
    }
    let mut rest = zeroize::Zeroizing::new(lower.replace(PRODUCT, ""));
    for word in context_words(email) {
        *rest = rest.replace(word, "");
    }
    if rest.chars().count() < REST_CHARS_MIN { Err(PasswordRefused::Guessable) } else { Ok(()) }
}

fn context_words(email: &EmailAddress) -> impl Iterator<Item = &str> {
    email
        .as_str()
        .split(['@', '.', '+', '-', '_'])
        .filter(|word| word.len() >= CONTEXT_WORD_CHARS_MIN)
}

/// Whether the text is one short unit repeated, or characters that follow each other in the
/// alphabet.
fn is_pattern(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    let repeats = (1..=REPEATED_UNIT_CHARS_MAX)
        .any(|unit| chars.iter().zip(chars.iter().skip(unit)).all(|(a, b)| a == b));
    repeats || runs(&chars, 1) || runs(&chars, -1)
}

fn runs(chars: &[char], step: i64) -> bool {
    let code = |c: &char| i64::from(u32::from(*c));
    chars.iter().zip(chars.iter().skip(1)).all(|(a, b)| code(b) - code(a) == step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<(), PasswordRefused> {
        let email = EmailAddress::parse("margaret.hamilton@apollo.example").unwrap();
        check_new(&Password::typed(text.to_owned())?, &email, &Breached::default())
    }

    #[test]
    fn length_is_counted_in_characters_and_bounded_at_both_ends() {
        assert_eq!(check("tiny"), Err(PasswordRefused::TooShort));
        assert_eq!(check("äöüäöüäöüxy"), Err(PasswordRefused::TooShort));
        assert_eq!(check("äöüßéèêñçøåæ"), Ok(()));
        assert_eq!(check(&"kzq1".repeat(33)), Err(PasswordRefused::TooLong));
        assert_eq!(check(&"x".repeat(10_000_000)), Err(PasswordRefused::TooLong));
    }

    #[test]
    fn what_attackers_try_first_is_refused_in_any_case() {
        for common in ["password1234", "PassWordPassWord", "1q2w3e4r5t6y", "qwertyuiop123"] {
            assert_eq!(check(common), Err(PasswordRefused::Common), "{common}");
        }
    }

    #[test]
    fn repeated_units_and_runs_are_refused() {
        for pattern in ["aaaaaaaaaaaaa", "abcabcabcabca", "hunterhunterhunter", "73737373737373"] {
            assert_eq!(check(pattern), Err(PasswordRefused::Common), "{pattern}");
        }
        assert_eq!(check("abcdefghijklmnop"), Err(PasswordRefused::Common));
        assert_eq!(check("zyxwvutsrqpo"), Err(PasswordRefused::Common));
    }

    #[test]
    fn the_address_and_the_product_count_for_nothing() {
        assert_eq!(check("Margaret-Hamilton-1!"), Err(PasswordRefused::Guessable));
        assert_eq!(check("Casemate2026"), Err(PasswordRefused::Guessable));
        assert_eq!(check("margaret likes engraved lampposts"), Ok(()));
    }

    #[test]
    fn the_built_in_list_is_clean() {
        let lines: Vec<&str> = COMMON.lines().collect();
        assert!(lines.len() > 100);
        for line in &lines {
            assert_eq!(*line, line.to_lowercase());
            assert!(line.chars().count() >= limits::PASSWORD_CHARS_MIN, "{line} is refused anyway");
        }
        assert!(lines.is_sorted() && lines.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
