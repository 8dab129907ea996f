//! Passkeys of people.
//!
//! Always true
//! 1. A credential belongs to one person. What is stored of it is public: its id and its key.
//! 2. The signature counter only rises, in one conditional statement; authenticators that do not
//!    count stay at zero.

use domain::{PasskeyId, PasskeyName, TimeMs, UserId, limits};

use crate::StoreError;
use crate::page::{Listing, Page};
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::{Row, json, values};

handle! {
    /// People's passkeys.
    pub Passkeys
}

/// A passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// Its id here.
    pub id: PasskeyId,
    /// Whose it is.
    pub user: UserId,
    /// Its id at the authenticator, in base64url.
    pub credential_id: String,
    /// Its public key and what the authenticator said about it, in the verifier's own form.
    pub public_key: String,
    /// The signature counter last seen; zero for authenticators that do not count.
    pub counter: u32,
    /// What its person calls it.
    pub name: PasskeyName,
    /// How its authenticator can be reached (WebAuthn names).
    pub transports: Vec<String>,
    /// Whether its authenticator keeps a copy elsewhere.
    pub backed_up: bool,
    /// When it was registered.
    pub created_at: TimeMs,
    /// When it was last used.
    pub last_used_at: Option<TimeMs>,
}

/// A passkey to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPasskey {
    /// Its id here.
    pub id: PasskeyId,
    /// Whose it is.
    pub user: UserId,
    /// Its id at the authenticator, in base64url.
    pub credential_id: String,
    /// Its public key, in the verifier's own form.
    pub public_key: String,
    /// The signature counter at its registration.
    pub counter: u32,
    /// What its person calls it.
    pub name: PasskeyName,
    /// How its authenticator can be reached (WebAuthn names).
    pub transports: Vec<String>,
    /// Whether its authenticator keeps a copy elsewhere.
    pub backed_up: bool,
}

/// What a use changes about a passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyUse {
    /// The counter its authenticator sent.
    pub counter: u32,
    /// Its public key, with what the authenticator says about it now.
    pub public_key: String,
    /// Whether its authenticator keeps a copy elsewhere.
    pub backed_up: bool,
}

impl Passkey {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id()?,
            user: row.id()?,
            credential_id: row.text()?,
            public_key: row.text()?,
            counter: row.small()?,
            name: row.parsed()?,
            transports: row.json()?,
            backed_up: row.flag()?,
            created_at: row.time()?,
            last_used_at: row.optional_time()?,
        })
    }
}

platform_statements! { "passkeys", "a passkey is of a person, who may be in several workspaces":
    CREATE = "insert into passkeys (passkey_id, user_id, credential_id, public_key, counter, name, \
        transports, backed_up, created_at_ms, last_used_at_ms) \
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, null)";
    FIND = "select passkey_id, user_id, credential_id, public_key, counter, name, transports, \
        backed_up, created_at_ms, last_used_at_ms from passkeys where credential_id = $1";
    LIST = "select passkey_id, user_id, credential_id, public_key, counter, name, transports, \
        backed_up, created_at_ms, last_used_at_ms from passkeys \
        where user_id = $1 and passkey_id > $2 order by passkey_id limit $3";
    COUNT = "select count(*) from passkeys where user_id = $1";
    LOCK = "update users set state = state where user_id = $1";
    USE = "update passkeys set counter = $2, public_key = $3, backed_up = $4, \
        last_used_at_ms = $5 where passkey_id = $1 \
        and (counter < $2 or (counter = 0 and $2 = 0))";
    RENAME = "update passkeys set name = $3 where user_id = $1 and passkey_id = $2";
    REMOVE = "delete from passkeys where user_id = $1 and passkey_id = $2 \
        returning name";
    REMOVE_ALL = "delete from passkeys where user_id = $1";
}

