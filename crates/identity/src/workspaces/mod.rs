//! Workspaces: born, listed, read, changed, deleted.
//!
//! Always true: no commit spans units. The platform's row is a hint that is written before what it
//! points to and changed after it; the workspace's own rows decide. A birth that was cut off is
//! finished or undone by [`store::Store::reconcile`].

mod create;
mod delete;
mod get;
mod list;
mod update;

pub use create::create;
pub use delete::delete;
pub use get::{WorkspaceView, get};
pub use list::{ListedWorkspace, list};
pub use update::update;
