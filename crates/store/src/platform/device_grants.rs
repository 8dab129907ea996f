//! Device authorizations that wait for a person (RFC 8628).
//!
//! Always true
//! 1. Each step (approved, denied, redeemed) is one conditional statement on the step before: of
//!    any number of parallel tries one takes it.
//! 2. The row holds keyed digests of both codes only.
//!
//! Honest limit: who asked (address, label, version) is in the row in clear until it is swept;
//! there is no person yet in whose realm it could be sealed.

use std::net::IpAddr;
use std::str::FromStr;

use domain::{DeviceGrantId, SessionId, TimeMs, UserId, limits};
use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::{Row, json, values};

handle! {
    /// Device authorizations.
    pub DeviceGrants
}

/// Who asked to be let in, as far as the request and the client say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requester {
    /// The address the request came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    /// What the client says about its machine: shown as its own words.
    pub label: String,
    /// Which version it says it is.
    pub version: String,
}

/// Where a device authorization stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantState {
    /// Nobody decided yet.
    Waiting,
    /// Somebody let the device in; it has not asked since.
    Approved,
    /// Somebody did not let it in.
    Denied,
    /// The device has its session.
    Redeemed,
}

impl FromStr for GrantState {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        match text {
            "waiting" => Ok(Self::Waiting),
            "approved" => Ok(Self::Approved),
            "denied" => Ok(Self::Denied),
            "redeemed" => Ok(Self::Redeemed),
            _ => Err(StoreError::Corrupt),
        }
    }
}

/// A device authorization to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDeviceGrant {
    /// Its id, part of the device's code.
    pub id: DeviceGrantId,
    /// The keyed digest of the device's code.
    pub device_code_hash: String,
    /// The keyed digest of the code that a person types.
    pub user_code_hash: String,
    /// Thumbprint of the device's key.
    pub dpop_jkt: String,
    /// Who asked.
    pub requester: Requester,
}

/// Who let a device in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approver {
    /// Who.
    pub user: UserId,
    /// In which session.
    pub session: SessionId,
    /// How they had proved who they are.
    pub amr: Vec<String>,
}

/// A device authorization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceGrant {
    /// What it was made with.
    pub made: NewDeviceGrant,
    /// Where it stands.
    pub state: GrantState,
    /// Seconds the device must wait between two questions.
    pub interval_s: u32,
    /// When the device last asked; the beginning of time when it never did.
    pub polled_at: TimeMs,
    /// Who let it in.
    pub approver: Option<Approver>,
    /// When it was asked for.
    pub created_at: TimeMs,
    /// Its end.
    pub expires_at: TimeMs,
}

impl DeviceGrant {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        let made = NewDeviceGrant {
            id: row.id()?,
            device_code_hash: row.text()?,
            user_code_hash: row.text()?,
            dpop_jkt: row.text()?,
            requester: row.json()?,
        };
        let (state, interval_s, polled_at) = (row.parsed()?, row.small()?, row.time()?);
        let (user, session, amr) = (row.optional_id()?, row.optional_id()?, row.optional_text()?);
        let approver = match (user, session, amr) {
            (Some(user), Some(session), Some(amr)) => {
                let amr = serde_json::from_str(&amr).map_err(|_| StoreError::Corrupt)?;
                Some(Approver { user, session, amr })
            }
            (None, None, None) => None,
            _ => return Err(StoreError::Corrupt),
        };
        let (created_at, expires_at) = (row.time()?, row.time()?);
        Ok(Self { made, state, interval_s, polled_at, approver, created_at, expires_at })
    }
}

