//! API keys: who made them, what they may do at most, and the digest of their secret half.
//!
//! Always true
//! 1. The secret half is never stored, nor any part of it: the last four characters, which tell
//!    keys apart, are the checksum's.
//! 2. A revoked or expired key is not usable, whatever else a row says.
//! 3. A key has at most one successor: of any number of parallel rotations one makes it.

use domain::authz::{ActSet, CreateKey, Permit, RevokeKey, RotateKey};
use domain::{ApiKeyId, Networks, TimeMs, UserId};

use super::handle;
use crate::StoreError;
use crate::page::{Listing, Page};
use crate::sql::tenant_statements;
use crate::value::{Row, json, values};

handle! {
    /// The workspace's API keys.
    pub Keys
}

/// An API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What its creator calls it.
    pub name: String,
    /// What it may do at most.
    pub scopes: ActSet,
    /// Peppered digest of its secret half.
    pub digest: [u8; 32],
    /// Who made it; it never holds more than they hold now.
    pub creator: UserId,
    /// When it was made.
    pub created_at: TimeMs,
    /// When it ends, if ever.
    pub expires_at: Option<TimeMs>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<TimeMs>,
    /// When it was revoked.
    pub revoked_at: Option<TimeMs>,
    /// Where it may be used from; empty: everywhere.
    pub networks: Networks,
    /// Its last four characters; empty for a key of before they were kept.
    pub last_four: String,
    /// The neighbourhood of its last use: 24 bits of IPv4, 48 of IPv6.
    pub last_used_network: Option<String>,
    /// The key it took over from.
    pub predecessor: Option<ApiKeyId>,
    /// The key that takes over from it.
    pub successor: Option<ApiKeyId>,
    /// When somebody who held it reported it.
    pub reported_at: Option<TimeMs>,
}

impl ApiKey {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id()?,
            name: row.text()?,
            scopes: row.json()?,
            digest: row.array()?,
            creator: row.id()?,
            created_at: row.time()?,
            expires_at: row.optional_time()?,
            last_used_at: row.optional_time()?,
            revoked_at: row.optional_time()?,
            networks: row.json()?,
            last_four: row.text()?,
            last_used_network: row.optional_text()?,
            predecessor: row.optional_id()?,
            successor: row.optional_id()?,
            reported_at: row.optional_time()?,
        })
    }

    /// Whether it opens anything at `now`.
    #[must_use]
    pub fn usable(&self, now: TimeMs) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// What is stored beside the permit when a key is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What its creator calls it.
    pub name: String,
    /// Peppered digest of its secret half.
    pub digest: [u8; 32],
    /// When it ends, if ever.
    pub expires_at: Option<TimeMs>,
    /// Where it may be used from; empty: everywhere.
    pub networks: Networks,
    /// Its last four characters.
    pub last_four: String,
}

tenant_statements! { "keys":
    CREATE = "insert into api_keys (tenant_id, key_id, name, scopes, digest, creator_id, \
        created_at_ms, expires_at_ms, last_used_at_ms, revoked_at_ms, networks, last_four, \
        predecessor_id) values ($1, $2, $3, $4, $5, $6, $7, $8, null, null, $9, $10, $11)";
    FIND = "select key_id, name, scopes, digest, creator_id, created_at_ms, expires_at_ms, \
        last_used_at_ms, revoked_at_ms, networks, last_four, last_used_network, predecessor_id, \
        successor_id, reported_at_ms from api_keys where tenant_id = $1 and key_id = $2";
    LIST = "select key_id, name, scopes, digest, creator_id, created_at_ms, expires_at_ms, \
        last_used_at_ms, revoked_at_ms, networks, last_four, last_used_network, predecessor_id, \
        successor_id, reported_at_ms from api_keys \
        where tenant_id = $1 and key_id > $2 order by key_id limit $3";
    COUNT_LIVE = "select count(*) from api_keys where tenant_id = $1 and revoked_at_ms is null \
        and coalesce(expires_at_ms, 9223372036854775807) > $2";
    REVOKE = "update api_keys set revoked_at_ms = $4 \
        where tenant_id = $1 and key_id = $2 and creator_id = $3 and revoked_at_ms is null";
    REVOKE_PRESENTED = "update api_keys set revoked_at_ms = $4, reported_at_ms = $4 \
        where tenant_id = $1 and key_id = $2 and digest = $3 and revoked_at_ms is null";
    REVOKE_OF_CREATOR = "update api_keys set revoked_at_ms = $3 \
        where tenant_id = $1 and creator_id = $2 and revoked_at_ms is null returning key_id";
    SUCCEED = "update api_keys set successor_id = $4, expires_at_ms = $5 \
        where tenant_id = $1 and key_id = $2 and creator_id = $3 and successor_id is null \
        and revoked_at_ms is null and coalesce(expires_at_ms, 9223372036854775807) >= $5";
    TOUCH = "update api_keys set last_used_at_ms = $3, last_used_network = $4 \
        where tenant_id = $1 and key_id = $2";
}

