//! What was asked for and agreed on, for the staff and for the workspace.

use domain::authz::{ReadSealing, decide};
use domain::{GlassId, Scope, StaffHand};
use store::{BrokenGlass, GlassRequest, Listing, Page, Store};

use super::{GlassError, of_caller, still_staff};
use crate::access;

/// Every wish of the staff, oldest first.
///
/// # Errors
/// [`GlassError::NotFound`]: not staff; [`GlassError::Store`].
pub async fn list_for_staff(
    store: &Store,
    hand: &StaffHand,
    page: Page<GlassId>,
) -> Result<Listing<GlassRequest>, GlassError> {
    let reading = hand.clone();
    store
        .platform_read(move |tx| {
            still_staff(tx, &reading)?;
            Ok(tx.glass().list(page)?)
        })
        .await
}

/// Everything that staff agreed to open of a workspace, oldest first.
///
/// # Errors
/// [`GlassError::NotFound`], [`GlassError::Denied`], [`GlassError::Store`].
pub async fn list_for_workspace(
    store: &Store,
    scope: &Scope,
    page: Page<GlassId>,
) -> Result<Listing<BrokenGlass>, GlassError> {
    store
        .read(scope, move |tx| {
            let authority = access::authority(tx).map_err(of_caller)?;
            decide(&authority, ReadSealing {})?;
            Ok(tx.glass().list(page)?)
        })
        .await
}
