//! Who was let into a project (TEN-6). Projects themselves are made in the vault room.

mod add_member;
mod list_members;
mod remove_member;

pub use add_member::add_member;
pub use list_members::list_members;
pub use remove_member::remove_member;
