//! Receipts for what a request has just written.

use broker::Broker;
use ledger::receipt::header_form;
use ledger::{LogOrigin, Receipt};
use store::{EntryRef, Store};

use crate::{NotaryError, Touched};

/// One signed receipt per entry, in order, in the form a response header carries. The sequencer is
/// told which logs have work.
///
/// # Errors
/// [`NotaryError::Broker`]. The entries are committed all the same, and will be in the log.
pub async fn receipts(
    store: &Store,
    broker: &Broker,
    touched: &Touched,
    entries: &[EntryRef],
) -> Result<Vec<String>, NotaryError> {
    // The log has work whether or not the broker answers.
    entries.iter().for_each(|entry| touched.add(entry.unit));
    let mut headers = Vec::with_capacity(entries.len());
    for &EntryRef { entry, stream, hash, at, unit, .. } in entries {
        let origin = LogOrigin::new(store.instance(), store.unit_id(unit), stream);
        let note = broker.sign_receipt(&Receipt::new(origin, entry, hash, at)).await?;
        headers.push(header_form(&note));
    }
    Ok(headers)
}
