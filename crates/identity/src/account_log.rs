//! What happened to one's own account: the entries of the platform's security log that are about
//! the caller.
//!
//! Always true: nobody reads another person's entries, and of an entry that another person wrote
//! (who vouched for a recovery, say) not from where they did it.

use domain::{AccountScope, EntryId, UserId};
use ledger::EntryView;
use store::{Listing, LoggedEntry, Page};

use crate::identity::Identity;
use crate::sessions::{self, AccountError};

/// The caller's entries, newest first. An entry is here once it has its place in the log, within a
/// second.
///
/// # Errors
/// [`AccountError`].
pub async fn account_log(
    identity: &Identity,
    account: &AccountScope,
    page: Page<EntryId>,
) -> Result<Listing<LoggedEntry>, AccountError> {
    let account = account.clone();
    identity
        .store
        .platform_read(move |tx| {
            sessions::own(tx, &account)?;
            let Listing { items, more } = tx.account_events().list(account.user(), page)?;
            let mut seen = Vec::with_capacity(items.len());
            for entry in items {
                seen.extend(tx.audit().find(entry)?.map(|entry| shown(entry, account.user())));
            }
            Ok(Listing { items: seen, more })
        })
        .await
}

fn shown(mut entry: LoggedEntry, user: UserId) -> LoggedEntry {
    let view = EntryView::read(&entry.body).ok();
    let actor = view.as_ref().map(|view| &view.actor);
    let kind = actor.and_then(|actor| actor.get("kind")?.as_str());
    let own = actor.and_then(|actor| actor.get("user")?.as_str()) == Some(&user.to_string());
    if !own && kind != Some("anonymous") {
        entry.personal.clear();
    }
    entry
}
