//! Sessions of people. The row is the truth; tokens only point at it.
//!
//! Always true
//! 1. One row per session; a refresh is one compare-and-swap of its generation, so of any number of
//!    parallel refreshes exactly one advances it.
//! 2. The previous generation gets the same successor for `limits::REFRESH_GRACE_MS`; anything
//!    older is a replay.
//! 3. A session ends when idle for `limits::SESSION_IDLE_MS_MAX`, at its absolute end, or by
//!    revocation.
//!
//! Sources: ASVS 5.0 7.3, 10.4; RFC 9700 section 4.14.

use std::str::FromStr;

use domain::{DeviceId, Sealed, SessionId, TenantId, TimeMs, UserId, limits};

use crate::StoreError;
use crate::page::{Listing, Page};
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::{Row, json, values};

handle! {
    /// People's sessions.
    pub Sessions
}

/// What kind of client holds a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientKind {
    /// A program of the person's own.
    Api,
    /// A browser, which keeps its refresh token in a cookie.
    Browser,
    /// The command line, let in through a browser on the same machine.
    Cli,
    /// The command line or a device, let in through a browser elsewhere.
    Device,
}

impl ClientKind {
    /// The kind as the table names it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Browser => "browser",
            Self::Cli => "cli",
            Self::Device => "device",
        }
    }
}

impl FromStr for ClientKind {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        [Self::Api, Self::Browser, Self::Cli, Self::Device]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(StoreError::Corrupt)
    }
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// The workspace it has entered, if any.
    pub workspace: Option<TenantId>,
    /// The generation of its newest refresh token.
    pub generation: u64,
    /// Rises when access tokens of before must not work any more.
    pub epoch: i64,
    /// When it began.
    pub created_at: TimeMs,
    /// When it was last refreshed.
    pub used_at: TimeMs,
    /// When its generation last advanced.
    pub rotated_at: TimeMs,
    /// Its absolute end.
    pub expires_at: TimeMs,
    /// When its person last gave a second factor.
    pub factor_at: TimeMs,
    /// How they authenticated (RFC 8176 names).
    pub amr: Vec<String>,
    /// When it was revoked.
    pub revoked_at: Option<TimeMs>,
    /// What holds it.
    pub client: ClientKind,
    /// From where and with what it was begun, sealed in the person's realm under the session's id.
    pub sealed: Option<Sealed>,
    /// Thumbprint of the key its tokens are bound to (RFC 9449), if any.
    pub dpop_jkt: Option<String>,
    /// The device it was begun on, where that is known.
    pub device: Option<DeviceId>,
}

impl Session {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id()?,
            user: row.id()?,
            workspace: row.optional_id()?,
            generation: row.count()?,
            epoch: row.int()?,
            created_at: row.time()?,
            used_at: row.time()?,
            rotated_at: row.time()?,
            expires_at: row.time()?,
            factor_at: row.time()?,
            amr: row.json()?,
            revoked_at: row.optional_time()?,
            client: row.parsed()?,
            sealed: row.optional_sealed()?,
            dpop_jkt: row.optional_text()?,
            device: row.optional_id()?,
        })
    }

    /// Whether it is neither revoked, nor idle for too long, nor past its end.
    #[must_use]
    pub fn live(&self, now: TimeMs) -> bool {
        self.revoked_at.is_none()
            && now < self.expires_at
            && now.since_ms(self.used_at) < limits::SESSION_IDLE_MS_MAX
    }
}

/// A session that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// The workspace it enters, if any.
    pub workspace: Option<TenantId>,
    /// How they authenticated (RFC 8176 names).
    pub amr: Vec<String>,
    /// What holds it.
    pub client: ClientKind,
    /// From where and with what it begins, sealed in the person's realm under the session's id.
    pub sealed: Option<Sealed>,
    /// Thumbprint of the key its tokens are bound to (RFC 9449), if any.
    pub dpop_jkt: Option<String>,
    /// The device it begins on, where that is known.
    pub device: Option<DeviceId>,
}

/// What a presented refresh token led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// It was the newest: the session moved to the next generation.
    Advanced(Session),
    /// It was the one before, within the grace: the answer is the newest generation again.
    Repeated(Session),
    /// It was older, or the grace is over: somebody holds a stolen token. The session is still to
    /// be revoked.
    Replayed(Session),
    /// There is no such session, or it ended.
    Ended,
}

