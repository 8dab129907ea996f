//! Environments: where a project's secrets lie. Each has a data key of its own.

mod create;
mod list;

pub use create::create_environment;
pub use list::list_environments;