platform_statements! { "device_grants", "nobody knows yet who will let the device in":
    CREATE = "insert into device_grants (device_grant_id, device_code_hash, user_code_hash, \
        dpop_jkt, requester, state, interval_s, polled_at_ms, user_id, session_id, amr, \
        created_at_ms, expires_at_ms) \
        values ($1, $2, $3, $4, $5, 'waiting', $6, 0, null, null, null, $7, $8)";
    FIND = "select device_grant_id, device_code_hash, user_code_hash, dpop_jkt, requester, \
        state, interval_s, polled_at_ms, user_id, session_id, amr, created_at_ms, expires_at_ms \
        from device_grants where device_grant_id = $1";
    FIND_BY_USER_CODE = "select device_grant_id, device_code_hash, user_code_hash, dpop_jkt, \
        requester, state, interval_s, polled_at_ms, user_id, session_id, amr, created_at_ms, \
        expires_at_ms from device_grants where user_code_hash = $1";
    COUNT_WAITING = "select count(*) from device_grants where expires_at_ms > $1";
    NOTE_POLL = "update device_grants set polled_at_ms = $2, interval_s = $3 \
        where device_grant_id = $1 and polled_at_ms = $4";
    APPROVE = "update device_grants set state = 'approved', user_id = $2, session_id = $3, \
        amr = $4 where device_grant_id = $1 and state = 'waiting' and expires_at_ms > $5";
    DENY = "update device_grants set state = 'denied' \
        where device_grant_id = $1 and state = 'waiting' and expires_at_ms > $2";
    REDEEM = "update device_grants set state = 'redeemed' \
        where device_grant_id = $1 and state = 'approved' and expires_at_ms > $2";
    SWEEP = "delete from device_grants where expires_at_ms < $1";
}

impl DeviceGrants<'_> {
    /// Stores one; it ends after [`limits::DEVICE_GRANT_MS`].
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: another one has the same user code.
    pub fn create(&mut self, new: &NewDeviceGrant) -> Result<(), StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_one(
            &CREATE,
            values![
                new.id,
                new.device_code_hash.as_str(),
                new.user_code_hash.as_str(),
                new.dpop_jkt.as_str(),
                json(&new.requester)?,
                limits::DEVICE_INTERVAL_S,
                now,
                now.plus_ms(limits::DEVICE_GRANT_MS),
            ],
        )
    }

    /// One, whatever its state.
    ///
    /// # Errors
    /// The engine's.
    pub fn find(&mut self, id: DeviceGrantId) -> Result<Option<DeviceGrant>, StoreError> {
        self.bound.platform_one(&FIND, values![id])?.map(DeviceGrant::from_row).transpose()
    }

    /// The one whose user code has this digest, whatever its state.
    ///
    /// # Errors
    /// The engine's.
    pub fn find_by_user_code(&mut self, hash: &str) -> Result<Option<DeviceGrant>, StoreError> {
        let row = self.bound.platform_one(&FIND_BY_USER_CODE, values![hash])?;
        row.map(DeviceGrant::from_row).transpose()
    }

    /// How many are not over yet.
    ///
    /// # Errors
    /// The engine's.
    pub fn count_live(&mut self) -> Result<u64, StoreError> {
        let now = self.bound.now();
        let row = self.bound.platform_one(&COUNT_WAITING, values![now])?;
        row.map_or(Ok(0), |mut row| row.count())
    }

    /// Notes that the device asked, and how long it waits from now on. `false`: it asked twice at
    /// once.
    ///
    /// # Errors
    /// The engine's.
    pub fn note_poll(&mut self, grant: &DeviceGrant, interval_s: u32) -> Result<bool, StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_if(
            &NOTE_POLL,
            values![grant.made.id, now, interval_s, grant.polled_at],
        )
    }

    /// Lets the device in. `false`: it was decided before, or is over.
    ///
    /// # Errors
    /// The engine's.
    pub fn approve(&mut self, id: DeviceGrantId, by: &Approver) -> Result<bool, StoreError> {
        let now = self.bound.now();
        self.bound
            .platform_change_if(&APPROVE, values![id, by.user, by.session, json(&by.amr)?, now])
    }

    /// Does not let the device in. `false`: it was decided before, or is over.
    ///
    /// # Errors
    /// The engine's.
    pub fn deny(&mut self, id: DeviceGrantId) -> Result<bool, StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_if(&DENY, values![id, now])
    }

    /// Takes the approval up. `false`: there is none, it was taken before, or it is over.
    ///
    /// # Errors
    /// The engine's.
    pub fn redeem(&mut self, id: DeviceGrantId) -> Result<bool, StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_if(&REDEEM, values![id, now])
    }

    /// Removes those past their end; how many.
    ///
    /// # Errors
    /// The engine's.
    pub fn sweep(&mut self) -> Result<u64, StoreError> {
        let now = self.bound.now();
        self.bound.platform_run(&SWEEP, values![now])
    }
}
