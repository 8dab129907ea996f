//! People and their backup codes.
//!
//! Always true
//! 1. An address names at most one person. The password is a hash, the TOTP seed is sealed.
//! 2. A TOTP step is accepted once: the stored step only rises, in one conditional statement.
//! 3. A backup code is used once, in one conditional statement.

use std::str::FromStr;

use domain::{EmailAddress, Sealed, TimeMs, UserId};

use crate::StoreError;
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::{Row, values};

handle! {
    /// People.
    pub Users
}

handle! {
    /// People's backup codes.
    pub BackupCodes
}

/// Whether a person may sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserState {
    /// Yes.
    Active,
    /// No.
    Disabled,
}

impl FromStr for UserState {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        match text {
            "active" => Ok(Self::Active),
            "disabled" => Ok(Self::Disabled),
            _ => Err(StoreError::Corrupt),
        }
    }
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their address.
    pub email: EmailAddress,
    /// Argon2id hash in PHC form; empty for somebody who comes by a provider only.
    pub password_hash: String,
    /// Their TOTP seed, sealed in their own realm.
    pub totp: Sealed,
    /// The newest TOTP step that was accepted.
    pub totp_last_step: Option<i64>,
    /// Whether they may sign in.
    pub state: UserState,
    /// When they enrolled.
    pub created_at: TimeMs,
}

/// A person who has just confirmed their enrolment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    /// Their id.
    pub id: UserId,
    /// Their address.
    pub email: EmailAddress,
    /// Argon2id hash in PHC form.
    pub password_hash: String,
    /// Their TOTP seed, sealed in their own realm.
    pub totp: Sealed,
    /// The step that confirmed the enrolment: it is used up.
    pub totp_last_step: i64,
}

/// A backup code: found by its selector, judged by its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupCode {
    /// The part that is not secret.
    pub selector: String,
    /// Hash of the part that is.
    pub code_hash: String,
    /// When it was used.
    pub used_at: Option<TimeMs>,
}

impl User {
    /// Whether they may sign in by a password. People whose workspaces all take single sign-on only
    /// have none, and get none by having lost it.
    #[must_use]
    pub fn has_password(&self) -> bool {
        self.state == UserState::Active && !self.password_hash.is_empty()
    }

    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id()?,
            email: row.parsed()?,
            password_hash: row.text()?,
            totp: row.sealed()?,
            totp_last_step: row.optional_int()?,
            state: row.parsed()?,
            created_at: row.time()?,
        })
    }
}

impl BackupCode {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self { selector: row.text()?, code_hash: row.text()?, used_at: row.optional_time()? })
    }
}

platform_statements! { "users", "people are known across workspaces and belong to none":
    CREATE = "insert into users (user_id, email, password_hash, totp_sealed, totp_last_step, \
        state, created_at_ms, password_changed_at_ms) \
        values ($1, $2, $3, $4, $5, 'active', $6, $6)";
    FIND = "select user_id, email, password_hash, totp_sealed, totp_last_step, state, \
        created_at_ms from users where user_id = $1";
    FIND_BY_EMAIL = "select user_id, email, password_hash, totp_sealed, totp_last_step, state, \
        created_at_ms from users where email = $1";
    COUNT = "select count(*) from users";
    IDS = "select user_id from users order by user_id";
    ACCEPT_STEP = "update users set totp_last_step = $2 \
        where user_id = $1 and (totp_last_step is null or totp_last_step < $2)";
    REHASH = "update users set password_hash = $3 where user_id = $1 and password_hash = $2";
    SET_PASSWORD = "update users set password_hash = $2, password_changed_at_ms = $3 \
        where user_id = $1";
    REPLACE_TOTP = "update users set totp_sealed = $2, totp_last_step = $3 where user_id = $1";
    ADD_CODE = "insert into backup_codes (user_id, selector, code_hash, used_at_ms) \
        values ($1, $2, $3, null)";
    FIND_CODE = "select selector, code_hash, used_at_ms from backup_codes \
        where user_id = $1 and selector = $2";
    USE_CODE = "update backup_codes set used_at_ms = $3 \
        where user_id = $1 and selector = $2 and used_at_ms is null";
    COUNT_CODES = "select count(*) from backup_codes where user_id = $1 and used_at_ms is null";
    REMOVE_CODES = "delete from backup_codes where user_id = $1";
}

