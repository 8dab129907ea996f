//! API keys: made by a person with a fresh factor, shown once, never holding more than their
//! creator holds now.

mod create;
mod format;
mod fresh;
mod list;
mod presented;
mod report;
mod revoke;
mod rotate;
mod terms;

pub use create::{CreatedKey, WantedKey, create};
pub use format::{ApiKeyText, NotAKey};
pub use list::list;
pub(crate) use presented::holder;
pub use report::{ReportError, report};
pub use revoke::revoke;
pub use rotate::{WantedRotation, rotate};