impl Keys<'_> {
    /// Stores a key.
    ///
    /// # Errors
    /// The engine's.
    pub fn create(
        &mut self,
        permit: Permit<CreateKey>,
        new: &NewKey,
    ) -> Result<ApiKey, StoreError> {
        let act = permit.into_inner();
        self.insert(act.creator, act.scopes, new, None)
    }

    fn insert(
        &mut self,
        creator: UserId,
        scopes: ActSet,
        new: &NewKey,
        predecessor: Option<ApiKeyId>,
    ) -> Result<ApiKey, StoreError> {
        let now = self.bound.now();
        self.bound.change_one(
            &CREATE,
            values![
                new.id,
                new.name.as_str(),
                json(&scopes)?,
                new.digest,
                creator,
                now,
                new.expires_at,
                json(&new.networks)?,
                new.last_four.as_str(),
                predecessor,
            ],
        )?;
        Ok(ApiKey {
            id: new.id,
            name: new.name.clone(),
            scopes,
            digest: new.digest,
            creator,
            created_at: now,
            expires_at: new.expires_at,
            last_used_at: None,
            revoked_at: None,
            networks: new.networks.clone(),
            last_four: new.last_four.clone(),
            last_used_network: None,
            predecessor,
            successor: None,
            reported_at: None,
        })
    }

    /// Stores a key's successor; the key itself ends at `ends_at`, which is not past its own end.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: it has a successor, or was revoked.
    pub fn rotate(
        &mut self,
        permit: Permit<RotateKey>,
        new: &NewKey,
        ends_at: TimeMs,
    ) -> Result<ApiKey, StoreError> {
        let act = permit.into_inner();
        self.bound.change_one(&SUCCEED, values![act.key, act.creator, new.id, ends_at])?;
        self.insert(act.creator, act.scopes, new, Some(act.key))
    }

    /// One key, usable or not.
    ///
    /// # Errors
    /// The engine's.
    pub fn find(&mut self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        self.bound.one(&FIND, values![id])?.map(ApiKey::from_row).transpose()
    }

    /// One key, if it is neither revoked nor expired.
    ///
    /// # Errors
    /// The engine's.
    pub fn usable(&mut self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        let now = self.bound.now();
        Ok(self.find(id)?.filter(|key| key.usable(now)))
    }

    /// Every key, revoked ones too, in the order they were made.
    ///
    /// # Errors
    /// The engine's.
    pub fn list(&mut self, page: Page<ApiKeyId>) -> Result<Listing<ApiKey>, StoreError> {
        let after = page.key().map_or(uuid::Uuid::nil(), ApiKeyId::uuid);
        let rows = self.bound.rows(&LIST, values![after, page.fetched()])?;
        page.listing(rows, ApiKey::from_row)
    }

    /// How many keys are neither revoked nor past their end.
    ///
    /// # Errors
    /// The engine's.
    pub fn count_live(&mut self) -> Result<u64, StoreError> {
        let now = self.bound.now();
        self.bound.one(&COUNT_LIVE, values![now])?.map_or(Ok(0), |mut row| row.count())
    }

    /// Revokes a key. `false`: it was revoked before.
    ///
    /// # Errors
    /// The engine's.
    pub fn revoke(&mut self, permit: Permit<RevokeKey>) -> Result<bool, StoreError> {
        let act = permit.into_inner();
        let now = self.bound.now();
        self.bound.change_if(&REVOKE, values![act.key, act.creator, now])
    }

    /// Revokes a key that somebody presented: the digest of what they hold is its right. `false`:
    /// it is another key's, or was revoked before.
    ///
    /// # Errors
    /// The engine's.
    pub fn revoke_presented(
        &mut self,
        key: ApiKeyId,
        digest: &[u8; 32],
    ) -> Result<bool, StoreError> {
        let now = self.bound.now();
        self.bound.change_if(&REVOKE_PRESENTED, values![key, *digest, now])
    }

    /// Revokes every key of somebody who leaves the team; which ones.
    ///
    /// # Errors
    /// The engine's.
    pub fn revoke_of_creator(&mut self, creator: UserId) -> Result<Vec<ApiKeyId>, StoreError> {
        let now = self.bound.now();
        self.bound
            .rows(&REVOKE_OF_CREATOR, values![creator, now])?
            .into_iter()
            .map(|mut row| row.id())
            .collect()
    }

    /// Notes that a key was used now, and from where. Callers do this at most once a minute per
    /// key.
    ///
    /// # Errors
    /// The engine's.
    pub fn touch_used(&mut self, id: ApiKeyId, network: Option<&str>) -> Result<(), StoreError> {
        let now = self.bound.now();
        self.bound.change_one(&TOUCH, values![id, now, network])
    }
}
