//! Invitations: a link with an id, a code told apart from it, and a rule that is asked twice.
//!
//! Always true: an invitation is judged when it is sent and again when it is accepted, against the
//! inviter as they stand then.

mod accept;
mod list;
mod revoke;

pub use accept::{AcceptError, Joined, accept};
pub(crate) use accept::{Door, Knock, look_in, open_door, walk_in};
pub use list::list;
pub use revoke::revoke;
