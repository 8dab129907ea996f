//! Challenges that authenticators sign.
//!
//! Always true: a challenge is used once, before its end, in one conditional statement; what it is
//! for and whom it is for were written when it was made.

use std::str::FromStr;

use domain::{PasskeyChallengeId, SessionId, TimeMs, UserId, limits};

use crate::StoreError;
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::{Row, values};

handle! {
    /// Challenges that authenticators sign.
    pub PasskeyChallenges
}

/// What a challenge is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChallengePurpose {
    /// To register a passkey.
    Register,
    /// To sign in, with a passkey alone or beside a password.
    SignIn,
    /// To prove once more, in a session, who one is.
    StepUp,
}

impl ChallengePurpose {
    /// The word in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::SignIn => "sign_in",
            Self::StepUp => "step_up",
        }
    }
}

impl FromStr for ChallengePurpose {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        [Self::Register, Self::SignIn, Self::StepUp]
            .into_iter()
            .find(|purpose| purpose.as_str() == text)
            .ok_or(StoreError::Corrupt)
    }
}

/// A challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyChallenge {
    /// Its id.
    pub id: PasskeyChallengeId,
    /// What it is for.
    pub purpose: ChallengePurpose,
    /// Whom it is for, when that was known.
    pub user: Option<UserId>,
    /// The session it is for, when there is one.
    pub session: Option<SessionId>,
    /// What the verifier needs to judge the answer: the challenge and its rules, no secret.
    pub state: String,
    /// When it ends.
    pub expires_at: TimeMs,
    /// When it was used.
    pub used_at: Option<TimeMs>,
}

/// A challenge to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPasskeyChallenge {
    /// Its id.
    pub id: PasskeyChallengeId,
    /// What it is for.
    pub purpose: ChallengePurpose,
    /// Whom it is for, when that is known. It may be the id of nobody, for an address that has no
    /// account.
    pub user: Option<UserId>,
    /// The session it is for, when there is one.
    pub session: Option<SessionId>,
    /// What the verifier needs to judge the answer.
    pub state: String,
}

impl PasskeyChallenge {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id()?,
            purpose: row.parsed()?,
            user: row.optional_id()?,
            session: row.optional_id()?,
            state: row.text()?,
            expires_at: row.time()?,
            used_at: row.optional_time()?,
        })
    }

    /// Whether it can still be used.
    #[must_use]
    pub fn usable(&self, now: TimeMs) -> bool {
        self.used_at.is_none() && now < self.expires_at
    }
}

platform_statements! { "passkey_challenges", "whoever signs a challenge has often said nothing yet":
    CREATE = "insert into passkey_challenges (challenge_id, purpose, user_id, session_id, state, \
        expires_at_ms, used_at_ms) values ($1, $2, $3, $4, $5, $6, null)";
    FIND = "select challenge_id, purpose, user_id, session_id, state, expires_at_ms, used_at_ms \
        from passkey_challenges where challenge_id = $1";
    USE = "update passkey_challenges set used_at_ms = $2 \
        where challenge_id = $1 and used_at_ms is null and expires_at_ms > $2";
    SWEEP = "delete from passkey_challenges where expires_at_ms < $1";
}

impl PasskeyChallenges<'_> {
    /// Stores a challenge; it ends after `limits::PASSKEY_CHALLENGE_MS`.
    ///
    /// # Errors
    /// The engine's.
    pub fn create(&mut self, new: &NewPasskeyChallenge) -> Result<TimeMs, StoreError> {
        let ends = self.bound.now().plus_ms(limits::PASSKEY_CHALLENGE_MS);
        self.bound.platform_change_one(
            &CREATE,
            values![new.id, new.purpose.as_str(), new.user, new.session, new.state.as_str(), ends],
        )?;
        Ok(ends)
    }

    /// One challenge, usable or not.
    ///
    /// # Errors
    /// The engine's.
    pub fn find(&mut self, id: PasskeyChallengeId) -> Result<Option<PasskeyChallenge>, StoreError> {
        self.bound.platform_one(&FIND, values![id])?.map(PasskeyChallenge::from_row).transpose()
    }

    /// Uses a challenge up, once. `false`: it was used before, or is over.
    ///
    /// # Errors
    /// The engine's.
    pub fn use_up(&mut self, id: PasskeyChallengeId) -> Result<bool, StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_if(&USE, values![id, now])
    }

    /// Removes challenges past their end; how many.
    ///
    /// # Errors
    /// The engine's.
    pub fn sweep(&mut self) -> Result<u64, StoreError> {
        let now = self.bound.now();
        self.bound.platform_run(&SWEEP, values![now])
    }
}
