//! Sessions of people: signing in and out, refreshing, giving a factor again, entering a workspace.
//!
//! Always true
//! 1. The session's row is the truth; an access token lives five minutes and is asked against
//!    revocations.
//! 2. Every guess (password, TOTP code, backup code) is counted before it is checked.
//! 3. A TOTP step and a backup code are used up by a conditional statement in the transaction that
//!    relies on them.
//! 4. Every session begins in [`birth`], on a [`Proof`]: no path has another way.

mod birth;
mod details;
mod end_all;
mod enter_workspace;
mod factor;
mod list;
mod refresh;
mod revoke;
mod sign_in;
mod sign_out;
mod step_up;
mod tokens;
mod whoami;

pub(crate) use birth::{Birth, Holder, NotBorn, Proof, Unborn};
pub use details::SessionDetails;
pub(crate) use end_all::end_all;
pub use enter_workspace::{EnterError, enter_workspace};
pub use factor::{Factor, FactorForm};
pub(crate) use factor::{FactorUnchecked, MatchedFactor, digest_text};
pub use list::{SeenSession, list};
pub use refresh::{RefreshError, refresh};
pub use revoke::{revoke, revoke_others};
pub use sign_in::{SignIn, SignInError, sign_in};
pub use sign_out::sign_out;
pub use step_up::{StepUpError, step_up};
pub use tokens::SessionTokens;
pub(crate) use tokens::{issue, name_of};
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
            Self::LimitReached { .. } => "limit.reached",
            Self::Sealing(error) => code::of_broker(error),
            Self::Store(error) => code::of_store(error),
        }
    }
}

/// The caller's own session, still live. The token said so up to a poll ago; the row says so now.
///
/// # Errors
/// [`AccountError::Ended`].
pub(crate) fn own(
    tx: &mut PlatformTx<'_>,
    account: &AccountScope,
) -> Result<Session, AccountError> {
    let now = tx.now();
    tx.sessions()
        .find(account.session())?
        .filter(|session| session.user == account.user() && session.live(now))
        .ok_or(AccountError::Ended)
}
