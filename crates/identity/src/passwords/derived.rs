//! Passwords that attackers derive from common words: a compact filter of digests, generated.
//!
//! Always true
//! 1. The list is a pure function of `words.txt` and the rules below: the same in every build. It
//!    holds what is long enough to be accepted otherwise, in lower case.
//! 2. Whatever was derived is found. What was not is found by chance at most once in ten thousand
//!    times: the filter keeps 32 bits of each SHA-256, sorted.
//!
//! The rules are those of cracking tools: a word or two, plain or in leet, with one mark between
//! them or none, followed by a year, digits, marks, or both. Capitals need no rule: the password is
//! looked up in lower case.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use aws_lc_rs::digest;
use domain::limits;

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
const JOINTS: &[&str] = &["", "-", "_", ".", " ", "1", "4"];
const YEARS: std::ops::RangeInclusive<u32> = 1950..=2030;
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

static FILTER: LazyLock<Vec<u32>> = LazyLock::new(|| {
    let mut prefixes: Vec<u32> = derived().map(|text| prefix(&text)).collect();
    prefixes.sort_unstable();
    prefixes.dedup();
    prefixes
});

/// Whether a password, in lower case, is one of the derived ones, or one of ten thousand others.
pub(super) fn holds(lower: &str) -> bool {
    FILTER.binary_search(&prefix(lower)).is_ok()
}

fn prefix(text: &str) -> u32 {
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    hash.as_ref().iter().take(4).fold(0, |n, byte| (n << 8) | u32::from(*byte))
}

/// Every derived password that is long enough.
fn derived() -> impl Iterator<Item = String> {
    let long = |text: &String| text.chars().count() >= limits::PASSWORD_CHARS_MIN;
    let single = WORDS.lines().map(str::to_owned).flat_map(|word| mangled(&word));
    let double = pairs().into_iter().flat_map(|stem| {
        let ends = ["", "1", "12", "123", "1234", "!", "1!", "123!"];
        ends.map(|end| format!("{stem}{end}"))
    });
    single.chain(double).filter(long)
}

/// One word, plain and in leet, with everything that is put behind it.
fn mangled(word: &str) -> Vec<String> {
    let stems: BTreeSet<String> = [word.to_owned(), leet(word), format!("{word}{word}")].into();
    let mut all = Vec::new();
    for stem in stems {
        for mark in MARKS {
            let years = YEARS.map(|year| format!("{stem}{year}{mark}"));
            all.extend(years);
            all.extend(DIGITS.iter().map(|digits| format!("{stem}{digits}{mark}")));
            let marked = DIGITS.iter().filter(|_| !mark.is_empty());
            all.extend(marked.map(|digits| format!("{stem}{mark}{digits}")));
        }
    }
    all
}

/// A favourite and a word, in either order.
fn pairs() -> BTreeSet<String> {
    let mut stems = BTreeSet::new();
    for word in WORDS.lines() {
        for favourite in FAVOURITES {
            for joint in JOINTS.iter().take(if word.len() > 4 { 1 } else { JOINTS.len() }) {
                stems.insert(format!("{favourite}{joint}{word}"));
                stems.insert(format!("{word}{joint}{favourite}"));
            }
        }
    }
    stems
}

fn leet(word: &str) -> String {
    let letter = |c| match c {
        'a' => '@',
        'e' => '3',
        'i' => '1',
        'o' => '0',
        's' => '$',
        other => other,
    };
    word.chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::mint;

    #[test]
    fn the_filter_holds_more_than_a_hundred_thousand_and_finds_every_one() {
        let all: BTreeSet<String> = derived().collect();
        assert!((100_000..1_500_000).contains(&all.len()), "{}", all.len());
        assert!(all.iter().all(|text| holds(text) && *text == text.to_lowercase()));
        assert!(WORDS.lines().is_sorted() && WORDS.lines().all(|word| word == word.trim()));
    }

    #[test]
    fn other_passwords_are_refused_by_chance_less_than_once_in_a_thousand() {
        let mint = mint(5);
        let tries = 200_000;
        let wrong = (0..tries)
            .map(|_| data_encoding::HEXLOWER.encode(&mint.bytes::<12>()))
            .filter(|text| holds(text))
            .count();
        assert!(wrong < tries / 1_000, "{wrong} of {tries}");
    }

    #[test]
    fn what_people_think_of_is_in_it_and_what_they_do_not_is_not() {
        for common in
            ["sunshine2024", "liverpool123!", "p@$$w0rd1234", "ilovefootball", "welcomeberlin1"]
        {
            assert!(holds(common), "{common}");
        }
        for other in ["engraved lamppost", "margaret likes engraved lampposts"] {
            assert!(!holds(other), "{other}");
        }
    }
}
