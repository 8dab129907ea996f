//! Devices that somebody signed in from.
//!
//! Always true
//! 1. A device belongs to one person and never moves to another.
//! 2. A person has a bounded number of them; the one not seen for the longest time goes first.
//!
//! Never: what the device is or where it was. That is sealed in the session's details.

use domain::{DeviceId, TimeMs, UserId};

use crate::StoreError;
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::{Row, values};

handle! {
    /// Devices that people signed in from.
    pub Devices
}

/// A device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// Whose it is.
    pub user: UserId,
    /// When somebody signed in from it first.
    pub first_seen_at: TimeMs,
    /// When somebody signed in from it last.
    pub last_seen_at: TimeMs,
}

impl Device {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id()?,
            user: row.id()?,
            first_seen_at: row.time()?,
            last_seen_at: row.time()?,
        })
    }
}

platform_statements! { "devices", "a device is a person's, who may be in several workspaces":
    FIND = "select device_id, user_id, first_seen_at_ms, last_seen_at_ms from devices \
        where device_id = $1 and user_id = $2";
    ADD = "insert into devices (device_id, user_id, first_seen_at_ms, last_seen_at_ms) \
        values ($1, $2, $3, $3)";
    SEEN = "update devices set last_seen_at_ms = $3 \
        where device_id = $1 and user_id = $2 and last_seen_at_ms <= $3";
    TRIM = "delete from devices where user_id = $1 and device_id not in \
        (select device_id from devices where user_id = $1 \
        order by last_seen_at_ms desc, device_id desc limit $2)";
    FORGET = "delete from devices where user_id = $1";
    SWEEP = "delete from devices where last_seen_at_ms < $1";
}

impl Devices<'_> {
    /// This person's device.
    ///
    /// # Errors
    /// The engine's.
    pub fn find(&mut self, id: DeviceId, user: UserId) -> Result<Option<Device>, StoreError> {
        self.bound.platform_one(&FIND, values![id, user])?.map(Device::from_row).transpose()
    }

    /// Remembers a new device, and forgets those beyond `keep`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: the id is taken, or there is no such person.
    pub fn add(&mut self, id: DeviceId, user: UserId, keep: u32) -> Result<(), StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_one(&ADD, values![id, user, now])?;
        self.bound.platform_run(&TRIM, values![user, keep]).map(|_| ())
    }

    /// Somebody signed in from it again. `false`: it is not this person's, or not known any more.
    ///
    /// # Errors
    /// The engine's.
    pub fn seen(&mut self, id: DeviceId, user: UserId) -> Result<bool, StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_if(&SEEN, values![id, user, now])
    }

    /// Forgets every device of a person; how many.
    ///
    /// # Errors
    /// The engine's.
    pub fn forget(&mut self, user: UserId) -> Result<u64, StoreError> {
        self.bound.platform_run(&FORGET, values![user])
    }

    /// Forgets devices not seen since `before`; how many.
    ///
    /// # Errors
    /// The engine's.
    pub fn sweep(&mut self, before: TimeMs) -> Result<u64, StoreError> {
        self.bound.platform_run(&SWEEP, values![before])
    }
}
