//! API keys: made by a person with a fresh factor, shown once, never holding more than their
//! creator holds now.

mod create;
mod format;
mod list;
mod revoke;

pub use create::{CreatedKey, WantedKey, create};
pub use format::{ApiKeyText, NotAKey};
pub use list::list;
pub use revoke::revoke;
