//! How a person, and everybody together, used to sign in: how often with which value of which
//! feature.
//!
//! Always true
//! 1. A value is a keyed digest: a copy of the table says how regular somebody is, never where they
//!    were or with what. A person's digests have a key of their own, so two people in one network
//!    cannot be matched.
//! 2. A person has a bounded number of rows; what was not seen for the longest time goes first.

use domain::{TimeMs, UserId};

use crate::StoreError;
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::{Row, values};

handle! {
    /// How people used to sign in.
    pub SignInHistory
}

/// How often a value was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimesSeen {
    /// The feature, by its name.
    pub feature: String,
    /// The value's digest.
    pub value: String,
    /// How often.
    pub times: u64,
    /// When last.
    pub last_at: TimeMs,
}

impl TimesSeen {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            feature: row.text()?,
            value: row.text()?,
            times: row.count()?,
            last_at: row.time()?,
        })
    }
}

platform_statements! { "history", "a sign-in is judged before a workspace is entered":
    OF_USER = "select feature, value, times, last_at_ms from sign_in_history where user_id = $1";
    OF_ALL = "select feature, value, times, last_at_ms from sign_in_population \
        where feature = $1 and value = $2";
    ADD = "insert into sign_in_history (user_id, feature, value, times, last_at_ms) \
        values ($1, $2, $3, 1, $4) on conflict (user_id, feature, value) do update set \
        times = sign_in_history.times + 1, last_at_ms = excluded.last_at_ms";
    ADD_TO_ALL = "insert into sign_in_population (feature, value, times, last_at_ms) \
        values ($1, $2, 1, $3) on conflict (feature, value) do update set \
        times = sign_in_population.times + 1, last_at_ms = excluded.last_at_ms";
    TRIM = "delete from sign_in_history where user_id = $1 and last_at_ms < \
        (select last_at_ms from sign_in_history where user_id = $1 \
        order by last_at_ms desc limit 1 offset $2)";
    SWEEP = "delete from sign_in_history where last_at_ms < $1";
    SWEEP_ALL = "delete from sign_in_population where last_at_ms < $1";
}

impl SignInHistory<'_> {
    /// Everything known about one person.
    ///
    /// # Errors
    /// The engine's.
    pub fn of_user(&mut self, user: UserId) -> Result<Vec<TimesSeen>, StoreError> {
        let rows = self.bound.platform_rows(&OF_USER, values![user])?;
        rows.into_iter().map(TimesSeen::from_row).collect()
    }

    /// How often everybody together had this value.
    ///
    /// # Errors
    /// The engine's.
    pub fn of_all(&mut self, feature: &str, value: &str) -> Result<u64, StoreError> {
        let row = self.bound.platform_one(&OF_ALL, values![feature, value])?;
        Ok(row.map(TimesSeen::from_row).transpose()?.map_or(0, |seen| seen.times))
    }

    /// A person signed in with this value.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: there is no such person.
    pub fn add(&mut self, user: UserId, feature: &str, value: &str) -> Result<(), StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_one(&ADD, values![user, feature, value, now])
    }

    /// Somebody signed in with this value.
    ///
    /// # Errors
    /// The engine's.
    pub fn add_to_all(&mut self, feature: &str, value: &str) -> Result<(), StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_one(&ADD_TO_ALL, values![feature, value, now])
    }

    /// Forgets a person's rows beyond `keep`, except those as new as the last one kept.
    ///
    /// # Errors
    /// The engine's.
    pub fn trim(&mut self, user: UserId, keep: u32) -> Result<u64, StoreError> {
        self.bound.platform_run(&TRIM, values![user, keep])
    }

    /// Forgets values not seen since `before`; how many.
    ///
    /// # Errors
    /// The engine's.
    pub fn sweep(&mut self, before: TimeMs) -> Result<u64, StoreError> {
        let people = self.bound.platform_run(&SWEEP, values![before])?;
        Ok(people + self.bound.platform_run(&SWEEP_ALL, values![before])?)
    }
}
