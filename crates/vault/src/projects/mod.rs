//! Projects: a group of apps, secrets and automations inside a workspace.
//!
//! Always true: operators and viewers reach only the projects they were let into (TEN-6); every
//! other project does not exist for them.

mod create;
mod get;
mod list;

pub use create::{NewProject, create_project};
pub use get::get_project;
pub use list::list_projects;
