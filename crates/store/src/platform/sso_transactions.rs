//! Ways to an identity provider and back.
//!
//! Always true
//! 1. A way goes forward only: sent, back, known or failed, redeemed. Each step is one conditional
//!    statement, so of any number of parallel tries one takes it.
//! 2. Whoever walks it holds a cookie, of which the row has an authentication code.

use std::str::FromStr;

use domain::sign_in::ProviderRef;
use domain::{SessionId, SsoTransactionId, TenantId, TimeMs, UserId, limits};

use crate::StoreError;
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::{Row, values};

handle! {
    /// Ways to a provider and back.
    pub SsoTransactions
}

/// How far somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SsoState {
    /// On the way to the provider.
    Sent,
    /// Back with a code, which is being exchanged.
    Back,
    /// The provider said who they are.
    Known,
    /// It did not.
    Failed,
    /// It was used.
    Redeemed,
}

impl SsoState {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Back => "back",
            Self::Known => "known",
            Self::Failed => "failed",
            Self::Redeemed => "redeemed",
        }
    }
}

impl FromStr for SsoState {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        [Self::Sent, Self::Back, Self::Known, Self::Failed, Self::Redeemed]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or(StoreError::Corrupt)
    }
}

/// What a way is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SsoErrand {
    /// Somebody signs in.
    SignIn,
    /// The person of this session links an identity.
    Link(UserId, SessionId),
    /// The person of this session gives the provider's factors again.
    StepUp(UserId, SessionId),
}

impl SsoErrand {
    const fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::Link(..) => "link",
            Self::StepUp(..) => "step_up",
        }
    }

    const fn session(self) -> (Option<UserId>, Option<SessionId>) {
        match self {
            Self::SignIn => (None, None),
            Self::Link(user, session) | Self::StepUp(user, session) => (Some(user), Some(session)),
        }
    }

    fn read(
        word: &str,
        user: Option<UserId>,
        session: Option<SessionId>,
    ) -> Result<Self, StoreError> {
        match (word, user, session) {
            ("sign_in", None, None) => Ok(Self::SignIn),
            ("link", Some(user), Some(session)) => Ok(Self::Link(user, session)),
            ("step_up", Some(user), Some(session)) => Ok(Self::StepUp(user, session)),
            _ => Err(StoreError::Corrupt),
        }
    }
}

/// Somebody's way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SsoTransaction {
    /// Its id.
    pub id: SsoTransactionId,
    /// Authentication code of the cookie.
    pub cookie_mac: [u8; 32],
    /// To which provider.
    pub provider: ProviderRef,
    /// The workspace they want to enter; for a workspace's own provider, its workspace.
    pub workspace: Option<TenantId>,
    /// What it is for.
    pub errand: SsoErrand,
    /// How far they are.
    pub state: SsoState,
    /// What the provider said, as JSON; or the code of why not.
    pub outcome: Option<String>,
    /// When it ends.
    pub expires_at: TimeMs,
}

/// A way that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSsoTransaction {
    /// Its id.
    pub id: SsoTransactionId,
    /// Authentication code of the cookie.
    pub cookie_mac: [u8; 32],
    /// To which provider.
    pub provider: ProviderRef,
    /// The workspace they want to enter.
    pub workspace: Option<TenantId>,
    /// What it is for.
    pub errand: SsoErrand,
}

impl SsoTransaction {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id()?,
            cookie_mac: row.array()?,
            provider: row.parsed()?,
            workspace: row.optional_id()?,
            errand: {
                let (user, session) = (row.optional_id()?, row.optional_id()?);
                SsoErrand::read(&row.text()?, user, session)?
            },
            state: row.parsed()?,
            outcome: row.optional_text()?,
            expires_at: row.time()?,
        })
    }
}

platform_statements! { "sso_transactions", "somebody who signs in is in no workspace yet":
    CREATE = "insert into sso_transactions (transaction_id, cookie_mac, provider, workspace_id, \
        user_id, session_id, errand, state, outcome, created_at_ms, expires_at_ms) \
        values ($1, $2, $3, $4, $5, $6, $7, 'sent', null, $8, $9)";
    FIND = "select transaction_id, cookie_mac, provider, workspace_id, user_id, session_id, \
        errand, state, outcome, expires_at_ms from sso_transactions \
        where transaction_id = $1 and expires_at_ms > $2";
    STEP = "update sso_transactions set state = $3, outcome = $4 \
        where transaction_id = $1 and state = $2 and expires_at_ms > $5";
    SWEEP = "delete from sso_transactions where expires_at_ms < $1";
}

impl SsoTransactions<'_> {
    /// Begins a way.
    ///
    /// # Errors
    /// The engine's.
    pub fn create(&mut self, new: &NewSsoTransaction) -> Result<(), StoreError> {
        let now = self.bound.now();
        let (user, session) = new.errand.session();
        let ends = now.plus_ms(limits::SSO_TRANSACTION_MS);
        self.bound.platform_change_one(
            &CREATE,
            values![
                new.id,
                new.cookie_mac,
                new.provider.to_string(),
                new.workspace,
                user,
                session,
                new.errand.as_str(),
                now,
                ends,
            ],
        )
    }

    /// One that is not over.
    ///
    /// # Errors
    /// The engine's.
    pub fn find(&mut self, id: SsoTransactionId) -> Result<Option<SsoTransaction>, StoreError> {
        let now = self.bound.now();
        let row = self.bound.platform_one(&FIND, values![id, now])?;
        row.map(SsoTransaction::from_row).transpose()
    }

    /// Takes a step. `false`: it is not where this step begins.
    ///
    /// # Errors
    /// The engine's.
    pub fn step(
        &mut self,
        id: SsoTransactionId,
        from: SsoState,
        to: SsoState,
        outcome: Option<&str>,
    ) -> Result<bool, StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_if(&STEP, values![id, from.as_str(), to.as_str(), outcome, now])
    }

    /// Removes those that are over; how many.
    ///
    /// # Errors
    /// The engine's.
    pub fn sweep(&mut self) -> Result<u64, StoreError> {
        let now = self.bound.now();
        self.bound.platform_run(&SWEEP, values![now])
    }
}
