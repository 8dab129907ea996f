//! The log of checkpoints as anybody may read it.
//!
//! Always true: nothing here depends on who asks, and nothing that is not covered by a signed head
//! is shown.

use ledger::tiles::{TileKind, TilePath, push_entry, tile_bytes};
use store::Store;

use crate::NotaryError;
use crate::nodes::CheckpointNodes;

/// The newest head with the cosignatures that came so far; `None` before the first.
///
/// # Errors
/// [`NotaryError::Store`].
pub async fn head(store: &Store) -> Result<Option<String>, NotaryError> {
    let head = store.platform_read::<_, NotaryError>(|tx| Ok(tx.checkpoint_log().head()?)).await?;
    Ok(head.map(|head| head.cosigned_note()))
}

/// The bytes of a tile or bundle; `None` when the log is not that long.
///
/// # Errors
/// [`NotaryError::Store`].
pub async fn tile(store: &Store, tile: TilePath) -> Result<Option<Vec<u8>>, NotaryError> {
    store
        .platform_read(move |tx| {
            let mut log = tx.checkpoint_log();
            let size = log.head()?.map_or(0, |head| head.size);
            if !tile.is_within(size) {
                return Ok(None);
            }
            if !matches!(tile.kind, TileKind::Entries) {
                return Ok(tile_bytes(&mut CheckpointNodes(&mut log), &tile)?);
            }
            let width = u32::try_from(tile.width).unwrap_or(0);
            let leaves = log.leaves(tile.start().unwrap_or(size), width)?;
            let mut bundle = Vec::new();
            let whole = leaves.iter().all(|leaf| push_entry(&mut bundle, leaf.text().as_bytes()));
            // A bundle with a gap would be cached for ever.
            Ok(Some(bundle).filter(|_| whole && leaves.len() as u64 == tile.width))
        })
        .await
}
