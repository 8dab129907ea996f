//! API keys.

mod format;

pub use format::{ApiKeyText, NotAKey};
