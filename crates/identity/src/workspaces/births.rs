//! Settles workspaces whose birth was cut off. Runs at start, before requests, and now and then.
//!
//! Always true: a team that was born is confirmed; one that was not is undone, and its maker was never told of it.

use domain::{RequestId, limits};
use store::{Caller, Commit, QuietReason, Store, StoreError, Workspace};

/// Finishes or undoes every birth that began longer ago than a request may take; how many.
///
/// # Errors
/// The store's; what was settled stays settled.
pub async fn settle_births(store: &Store) -> Result<usize, StoreError> {
    let longest_ms = i64::try_from(limits::REQUEST_MS_MAX).unwrap_or(i64::MAX);
    let before = store.mint().now().plus_ms(longest_ms.saturating_neg());
    let unborn = store.platform_read(move |tx| tx.workspaces().unborn(before)).await?;
    for workspace in &unborn {
        settle(store, workspace).await?;
    }
    Ok(unborn.len())
}

async fn settle(store: &Store, workspace: &Workspace) -> Result<(), StoreError> {
    let (id, owner) = (workspace.id, workspace.owner);
    let request: RequestId = store.mint().id();
    let caller = Caller::system("identity", request);
    let was_born = match store.remove_unborn_unit(id).await {
        Ok(()) => false,
        Err(StoreError::Conflict) => true,
        Err(error) => return Err(error),
    };
    store
        .platform_write(&caller, move |tx| {
            if was_born {
                tx.workspaces().confirm(id)?;
            } else {
                tx.workspaces().release(id)?;
                tx.memberships().remove(owner, id)?;
            }
            Ok::<_, StoreError>(Commit::quiet(QuietReason::Hint, ()))
        })
        .await
        .map(drop)
}
