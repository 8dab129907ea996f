//! Names of objects, of letters that need no escaping anywhere.

use std::fmt;

/// Longest name, in bytes: half of what the protocol allows, so that a prefix fits before it.
const KEY_BYTES_MAX: usize = 512;

/// The name of an object: segments of `A-Z a-z 0-9 . _ -`, separated by single slashes.
///
/// No segment is `.` or `..`, so that a store which keeps objects as files stays in its folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey(String);

/// A text that names no object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an object's name is made of letters, digits, '.', '_', '-' and single slashes")]
pub struct NotKey;

impl ObjectKey {
    /// Reads a name.
    ///
    /// # Errors
    /// [`NotKey`].
    pub fn parse(text: &str) -> Result<Self, NotKey> {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let segment = |part: &str| {
            !part.is_empty() && part != "." && part != ".." && part.bytes().all(letter)
        };
        let sound = text.len() <= KEY_BYTES_MAX && text.split('/').all(segment);
        if sound { Ok(Self(text.to_owned())) } else { Err(NotKey) }
    }

    /// The name as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_leave_the_folder_or_need_escaping_are_none() {
        for text in ["a", "a/b.c", "2026-11/0_9.zst", "..a/b"] {
            assert_eq!(ObjectKey::parse(text).unwrap().as_str(), text);
        }
        let long = "a".repeat(KEY_BYTES_MAX + 1);
        for text in ["", "/a", "a/", "a//b", "../a", "a/./b", "a b", "ä", "a?b", "a%2f", &long] {
            assert_eq!(ObjectKey::parse(text), Err(NotKey), "{text}");
        }
    }
}
