//! The team: who is in it, and every way their place changes.
//!
//! Always true (ROLE-2 to ROLE-5): each change locks the team, loads actor and target, asks the one
//! rank guard in [`domain::authz::rank`], and writes, in one transaction with its entry.

mod change_role;
mod invite;
mod list;
mod remove;
mod set_overrides;
mod transfer;

pub use change_role::change_role;
pub use invite::{Invited, invite};
pub use list::list;
pub use remove::remove;
pub use set_overrides::set_overrides;
pub use transfer::transfer;