platform_statements! { "sessions", "a session is of a person, who may enter several workspaces":
    CREATE = "insert into sessions (session_id, user_id, workspace_id, generation, epoch, \
        created_at_ms, used_at_ms, rotated_at_ms, expires_at_ms, factor_at_ms, amr, \
        revoked_at_ms, client, sealed, dpop_jkt, device_id) \
        values ($1, $2, $3, 1, 0, $4, $4, $4, $5, $4, $6, null, $7, $8, $9, $10)";
    FIND = "select session_id, user_id, workspace_id, generation, epoch, created_at_ms, \
        used_at_ms, rotated_at_ms, expires_at_ms, factor_at_ms, amr, revoked_at_ms, client, \
        sealed, dpop_jkt, device_id from sessions where session_id = $1";
    LIST_LIVE = "select session_id, user_id, workspace_id, generation, epoch, created_at_ms, \
        used_at_ms, rotated_at_ms, expires_at_ms, factor_at_ms, amr, revoked_at_ms, client, \
        sealed, dpop_jkt, device_id from sessions where user_id = $1 and session_id > $2 \
        and revoked_at_ms is null and expires_at_ms > $3 and used_at_ms > $4 \
        order by session_id limit $5";
    COUNT_LIVE = "select count(*) from sessions where user_id = $1 \
        and revoked_at_ms is null and expires_at_ms > $2 and used_at_ms > $3";
    ADVANCE = "update sessions set generation = generation + 1, used_at_ms = $3, \
        rotated_at_ms = $3 where session_id = $1 and generation = $2 \
        and revoked_at_ms is null and expires_at_ms > $3 and used_at_ms > $4";
    STEP_UP = "update sessions set factor_at_ms = $2, epoch = epoch + 1 \
        where session_id = $1 and revoked_at_ms is null";
    DISTRUST = "update sessions set factor_at_ms = $2 where session_id = $1";
    RISE = "update sessions set epoch = epoch + 1 \
        where session_id = $1 and revoked_at_ms is null returning epoch";
    ENTER = "update sessions set workspace_id = $2, epoch = epoch + 1 \
        where session_id = $1 and revoked_at_ms is null";
    REVOKE = "update sessions set revoked_at_ms = $2, epoch = epoch + 1 \
        where session_id = $1 and revoked_at_ms is null";
    REVOKE_OTHERS = "update sessions set revoked_at_ms = $3, epoch = epoch + 1 \
        where user_id = $1 and session_id <> $2 and revoked_at_ms is null returning session_id";
    REVOKE_ALL = "update sessions set revoked_at_ms = $2, epoch = epoch + 1 \
        where user_id = $1 and revoked_at_ms is null returning session_id";
    REVOKE_EVERY = "update sessions set revoked_at_ms = $1, epoch = epoch + 1 \
        where revoked_at_ms is null returning session_id";
    SWEEP = "delete from sessions where expires_at_ms < $1";
}

