//! Text that is shown to its owner once: codes, keys, refresh tokens.
//!
//! Always true: it wipes itself, and neither prints nor compares nor copies by accident.

use std::fmt;

use zeroize::Zeroizing;

/// A secret text on its way to the one person it belongs to.
pub struct ShownOnce(Zeroizing<String>);

impl ShownOnce {
    /// Takes a text that was just made.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text, for the response that shows it.
    #[must_use]
    pub fn show(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ShownOnce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShownOnce(..)")
    }
}