impl Passkeys<'_> {
    /// Stores a passkey.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: the credential is somebody's already.
    pub fn create(&mut self, new: &NewPasskey) -> Result<Passkey, StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_one(
            &CREATE,
            values![
                new.id,
                new.user,
                new.credential_id.as_str(),
                new.public_key.as_str(),
                new.counter,
                new.name.as_str(),
                json(&new.transports)?,
                new.backed_up,
                now,
            ],
        )?;
        Ok(Passkey {
            id: new.id,
            user: new.user,
            credential_id: new.credential_id.clone(),
            public_key: new.public_key.clone(),
            counter: new.counter,
            name: new.name.clone(),
            transports: new.transports.clone(),
            backed_up: new.backed_up,
            created_at: now,
            last_used_at: None,
        })
    }

    /// The passkey with this id at the authenticator, in base64url.
    ///
    /// # Errors
    /// The engine's.
    pub fn find(&mut self, credential_id: &str) -> Result<Option<Passkey>, StoreError> {
        self.bound.platform_one(&FIND, values![credential_id])?.map(Passkey::from_row).transpose()
    }

    /// A person's passkeys, in the order they were registered.
    ///
    /// # Errors
    /// The engine's.
    pub fn list(
        &mut self,
        user: UserId,
        page: Page<PasskeyId>,
    ) -> Result<Listing<Passkey>, StoreError> {
        let after = page.key().map_or(uuid::Uuid::nil(), PasskeyId::uuid);
        let rows = self.bound.platform_rows(&LIST, values![user, after, page.fetched()])?;
        page.listing(rows, Passkey::from_row)
    }

    /// All of a person's passkeys: [`limits::PASSKEYS_PER_USER_MAX`] at most.
    ///
    /// # Errors
    /// The engine's.
    pub fn all(&mut self, user: UserId) -> Result<Vec<Passkey>, StoreError> {
        let most = u32::try_from(limits::PASSKEYS_PER_USER_MAX).unwrap_or(u32::MAX);
        Ok(self.list(user, Page::first(most))?.items)
    }

    /// How many a person has.
    ///
    /// # Errors
    /// The engine's.
    pub fn count(&mut self, user: UserId) -> Result<u64, StoreError> {
        self.bound.platform_one(&COUNT, values![user])?.map_or(Ok(0), |mut row| row.count())
    }

    /// Lets nobody else count or remove this person's passkeys until the commit.
    ///
    /// # Errors
    /// The engine's.
    pub fn lock(&mut self, user: UserId) -> Result<bool, StoreError> {
        self.bound.platform_change_if(&LOCK, values![user])
    }

    /// Notes a use. `false`: its counter did not rise, or it was removed.
    ///
    /// # Errors
    /// The engine's.
    pub fn note_use(&mut self, id: PasskeyId, used: &PasskeyUse) -> Result<bool, StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_if(
            &USE,
            values![id, used.counter, used.public_key.as_str(), used.backed_up, now],
        )
    }

    /// Calls a passkey something else. `false`: the person has no such passkey.
    ///
    /// # Errors
    /// The engine's.
    pub fn rename(
        &mut self,
        user: UserId,
        id: PasskeyId,
        name: &PasskeyName,
    ) -> Result<bool, StoreError> {
        self.bound.platform_change_if(&RENAME, values![user, id, name.as_str()])
    }

    /// Removes a passkey; its name. `None`: the person has no such passkey.
    ///
    /// # Errors
    /// The engine's.
    pub fn remove(
        &mut self,
        user: UserId,
        id: PasskeyId,
    ) -> Result<Option<PasskeyName>, StoreError> {
        let row = self.bound.platform_one(&REMOVE, values![user, id])?;
        row.map(|mut row| row.parsed()).transpose()
    }

    /// Removes all of a person's passkeys; how many.
    ///
    /// # Errors
    /// The engine's.
    pub fn remove_all(&mut self, user: UserId) -> Result<u64, StoreError> {
        self.bound.platform_run(&REMOVE_ALL, values![user])
    }
}
