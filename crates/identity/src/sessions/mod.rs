//! Sessions of people: signing in and out, refreshing, giving a factor again, entering a workspace.
//!
//! Always true
//! 1. The session's row is the truth; an access token lives five minutes and is asked against
//!    revocations.
//! 2. Every guess (password, TOTP code, backup code) is counted before it is checked.
//! 3. A TOTP step and a backup code are used up by a conditional statement in the transaction that
//!    relies on them.
//! 4. Every session begins in [`birth`], on a [`Proof`]: no path has another way.

mod approval;
mod birth;
mod details;
mod end_all;
mod enter_workspace;
mod factor;
mod host;
mod left_behind;
mod list;
mod move_on;
mod refresh;
mod revoke;
mod sign_in;
mod sign_out;
mod step_up;
mod tokens;
mod whoami;

pub(crate) use approval::{Approval, Approved, may_approve};
pub use birth::Holder;
pub(crate) use birth::{Birth, NotBorn, Proof, Unborn};
pub use details::SessionDetails;
pub(crate) use end_all::end_all;
pub use enter_workspace::{EnterError, enter_workspace};
pub use factor::{Factor, FactorForm};
pub(crate) use factor::{FactorUnchecked, MatchedFactor, digest_text};
pub use host::{HostSignOutError, sign_out_everybody, sign_out_on_host};
pub use list::{SeenSession, list};
pub use move_on::{is_sensitive, move_on};
pub use refresh::{RefreshError, refresh, refresh_held};
pub use revoke::{revoke, revoke_all, revoke_others};
pub(crate) use sign_in::visible_to_newcomer;
pub use sign_in::{SignIn, SignInError, sign_in, sign_in_by};
pub use sign_out::sign_out;
pub(crate) use step_up::risen;
pub use step_up::{StepUpError, step_up};
pub use tokens::SessionTokens;
pub(crate) use tokens::{issue, issue_first, name_of, with_device};
pub use whoami::{Place, Whoami, whoami};

use broker::BrokerError;
use domain::AccountScope;
use store::{PlatformTx, Session, StoreError};

use crate::code;

/// Why an act on one's own account failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// The session the request came in was ended a moment ago.
    #[error("the session was ended")]
    Ended,
    /// There is no such thing, or it is somebody else's.
    #[error("there is no such thing, or it is not visible to the caller")]
    NotVisible,
    /// The session stands on a provider's word that its workspace alone takes.
    #[error("sign in with a factor of your own to do this")]
    Confined,
    /// The person has as many as they may.
    #[error("a person has at most {max} {what}")]
    LimitReached {
        /// Of what.
        what: &'static str,
        /// How many.
        max: usize,
    },
    /// The key broker could not be asked.
    #[error("the key broker could not be asked")]
    Sealing(#[from] BrokerError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl AccountError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Ended => "auth.revoked",
            Self::NotVisible => "not_found",
            Self::Confined => "session.confined",
            Self::LimitReached { .. } => "limit.reached",
            Self::Sealing(error) => code::of_broker(error),
            Self::Store(error) => code::of_store(error),
        }
    }
}

/// The caller's own session, still live, and good for acts on their account: it stands on a factor
/// of their own and on no workspace's provider.
///
/// # Errors
/// [`AccountError::Ended`], [`AccountError::Confined`].
pub(crate) fn own(
    tx: &mut PlatformTx<'_>,
    account: &AccountScope,
) -> Result<Session, AccountError> {
    let session = own_confined_too(tx, account)?;
    let whole = tx.session_paths().of(session.id)?.whole();
    if whole { Ok(session) } else { Err(AccountError::Confined) }
}

/// The caller's own session, still live. The token said so up to a poll ago; the row says so now.
/// For acts that a session does to itself, and for looking.
///
/// # Errors
/// [`AccountError::Ended`].
pub(crate) fn own_confined_too(
    tx: &mut PlatformTx<'_>,
    account: &AccountScope,
) -> Result<Session, AccountError> {
    let now = tx.now();
    tx.sessions()
        .find(account.session())?
        .filter(|session| session.user == account.user() && session.live(now))
        .ok_or(AccountError::Ended)
}
