//! Which passkey was last asserted in a session, and when.
//!
//! Always true: a session without an assertion has none; one that another session let in has that
//! one's, at that one's time.

use domain::{PasskeyId, SessionId, TimeMs};

use crate::StoreError;
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::values;

handle! {
    /// Passkeys that were asserted in sessions.
    pub SessionPasskeys
}

/// An assertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AssertedPasskey {
    /// Which passkey answered.
    pub passkey: PasskeyId,
    /// When.
    pub at: TimeMs,
}

platform_statements! { "session_passkeys", "a session is of a person, who enters workspaces":
    NOTE = "update sessions set passkey_id = $2, passkey_at_ms = $3 where session_id = $1";
    FIND = "select passkey_id, passkey_at_ms from sessions where session_id = $1 \
        and passkey_id is not null";
}

impl SessionPasskeys<'_> {
    /// Notes that a passkey was asserted in a session just now.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: there is no such session.
    pub fn note(&mut self, session: SessionId, passkey: PasskeyId) -> Result<(), StoreError> {
        let at = self.bound.now();
        self.put(session, AssertedPasskey { passkey, at })
    }

    /// Notes in a session what was asserted in the one that let it in.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: there is no such session.
    pub fn pass_on(&mut self, from: SessionId, to: SessionId) -> Result<(), StoreError> {
        match self.of(from)? {
            Some(asserted) => self.put(to, asserted),
            None => Ok(()),
        }
    }

    /// What was last asserted in a session.
    ///
    /// # Errors
    /// The engine's.
    pub fn of(&mut self, session: SessionId) -> Result<Option<AssertedPasskey>, StoreError> {
        let found = self.bound.platform_one(&FIND, values![session])?;
        found.map(|mut row| Ok(AssertedPasskey { passkey: row.id()?, at: row.time()? })).transpose()
    }

    fn put(&mut self, session: SessionId, asserted: AssertedPasskey) -> Result<(), StoreError> {
        let AssertedPasskey { passkey, at } = asserted;
        self.bound.platform_change_one(&NOTE, values![session, passkey, at])
    }
}
