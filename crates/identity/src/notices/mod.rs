//! Messages to people about their own account: what is written, and how it leaves the house.
//!
//! Always true
//! 1. Every kind of message has its words as text and as HTML; a new kind does not compile without
//!    them.
//! 2. A code is sealed in its person's realm until it is written into the letter, and the letter is
//!    kept nowhere.
//! 3. A message that only warns holds no link but the instance's own address, and what others said
//!    about themselves is shown as text.
//! 4. A message may arrive twice, when a process dies after the mail server took it. It is never
//!    lost.

mod deliver;
mod moment;
mod render;
mod seal;
mod words;

pub use deliver::{Round, send_due};
pub use render::{Rendered, Unrenderable, render};
pub(crate) use seal::sealed_code;

use domain::UserId;
use serde_json::Value as Json;
use store::{NewNotice, NoticeKind, PlatformTx, StoreError};

/// Has somebody told about what this transaction does. `details` is shown by the template and holds
/// no secret.
///
/// # Errors
/// The store's.
pub(crate) fn tell(
    tx: &mut PlatformTx<'_>,
    user: UserId,
    kind: NoticeKind,
    details: Json,
) -> Result<(), StoreError> {
    let id = tx.mint().id();
    tx.notices().enqueue(&NewNotice { id, user, kind, details, sealed: None })
}
