//! Streams: a workspace's logs on their way to receivers of its own.
//!
//! Always true
//! 1. A stream's cursor is a leaf index. It moves when the receiver took everything before it, and
//!    only for the worker that holds the stream; killed at any instant, the next worker goes on at
//!    the last index that was acknowledged. So a receiver gets every entry at least once, in order,
//!    and what comes twice has the same index.
//! 2. Only entries that a signed checkpoint covers are sent, each with its index and leaf hash,
//!    each batch with the index before it and the newest checkpoint that ends in it: a gap shows,
//!    and what was sent can be checked against what is signed.
//! 3. What a receiver says is told by its status alone and decides nothing but when to try again.
//! 4. No request waits for a receiver, and no workspace for another one's.
//! 5. Secrets are opened under a grant that the owner sees, and held in memory for a bounded time.
//!
//! Walk: [`manage`] answers the API; [`sender`] turns; one turn of a stream is [`batch`] (claim,
//! read) → [`secrets`] → [`deliver`] (in the words of [`forms`]) → settle.
//! Choice: `docs/decisions/0024-the-log-in-standard-forms.md`.

mod batch;
mod deliver;
mod forms;
mod manage;
mod moment;
mod object_store;
mod secrets;
mod sender;
mod test_delivery;

pub use manage::{
    Begin, Issued, Rotation, StreamError, Unfit, WantedStream, create, find, list, remove, rotate,
    stand,
};
pub use sender::{Sender, Sent};
pub use test_delivery::{Tested, send_test};
