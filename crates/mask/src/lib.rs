//! Takes secret values out of a stream of bytes before they reach a terminal, a file or a log.
//!
//! Always true
//! 1. What comes out does not depend on where the input was cut into chunks.
//! 2. Every occurrence is masked, also where two overlap; the mask has one size, whatever it hides.
//! 3. A byte is held back only while it may belong to an occurrence: never more bytes than the
//!    longest form of the longest value has.
//! 4. A value too short to be told from ordinary text is not masked, and the caller learns its
//!    name.
//!
//! Never: I/O. Never a promise against a program that wants to leak: one that reverses or encrypts
//! a value gets it past any masker. This one is against accidents.
//!
//! Sources: Wu and Manber, 1994; the list of forms is in [`forms`].

pub mod forms;
mod index;
mod stream;
mod tree;

pub use stream::Stream;

use std::sync::Arc;

use index::Index;

/// What stands in the output for an occurrence.
pub const MASK: &[u8] = b"[masked]";
/// Shortest value that is masked: shorter ones occur in ordinary text all the time.
pub const VALUE_CHARS_MIN: usize = 6;

/// A value that is too short to be masked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} is shorter than {VALUE_CHARS_MIN} characters and will not be masked")]
pub struct TooShort {
    /// Whose value.
    pub name: String,
}

/// Knows the values. Cheap to clone; one [`Stream`] is made for each output.
#[derive(Clone)]
pub struct Masker {
    index: Arc<Index>,
}

impl Masker {
    /// A masker for these named values, and the ones that are too short for it. An empty value has
    /// nothing to hide and is passed over.
    ///
    /// A value of several lines is masked as a whole in every form, and line by line as it is;
    /// lines that are too short are left as they are.
    ///
    /// Memory: some fifty times the values at most, for the forms of a value that every encoder
    /// escapes differently; ten times is usual.
    pub fn new<'v, N: Into<String>>(
        values: impl IntoIterator<Item = (N, &'v [u8])>,
    ) -> (Self, Vec<TooShort>) {
        let (mut patterns, mut too_short) = (Vec::new(), Vec::new());
        for (name, value) in values {
            if long_enough(value) {
                forms::add_forms(value, &mut patterns);
                forms::add_lines(value, &mut patterns);
            } else if !value.is_empty() {
                too_short.push(TooShort { name: name.into() });
            }
        }
        (Self { index: Arc::new(Index::new(patterns)) }, too_short)
    }

    /// A stream to push one output through.
    #[must_use]
    pub fn stream(&self) -> Stream {
        Stream::new(Arc::clone(&self.index))
    }
}

pub(crate) fn long_enough(value: &[u8]) -> bool {
    std::str::from_utf8(value).map_or(value.len(), |text| text.chars().count()) >= VALUE_CHARS_MIN
}
