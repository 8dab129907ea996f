//! Reading a workspace's log.

use domain::authz::{ReadAudit, ReadSecurity, decide};
use domain::{EntryId, Scope};
use ledger::Stream;
use store::{EntryFilter, Listing, LoggedEntry, Page, Store, TenantTx};

use crate::{NotaryError, access, proofs};

/// A page of entries, newest first. Entries that wait for their index are among them.
///
/// # Errors
/// [`NotaryError::NotFound`], [`NotaryError::Denied`], [`NotaryError::Store`].
pub async fn list_entries(
    store: &Store,
    scope: &Scope,
    filter: EntryFilter,
    page: Page<EntryId>,
) -> Result<Listing<LoggedEntry>, NotaryError> {
    store
        .read(scope, move |tx| {
            let filter = readable(tx, filter)?;
            Ok(tx.audit().list(&filter, page)?)
        })
        .await
}

/// The filter, narrowed to what the caller may read.
pub(crate) fn readable(
    tx: &mut TenantTx<'_>,
    filter: EntryFilter,
) -> Result<EntryFilter, NotaryError> {
    let authority = access::authority(tx)?;
    decide(&authority, ReadAudit {})?;
    match (filter.stream, decide(&authority, ReadSecurity {})) {
        (Some(Stream::Security), Err(denied)) => Err(denied.into()),
        // Without the act, "both" is the workspace's log.
        (None, Err(_)) => Ok(EntryFilter { stream: Some(Stream::Workspace), ..filter }),
        _ => Ok(filter),
    }
}

/// The entry at an index of one of the workspace's logs.
///
/// # Errors
/// [`NotaryError::NotFound`], [`NotaryError::Denied`], [`NotaryError::Store`].
pub async fn show_entry(
    store: &Store,
    scope: &Scope,
    stream: Stream,
    index: u64,
) -> Result<LoggedEntry, NotaryError> {
    store
        .read(scope, move |tx| {
            access::may_read(&access::authority(tx)?, stream)?;
            proofs::kept(tx, stream, index)?;
            tx.audit().entry(stream, index)?.ok_or(NotaryError::NotFound)
        })
        .await
}
