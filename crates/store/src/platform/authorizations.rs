//! Codes that a browser hands to the command line on the same machine.
//!
//! Always true: a code is redeemed once, by one conditional statement, within its life; the row
//! holds its keyed digest only.

use domain::{AuthorizationId, SessionId, TimeMs, UserId, limits};

use crate::StoreError;
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::{Row, json, values};

handle! {
    /// Codes for the command line.
    pub Authorizations
}

/// A code to store, or one that was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAuthorization {
    /// Its id, part of the code.
    pub id: AuthorizationId,
    /// Who let the command line in.
    pub user: UserId,
    /// In which session they did.
    pub session: SessionId,
    /// The keyed digest of the code.
    pub code_hash: String,
    /// The S256 challenge that whoever redeems it answers (RFC 7636).
    pub challenge: String,
    /// Thumbprint of the key that whoever redeems it holds.
    pub dpop_jkt: String,
    /// What the client says about its machine and version.
    pub label: String,
    /// How the approver proved who they are.
    pub amr: Vec<String>,
}

/// A code that was handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// What it was made with.
    pub made: NewAuthorization,
    /// Its end.
    pub expires_at: TimeMs,
    /// When it was redeemed.
    pub redeemed_at: Option<TimeMs>,
}

impl Authorization {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        let made = NewAuthorization {
            id: row.id()?,
            user: row.id()?,
            session: row.id()?,
            code_hash: row.text()?,
            challenge: row.text()?,
            dpop_jkt: row.text()?,
            label: row.text()?,
            amr: row.json()?,
        };
        Ok(Self { made, expires_at: row.time()?, redeemed_at: row.optional_time()? })
    }

    /// Whether it can still be redeemed.
    #[must_use]
    pub fn usable(&self, now: TimeMs) -> bool {
        self.redeemed_at.is_none() && now < self.expires_at
    }
}

platform_statements! { "authorizations", "a session is of a person, not of a workspace":
    CREATE = "insert into authorizations (authorization_id, user_id, session_id, code_hash, \
        challenge, dpop_jkt, label, amr, expires_at_ms, redeemed_at_ms) \
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, null)";
    FIND = "select authorization_id, user_id, session_id, code_hash, challenge, dpop_jkt, label, \
        amr, expires_at_ms, redeemed_at_ms from authorizations where authorization_id = $1";
    REDEEM = "update authorizations set redeemed_at_ms = $2 \
        where authorization_id = $1 and redeemed_at_ms is null and expires_at_ms > $2";
    SWEEP = "delete from authorizations where expires_at_ms < $1";
}

impl Authorizations<'_> {
    /// Stores a code; it ends after [`limits::AUTHORIZATION_MS`].
    ///
    /// # Errors
    /// The engine's.
    pub fn create(&mut self, new: &NewAuthorization) -> Result<(), StoreError> {
        let ends = self.bound.now().plus_ms(limits::AUTHORIZATION_MS);
        self.bound.platform_change_one(
            &CREATE,
            values![
                new.id,
                new.user,
                new.session,
                new.code_hash.as_str(),
                new.challenge.as_str(),
                new.dpop_jkt.as_str(),
                new.label.as_str(),
                json(&new.amr)?,
                ends,
            ],
        )
    }

    /// One code, usable or not.
    ///
    /// # Errors
    /// The engine's.
    pub fn find(&mut self, id: AuthorizationId) -> Result<Option<Authorization>, StoreError> {
        self.bound.platform_one(&FIND, values![id])?.map(Authorization::from_row).transpose()
    }

    /// Redeems a code. `false`: it was redeemed before, or is over.
    ///
    /// # Errors
    /// The engine's.
    pub fn redeem(&mut self, id: AuthorizationId) -> Result<bool, StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_if(&REDEEM, values![id, now])
    }

    /// Removes codes past their end; how many.
    ///
    /// # Errors
    /// The engine's.
    pub fn sweep(&mut self) -> Result<u64, StoreError> {
        let now = self.bound.now();
        self.bound.platform_run(&SWEEP, values![now])
    }
}
