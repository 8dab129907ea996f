//! Messages to people about their own account, waiting to be sent.
//!
//! Always true
//! 1. A message is written in the transaction of what it speaks about: either both are there or
//!    neither is.
//! 2. What nobody else may read (the code of a reset) is sealed; the rest holds no secret.

use domain::{NoticeId, Sealed, UserId};
use serde_json::Value as Json;

use crate::StoreError;
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::{json, values};

handle! {
    /// Messages to people.
    pub Notices
}

macro_rules! notice_kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// What a message is about: which template it is written with.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum NoticeKind {
            $($(#[$doc])* $variant,)+
        }

        impl NoticeKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The kind as the table names it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }

        impl std::str::FromStr for NoticeKind {
            type Err = StoreError;

            fn from_str(text: &str) -> Result<Self, StoreError> {
                match text {
                    $($name => Ok(Self::$variant),)+
                    _ => Err(StoreError::Corrupt),
                }
            }
        }
    };
}

notice_kinds! {
    /// A sign-in from a device that was not seen before.
    NewDevice = "new_device",
    /// A sign-in unlike the earlier ones.
    UnusualSignIn = "unusual_sign_in",
    /// A session ended because a stolen token may be around.
    TokenReused = "token_reused",
    /// A factor was added.
    FactorAdded = "factor_added",
    /// A factor was removed.
    FactorRemoved = "factor_removed",
    /// The backup codes were replaced.
    BackupCodesReplaced = "backup_codes_replaced",
    /// The password was changed.
    PasswordChanged = "password_changed",
    /// A reset was asked for: the link and its code.
    PasswordResetLink = "password_reset_link",
    /// The password was reset and every session ended.
    PasswordReset = "password_reset",
    /// An assisted recovery was asked for.
    RecoveryRequested = "recovery_requested",
    /// An assisted recovery was vouched for: the link and its code.
    RecoveryLink = "recovery_link",
    /// An assisted recovery was refused or taken back.
    RecoveryCancelled = "recovery_cancelled",
    /// An assisted recovery gave the account new factors.
    RecoveryCompleted = "recovery_completed",
    /// An identity provider can sign this person in from now on.
    IdentityLinked = "identity_linked",
    /// An identity provider can no longer sign this person in.
    IdentityUnlinked = "identity_unlinked",
    /// A client without a browser was let in.
    DeviceApproved = "device_approved",
    /// A receiver of a workspace's log has taken nothing for long, or is gone.
    StreamFailing = "stream_failing",
    /// An API key of theirs was reported as leaked and revoked.
    KeyReported = "key_reported",
    /// Two of the staff agreed that one of them may open named secrets of a workspace.
    GlassBroken = "glass_broken",
    /// The keys of a workspace are older than its schedule allows.
    KeysOverdue = "keys_overdue",
}

/// A message that waits.
#[derive(Debug, Clone, PartialEq)]
pub struct NewNotice {
    /// Its id.
    pub id: NoticeId,
    /// Whom it is for.
    pub user: UserId,
    /// What it is about.
    pub kind: NoticeKind,
    /// What the template shows; no secret.
    pub details: Json,
    /// What only the person may read, sealed in their realm under the notice's id.
    pub sealed: Option<Sealed>,
}

platform_statements! { "notices", "a message is to a person, who may be in several workspaces":
    ENQUEUE = "insert into notices (notice_id, user_id, kind, details, sealed, created_at_ms, \
        due_at_ms, tries, sent_at_ms, failure) values ($1, $2, $3, $4, $5, $6, $6, 0, null, null)";
    KEPT = "select count(*) from notices where notice_id = $1 and user_id = $2 and kind = $3";
}

impl Notices<'_> {
    /// Has a message sent after this transaction's commit.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: no such person.
    pub fn enqueue(&mut self, new: &NewNotice) -> Result<(), StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_one(
            &ENQUEUE,
            values![
                new.id,
                new.user,
                new.kind.as_str(),
                json(&new.details)?,
                new.sealed.as_ref(),
                now
            ],
        )
    }

    /// Whether this message to this person is there, sent or not.
    ///
    /// # Errors
    /// The engine's.
    pub fn is_kept(
        &mut self,
        id: NoticeId,
        user: UserId,
        kind: NoticeKind,
    ) -> Result<bool, StoreError> {
        let found = self.bound.platform_one(&KEPT, values![id, user, kind.as_str()])?;
        Ok(found.map_or(Ok(0), |mut row| row.count())? == 1)
    }
}
