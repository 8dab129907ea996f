//! Answers kept for requests that are repeated with the same key.
//!
//! Always true: a key belongs to one principal and one request; the first to take it works, the
//! others wait or get its answer; an answer is kept without anything that is shown once.

use domain::{TimeMs, limits};

use crate::StoreError;
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::{Row, values};

handle! {
    /// Answers kept for repeated requests.
    pub Idempotency
}

/// What a key led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// The key is new: do the work, then keep its answer.
    New,
    /// The key is taken by the same request, whose answer is not there yet.
    Working,
    /// The key is taken by another request.
    Other,
    /// The same request was answered before.
    Answered(KeptAnswer),
}

/// A kept answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// HTTP status.
    pub status: u32,
    /// Body, without anything that is shown once.
    pub body: String,
    /// When it was kept.
    pub at: TimeMs,
}

platform_statements! { "idempotency", "a repeated request is recognised before its tenant is":
    EXPIRE = "delete from idempotency where principal = $1 and idempotency_key = $2 \
        and expires_at_ms <= $3";
    TAKE = "insert into idempotency (principal, idempotency_key, request_hash, status, body, \
        at_ms, expires_at_ms) values ($1, $2, $3, null, null, $4, $5) on conflict do nothing";
    FIND = "select request_hash, status, body, at_ms from idempotency \
        where principal = $1 and idempotency_key = $2";
    ANSWER = "update idempotency set status = $4, body = $5, at_ms = $6 \
        where principal = $1 and idempotency_key = $2 and request_hash = $3 and status is null";
    RELEASE = "delete from idempotency \
        where principal = $1 and idempotency_key = $2 and request_hash = $3 and status is null";
    SWEEP = "delete from idempotency where expires_at_ms <= $1";
}

impl Idempotency<'_> {
    /// Takes a key for a request, or says what became of the request that has it.
    ///
    /// # Errors
    /// The engine's.
    pub fn take(
        &mut self,
        principal: &str,
        key: &str,
        request_hash: [u8; 32],
    ) -> Result<Kept, StoreError> {
        let now = self.bound.now();
        let ends = now.plus_ms(limits::IDEMPOTENCY_MS);
        self.bound.platform_run(&EXPIRE, values![principal, key, now])?;
        if self.bound.platform_change_if(&TAKE, values![principal, key, request_hash, now, ends])? {
            return Ok(Kept::New);
        }
        let row = self.bound.platform_one(&FIND, values![principal, key])?;
        row.map_or(Ok(Kept::Working), |row| kept(row, request_hash))
    }

    /// Keeps the answer of the request that took the key. `false`: it was kept before.
    ///
    /// # Errors
    /// The engine's.
    pub fn answer(
        &mut self,
        principal: &str,
        key: &str,
        request_hash: [u8; 32],
        status: u32,
        body: &str,
    ) -> Result<bool, StoreError> {
        let now = self.bound.now();
        self.bound
            .platform_change_if(&ANSWER, values![principal, key, request_hash, status, body, now])
    }

    /// Gives a key back: the request failed in a way that may be repeated.
    ///
    /// # Errors
    /// The engine's.
    pub fn release(
        &mut self,
        principal: &str,
        key: &str,
        request_hash: [u8; 32],
    ) -> Result<bool, StoreError> {
        self.bound.platform_change_if(&RELEASE, values![principal, key, request_hash])
    }

    /// Forgets keys past their end; how many.
    ///
    /// # Errors
    /// The engine's.
    pub fn sweep(&mut self) -> Result<u64, StoreError> {
        let now = self.bound.now();
        self.bound.platform_run(&SWEEP, values![now])
    }
}

fn kept(mut row: Row, request_hash: [u8; 32]) -> Result<Kept, StoreError> {
    if row.array::<32>()? != request_hash {
        return Ok(Kept::Other);
    }
    let (status, body, at) = (row.optional_int()?, row.optional_text()?, row.time()?);
    let Some(status) = status else { return Ok(Kept::Working) };
    let status = u32::try_from(status).map_err(|_| StoreError::Corrupt)?;
    Ok(Kept::Answered(KeptAnswer { status, body: body.unwrap_or_default(), at }))
}
