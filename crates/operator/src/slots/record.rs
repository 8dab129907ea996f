//! Changes of slots in the platform's own log.
//!
//! The record beside the slots is written by the change itself and before it. This one is for
//! whoever reads the platform's log; where the database cannot be reached the change stands, and
//! the command says that the log does not have it.

use domain::RequestId;
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Caller, Commit, Store, StoreError};

use crate::data;
use crate::failure::Failure;
use crate::settings::Settings;

/// A change that was made.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) verb: Verb,
    /// The slot's name.
    pub(super) slot: String,
    /// The slot's kind.
    pub(super) kind: &'static str,
    /// The root key's id.
    pub(super) root: String,
}

/// Adds `change` to the platform's log. `false` when the database did not take it.
pub(super) fn record(settings: &Settings, change: Change) -> Result<bool, Failure> {
    let done: Result<(), StoreError> = crate::runtime()?.block_on(async {
        let store = data::open_existing(settings).await?;
        let added = add(&store, change).await;
        store.close().await;
        added
    });
    Ok(done.is_ok())
}

async fn add(store: &Store, change: Change) -> Result<(), StoreError> {
    let caller = Caller::system("host", store.mint().id::<RequestId>());
    let Change { verb, slot, kind, root } = change;
    let committed = store.platform_write(&caller, move |_tx| {
        let event = AuditEvent::new(verb, "unseal_slot", slot)
            .new_value(json!({ "kind": kind, "root_key": root }));
        Ok::<_, StoreError>(Commit::audited(event, ()))
    });
    committed.await.map(drop)
}

/// What a person reads after a change that the platform's log does not have.
pub(super) const fn note(recorded: bool) -> &'static str {
    if recorded {
        ""
    } else {
        "\nThe database was out of reach: the platform's log does not have this change; \
         slots/changes.log does."
    }
}
