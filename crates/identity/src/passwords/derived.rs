//! Passwords that attackers derive from common words, recognised by their rules.
//!
//! Always true
//! 1. What is recognised is a pure function of `words.txt` and the rules below: exactly the derived
//!    passwords, some hundreds of thousands, without one by chance. Nothing is stored for it but
//!    the words.
//! 2. A look-up costs microseconds, whatever was typed.
//!
//! The rules are those of cracking tools: a word, the same word twice, or a favourite and a word
//! with a joint or none, each letter plain or in leet, followed by a year, digits, marks, or both.
//! Capitals need no rule: the password is looked up in lower case.

/// Base words of published lists of common passwords, lower case, sorted.
const WORDS: &str = include_str!("words.txt");
/// Words that are put before or after another one.
const FAVOURITES: &[&str] = &[
    "password",
    "passwort",
    "welcome",
    "love",
    "iloveyou",
    "admin",
    "super",
    "my",
    "the",
    "secret",
    "hello",
    "master",
    "qwerty",
    "monkey",
    "dragon",
    "summer",
    "winter",
    "football",
    "sunshine",
    "princess",
    "company",
    "login",
    "letmein",
    "letmeinto",
    "changeme",
    "test",
    "ilove",
    "mylittle",
];
const JOINTS: &[&str] = &["", "-", "_", ".", " ", "1", "4", "2"];
const DIGITS: &[&str] = &[
    "",
    "1",
    "2",
    "7",
    "01",
    "11",
    "12",
    "13",
    "21",
    "22",
    "23",
    "69",
    "77",
    "88",
    "99",
    "00",
    "007",
    "100",
    "111",
    "123",
    "321",
    "420",
    "666",
    "777",
    "999",
    "1111",
    "1212",
    "1234",
    "4321",
    "12345",
    "54321",
    "111111",
    "123123",
    "123456",
    "654321",
    "1234567",
    "12345678",
    "123456789",
    "1234567890",
];
const MARKS: &[&str] = &["", "!", "!!", "!!!", ".", "?", "@", "#", "$", "*", "!@#", "!@#$"];
/// Years that people put behind a word: of birth, and the current ones.
const YEARS: std::ops::RangeInclusive<u32> = 1950..=2035;

/// Whether a password, in lower case, is one of the derived ones.
pub(super) fn holds(lower: &str) -> bool {
    WORDS.lines().any(|word| {
        let behind = without(lower, word);
        let single = behind.is_some_and(is_tail);
        let twice = behind.and_then(|rest| without(rest, word)).is_some_and(is_tail);
        single
            || twice
            || FAVOURITES.iter().any(|it| joined(lower, it, word) || joined(lower, word, it))
    })
}

/// What stands behind a word whose letters are plain or in leet.
fn without<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let mut chars = text.chars();
    for letter in word.chars() {
        let typed = chars.next()?;
        if typed != letter && !leet(letter).contains(typed) {
            return None;
        }
    }
    Some(chars.as_str())
}

/// What a letter is written as in leet.
const fn leet(letter: char) -> &'static str {
    match letter {
        'a' => "@4",
        'b' => "8",
        'e' => "3",
        'g' => "9",
        'i' => "1!",
        'l' => "1",
        'o' => "0",
        's' => "$5",
        't' => "7",
        _ => "",
    }
}

fn joined(text: &str, first: &str, second: &str) -> bool {
    let Some(rest) = without(text, first) else { return false };
    JOINTS.iter().any(|joint| {
        let behind = rest.strip_prefix(joint).and_then(|rest| without(rest, second));
        behind.is_some_and(is_tail)
    })
}

/// Digits or a year and then a mark, or a mark and then digits or a year; each may be missing.
fn is_tail(tail: &str) -> bool {
    MARKS.iter().any(|mark| {
        tail.strip_suffix(mark).is_some_and(is_number)
            || tail.strip_prefix(mark).is_some_and(is_number)
    })
}

fn is_number(text: &str) -> bool {
    let year = || text.len() == 4 && text.parse().is_ok_and(|year| YEARS.contains(&year));
    DIGITS.contains(&text) || year()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use domain::limits;

    use super::*;
    use crate::testing::mint;

    /// A part of what the rules derive: single words, plain.
    fn derived() -> HashSet<String> {
        let mut all = HashSet::new();
        for word in WORDS.lines() {
            for mark in MARKS {
                all.extend(YEARS.map(|year| format!("{word}{year}{mark}")));
                all.extend(DIGITS.iter().map(|digits| format!("{word}{word}{digits}{mark}")));
                all.extend(DIGITS.iter().map(|digits| format!("{word}{mark}{digits}")));
            }
        }
        all.retain(|text| text.chars().count() >= limits::PASSWORD_CHARS_MIN);
        all
    }

    #[test]
    fn more_than_a_hundred_thousand_derived_passwords_are_recognised() {
        let all = derived();
        assert!(all.len() > 300_000, "{}", all.len());
        // Every hundredth: the look-up is the same for all.
        assert!(all.iter().step_by(100).all(|text| holds(text)));
        assert!(WORDS.lines().is_sorted() && WORDS.lines().all(|word| word == word.to_lowercase()));
    }

    #[test]
    fn no_password_by_chance_is_taken_for_a_derived_one() {
        let mint = mint(5);
        let random = |_| data_encoding::BASE32_NOPAD.encode(&mint.bytes::<10>()).to_lowercase();
        assert!(!(0..2_000).map(random).any(|text| holds(&text)));
    }

    #[test]
    fn what_people_think_of_is_recognised_and_what_they_do_not_is_not() {
        for common in [
            "sunshine2024",
            "liverpool123!",
            "p@$$w0rd1234",
            "ilovefootball",
            "welcome-berlin1",
            "dragondragon",
            "my.princess2001",
            "barcelona!!123",
        ] {
            assert!(holds(common), "{common}");
        }
        for other in ["engraved lamppost", "correct horse battery", "sunshine over old bridges"] {
            assert!(!holds(other), "{other}");
        }
    }

    #[test]
    fn any_text_has_an_answer() {
        for text in ["", "p", "\u{e4}\u{f6}", "password\u{e4}", &"password".repeat(16)] {
            assert!(!holds(text) || text.starts_with("password"), "{text}");
        }
    }
}
