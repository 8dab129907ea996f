//! Breaking the glass: in an emergency one of the platform's staff opens named secrets of one
//! workspace, because another one agreed.
//!
//! Always true
//! 1. One asks, another agrees: neither person, session nor passkey is the same. The rule is asked
//!    here, by two tables and by the broker.
//! 2. The messages to the workspace's owner and admins are written in the transaction of the
//!    agreement, the entry in the workspace's own log in that of its row there. The broker is asked
//!    after both are durable, so what nobody was told of opens nothing.
//! 3. Each opening has an entry in the workspace's log before it happens, and is refused once one
//!    of those messages is gone.
//! 4. Only who asked opens; in the versions agreed on; until the time is over, somebody of the
//!    staff or of the workspace ends it, or the broker starts anew.
//!
//! What it opens is named secrets and nothing else: docs/decisions/0025-break-glass.md.

mod approve;
mod ask;
mod end;
mod list;
mod reveal;

pub use approve::approve;
pub use ask::{AskedGlass, ask};
pub use end::{end_by_staff, end_by_workspace};
pub use list::{list_for_staff, list_for_workspace};
pub use reveal::{RevealedGlass, reveal};

use broker::{BrokerError, Refusal};
use domain::authz::Denied;
use domain::{StaffHand, TenantId};
use store::{PlatformTx, StoreError};

use crate::VaultError;

/// Why the glass stayed whole, or nothing was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GlassError {
    /// There is no such thing, or the caller may not know that there is.
    #[error("there is no such thing, or it is not visible to the caller")]
    NotFound,
    /// Both hands are one person's, one session's or one passkey's.
    #[error("another person agrees, in a session and with a passkey of their own")]
    TwoPeople,
    /// Nobody agreed yet, its time is over, it was ended, the broker started anew, or the secret
    /// has another version by now.
    #[error("nothing stands that opens this now")]
    NotOpen,
    /// A message that tells the workspace of it is not there.
    #[error("the workspace was not told of it; nothing is opened")]
    NotTold,
    /// The member of the workspace may not do this.
    #[error(transparent)]
    Denied(Denied),
    /// The broker did not do it. When it was to open, an entry says that it did not.
    #[error(transparent)]
    Sealing(BrokerError),
    /// The store failed; nothing was opened.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<BrokerError> for GlassError {
    fn from(error: BrokerError) -> Self {
        match error {
            BrokerError::Refused(Refusal::GlassNotStanding) => Self::NotOpen,
            BrokerError::Refused(Refusal::GlassTerms) => Self::TwoPeople,
            other => Self::Sealing(other),
        }
    }
}

impl From<Denied> for GlassError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::NotVisible => Self::NotFound,
            other => Self::Denied(other),
        }
    }
}

/// What the facts about a caller say, as this room's own errors.
fn of_caller(error: VaultError) -> GlassError {
    match error {
        VaultError::Denied(denied) => GlassError::Denied(denied),
        VaultError::Sealing(error) => error.into(),
        VaultError::Store(error) => GlassError::Store(error),
        VaultError::NotFound
        | VaultError::Exists
        | VaultError::VersionConflict { .. }
        | VaultError::Limit(_) => GlassError::NotFound,
    }
}

/// Whoever acts is staff as of this transaction.
fn still_staff(tx: &mut PlatformTx<'_>, hand: &StaffHand) -> Result<(), GlassError> {
    tx.staff().find(hand.account().user())?.map(drop).ok_or(GlassError::NotFound)
}

/// A workspace whose data is not here has no secrets to name.
fn no_unit(error: GlassError) -> GlassError {
    match error {
        GlassError::Store(StoreError::Refused(store::Refusal::NoUnit)) => GlassError::NotFound,
        other => other,
    }
}

const fn unit(tenant: TenantId) -> store::Unit {
    store::Unit::Tenant(tenant)
}