impl Sessions<'_> {
    /// Begins a session: generation 1, epoch 0, its factor given now.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: no such person.
    pub fn create(&mut self, new: &NewSession) -> Result<Session, StoreError> {
        let now = self.bound.now();
        let expires_at = now.plus_ms(limits::SESSION_LIFE_MS_MAX);
        self.bound.platform_change_one(
            &CREATE,
            values![
                new.id,
                new.user,
                new.workspace,
                now,
                expires_at,
                json(&new.amr)?,
                new.client.as_str(),
                new.sealed.as_ref(),
                new.dpop_jkt.as_deref(),
                new.device,
            ],
        )?;
        Ok(Session {
            id: new.id,
            user: new.user,
            workspace: new.workspace,
            generation: 1,
            epoch: 0,
            created_at: now,
            used_at: now,
            rotated_at: now,
            expires_at,
            factor_at: now,
            amr: new.amr.clone(),
            revoked_at: None,
            client: new.client,
            sealed: new.sealed.clone(),
            dpop_jkt: new.dpop_jkt.clone(),
            device: new.device,
        })
    }

    /// The session's factor counts as given at `factor_at`: what needs a fresh one asks again.
    ///
    /// # Errors
    /// The engine's.
    pub fn distrust(&mut self, id: SessionId, factor_at: TimeMs) -> Result<(), StoreError> {
        self.bound.platform_change_one(&DISTRUST, values![id, factor_at])
    }

    /// One session, live or not.
    ///
    /// # Errors
    /// The engine's.
    pub fn find(&mut self, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.bound.platform_one(&FIND, values![id])?.map(Session::from_row).transpose()
    }

    /// A person's live sessions, in the order they began.
    ///
    /// # Errors
    /// The engine's.
    pub fn list(
        &mut self,
        user: UserId,
        page: Page<SessionId>,
    ) -> Result<Listing<Session>, StoreError> {
        let now = self.bound.now();
        let after = page.key().map_or(uuid::Uuid::nil(), SessionId::uuid);
        let rows = self.bound.platform_rows(
            &LIST_LIVE,
            values![user, after, now, idle_since(now), page.fetched()],
        )?;
        page.listing(rows, Session::from_row)
    }

    /// How many live sessions a person has.
    ///
    /// # Errors
    /// The engine's.
    pub fn count_live(&mut self, user: UserId) -> Result<u64, StoreError> {
        let now = self.bound.now();
        self.bound
            .platform_one(&COUNT_LIVE, values![user, now, idle_since(now)])?
            .map_or(Ok(0), |mut row| row.count())
    }

    /// Judges a presented refresh token and advances the session when it is the newest.
    ///
    /// # Errors
    /// The engine's.
    pub fn rotate(&mut self, id: SessionId, presented: u64) -> Result<Rotation, StoreError> {
        let now = self.bound.now();
        let advanced = self
            .bound
            .platform_change_if(&ADVANCE, values![id, presented, now, idle_since(now)])?;
        let Some(session) = self.find(id)? else { return Ok(Rotation::Ended) };
        if advanced {
            return Ok(Rotation::Advanced(session));
        }
        if !session.live(now) || presented > session.generation {
            return Ok(Rotation::Ended);
        }
        let grace = now.since_ms(session.rotated_at) <= limits::REFRESH_GRACE_MS;
        if grace && presented + 1 == session.generation {
            return Ok(Rotation::Repeated(session));
        }
        Ok(Rotation::Replayed(session))
    }

    /// Notes a fresh second factor; access tokens of before end. `false`: it is revoked.
    ///
    /// # Errors
    /// The engine's.
    pub fn step_up(&mut self, id: SessionId) -> Result<bool, StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_if(&STEP_UP, values![id, now])
    }

    /// Raises the epoch, so that tokens of before are older than those to come; the new one.
    /// `None`: it is revoked.
    ///
    /// # Errors
    /// The engine's.
    pub fn rise(&mut self, id: SessionId) -> Result<Option<i64>, StoreError> {
        self.bound.platform_one(&RISE, values![id])?.map(|mut row| row.int()).transpose()
    }

    /// Enters a workspace, or leaves it with `None`; access tokens of before end. `false`: it is
    /// revoked.
    ///
    /// # Errors
    /// The engine's.
    pub fn enter(
        &mut self,
        id: SessionId,
        workspace: Option<TenantId>,
    ) -> Result<bool, StoreError> {
        self.bound.platform_change_if(&ENTER, values![id, workspace])
    }

    /// Revokes a session. `false`: it was revoked before.
    ///
    /// # Errors
    /// The engine's.
    pub fn revoke(&mut self, id: SessionId) -> Result<bool, StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_if(&REVOKE, values![id, now])
    }

    /// Revokes a person's other sessions; which ones.
    ///
    /// # Errors
    /// The engine's.
    pub fn revoke_others(
        &mut self,
        user: UserId,
        kept: SessionId,
    ) -> Result<Vec<SessionId>, StoreError> {
        let now = self.bound.now();
        let rows = self.bound.platform_rows(&REVOKE_OTHERS, values![user, kept, now])?;
        rows.into_iter().map(|mut row| row.id()).collect()
    }

    /// Revokes all of a person's sessions; which ones.
    ///
    /// # Errors
    /// The engine's.
    pub fn revoke_all(&mut self, user: UserId) -> Result<Vec<SessionId>, StoreError> {
        let now = self.bound.now();
        let rows = self.bound.platform_rows(&REVOKE_ALL, values![user, now])?;
        rows.into_iter().map(|mut row| row.id()).collect()
    }

    /// Ends every session of everybody; which.
    ///
    /// # Errors
    /// The engine's.
    pub fn revoke_every(&mut self) -> Result<Vec<SessionId>, StoreError> {
        let now = self.bound.now();
        let rows = self.bound.platform_rows(&REVOKE_EVERY, values![now])?;
        rows.into_iter().map(|mut row| row.id()).collect()
    }

    /// Removes sessions past their absolute end; how many.
    ///
    /// # Errors
    /// The engine's.
    pub fn sweep(&mut self) -> Result<u64, StoreError> {
        let now = self.bound.now();
        self.bound.platform_run(&SWEEP, values![now])
    }
}

/// A session last used at or before this moment is idle for too long.
fn idle_since(now: TimeMs) -> TimeMs {
    now.plus_ms(-limits::SESSION_IDLE_MS_MAX)
}