impl Users<'_> {
    /// Everybody's id.
    ///
    /// # Errors
    /// The engine's.
    pub fn ids(&mut self) -> Result<Vec<UserId>, StoreError> {
        let rows = self.bound.platform_rows(&IDS, values![])?;
        rows.into_iter().map(|mut row| row.id()).collect()
    }

    /// Stores a person.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: the address or the id is taken.
    pub fn create(&mut self, new: &NewUser) -> Result<(), StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_one(
            &CREATE,
            values![
                new.id,
                &new.email,
                new.password_hash.as_str(),
                &new.totp,
                new.totp_last_step,
                now,
            ],
        )
    }

    /// One person.
    ///
    /// # Errors
    /// The engine's.
    pub fn find(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        self.bound.platform_one(&FIND, values![id])?.map(User::from_row).transpose()
    }

    /// The person with this address.
    ///
    /// # Errors
    /// The engine's.
    pub fn find_by_email(&mut self, email: &EmailAddress) -> Result<Option<User>, StoreError> {
        self.bound.platform_one(&FIND_BY_EMAIL, values![email])?.map(User::from_row).transpose()
    }

    /// How many people there are.
    ///
    /// # Errors
    /// The engine's.
    pub fn count(&mut self) -> Result<u64, StoreError> {
        self.bound.platform_one(&COUNT, values![])?.map_or(Ok(0), |mut row| row.count())
    }

    /// Accepts a TOTP step, once. `false`: this step or a later one was accepted before.
    ///
    /// # Errors
    /// The engine's.
    pub fn accept_totp_step(&mut self, id: UserId, step: i64) -> Result<bool, StoreError> {
        self.bound.platform_change_if(&ACCEPT_STEP, values![id, step])
    }

    /// Replaces a password's hash by one with newer parameters. `false`: the password changed
    /// meanwhile.
    ///
    /// # Errors
    /// The engine's.
    pub fn rehash(&mut self, id: UserId, from: &str, to: &str) -> Result<bool, StoreError> {
        self.bound.platform_change_if(&REHASH, values![id, from, to])
    }

    /// Gives somebody another password.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: no such person.
    pub fn set_password(&mut self, id: UserId, hash: &str) -> Result<(), StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_one(&SET_PASSWORD, values![id, hash, now])
    }

    /// Gives somebody another authenticator; `step`, by which it was confirmed, is used up.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: no such person.
    pub fn replace_totp(&mut self, id: UserId, seed: &Sealed, step: i64) -> Result<(), StoreError> {
        self.bound.platform_change_one(&REPLACE_TOTP, values![id, seed, step])
    }
}

impl BackupCodes<'_> {
    /// Replaces a person's codes by these (selector, hash) pairs.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: a selector twice.
    pub fn replace(&mut self, user: UserId, codes: &[(String, String)]) -> Result<(), StoreError> {
        self.bound.platform_run(&REMOVE_CODES, values![user])?;
        codes.iter().try_for_each(|(selector, hash)| {
            self.bound
                .platform_change_one(&ADD_CODE, values![user, selector.as_str(), hash.as_str()])
        })
    }

    /// One code, used or not.
    ///
    /// # Errors
    /// The engine's.
    pub fn find(&mut self, user: UserId, selector: &str) -> Result<Option<BackupCode>, StoreError> {
        self.bound
            .platform_one(&FIND_CODE, values![user, selector])?
            .map(BackupCode::from_row)
            .transpose()
    }

    /// Uses a code up. `false`: it was used before.
    ///
    /// # Errors
    /// The engine's.
    pub fn use_up(&mut self, user: UserId, selector: &str) -> Result<bool, StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_if(&USE_CODE, values![user, selector, now])
    }

    /// How many codes are left.
    ///
    /// # Errors
    /// The engine's.
    pub fn left(&mut self, user: UserId) -> Result<u64, StoreError> {
        self.bound.platform_one(&COUNT_CODES, values![user])?.map_or(Ok(0), |mut row| row.count())
    }
}
