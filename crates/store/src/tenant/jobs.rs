//! Background jobs of a tenant: enqueued in the business transaction, claimed under a lease.
//!
//! Always true
//! 1. A job runs under at most one valid fence: every claim raises it, and finishing or failing
//!    needs it.
//! 2. A job carries its principal and a MAC over its content; the claim checks the MAC before a
//!    scope is made, and a job whose MAC is wrong is a dead letter.
//! 3. A job that failed `limits::JOB_TRIES_MAX` times is a dead letter, kept.

use std::str::FromStr;

use domain::{JobId, RequestId, TimeMs, UserId, limits};

use super::handle;
use crate::StoreError;
use crate::sql::tenant_statements;
use crate::value::{Row, values};

handle! {
    /// The tenant's jobs.
    pub Jobs
}

/// What became of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// It waits for its time, or is being worked on.
    Waiting,
    /// It was done.
    Done,
    /// It was given up.
    Dead,
}

impl JobState {
    /// The word in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }
}

impl FromStr for JobState {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        [Self::Waiting, Self::Done, Self::Dead]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or(StoreError::Corrupt)
    }
}

/// A job to enqueue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// Its id.
    pub id: JobId,
    /// What is to be done, a stable word.
    pub kind: String,
    /// With what, as JSON.
    pub payload: String,
    /// Whose rights it has; they are judged again when it runs.
    pub principal: UserId,
    /// The request that enqueued it.
    pub request: RequestId,
    /// When it is due.
    pub run_at: TimeMs,
    /// MAC over all of the above and the tenant, made by the broker.
    pub mac: [u8; 32],
}

/// A job as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// What is to be done.
    pub kind: String,
    /// With what, as JSON.
    pub payload: String,
    /// Whose rights it has.
    pub principal: UserId,
    /// The request that enqueued it.
    pub request: RequestId,
    /// When it is or was due.
    pub run_at: TimeMs,
    /// Claims so far; the newest one is the valid one.
    pub fence: u64,
    /// Failures so far.
    pub tries: u32,
    /// What became of it.
    pub state: JobState,
    /// MAC over its content.
    pub mac: [u8; 32],
}

/// A job in the hands of one worker, until its lease ends.
#[derive(Debug, Clone)]
pub struct ClaimedJob {
    /// The scope to do it in: its tenant, and its principal's rights.
    pub scope: domain::Scope,
    /// The job.
    pub job: Job,
    /// When the lease ends.
    pub lease_until: TimeMs,
}

impl Job {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id()?,
            kind: row.text()?,
            payload: row.text()?,
            principal: row.id()?,
            request: row.id()?,
            run_at: row.time()?,
            fence: row.count()?,
            tries: row.small()?,
            state: row.parsed()?,
            mac: row.array()?,
        })
    }
}

tenant_statements! { "jobs":
    ENQUEUE = "insert into jobs (tenant_id, job_id, kind, payload, principal_id, request_id, \
        enqueued_at_ms, run_at_ms, lease_until_ms, fence, tries, state, mac) \
        values ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 0, 'waiting', $9)";
    FIND = "select job_id, kind, payload, principal_id, request_id, run_at_ms, fence, tries, \
        state, mac from jobs where tenant_id = $1 and job_id = $2";
    DUE locking = "select job_id from jobs where tenant_id = $1 and state = 'waiting' \
        and run_at_ms <= $2 and lease_until_ms <= $2 order by run_at_ms, job_id limit $3";
    CLAIM = "update jobs set fence = fence + 1, lease_until_ms = $3 \
        where tenant_id = $1 and job_id = $2 and state = 'waiting' and lease_until_ms <= $4 \
        returning job_id, kind, payload, principal_id, request_id, run_at_ms, fence, tries, \
        state, mac";
    FINISH = "update jobs set state = 'done', lease_until_ms = 0 \
        where tenant_id = $1 and job_id = $2 and fence = $3 and state = 'waiting'";
    RETRY = "update jobs set tries = tries + 1, run_at_ms = $4, lease_until_ms = 0 \
        where tenant_id = $1 and job_id = $2 and fence = $3 and state = 'waiting'";
    BURY = "update jobs set tries = tries + 1, state = 'dead', lease_until_ms = 0 \
        where tenant_id = $1 and job_id = $2 and fence = $3 and state = 'waiting'";
    NEXT_DUE = "select min(case when lease_until_ms > run_at_ms then lease_until_ms \
        else run_at_ms end) from jobs where tenant_id = $1 and state = 'waiting'";
}

impl Jobs<'_> {
    /// Enqueues a job, in the transaction of the act that causes it.
    ///
    /// # Errors
    /// The engine's.
    pub fn enqueue(&mut self, new: &NewJob) -> Result<(), StoreError> {
        let now = self.bound.now();
        self.bound.change_one(
            &ENQUEUE,
            values![
                new.id,
                new.kind.as_str(),
                new.payload.as_str(),
                new.principal,
                new.request,
                now,
                new.run_at,
                new.mac,
            ],
        )?;
        self.due(new.run_at);
        Ok(())
    }

    /// One job.
    ///
    /// # Errors
    /// The engine's.
    pub fn find(&mut self, id: JobId) -> Result<Option<Job>, StoreError> {
        self.bound.one(&FIND, values![id])?.map(Job::from_row).transpose()
    }

    /// Marks a job as done. `false`: the fence is not the newest, another worker has it.
    ///
    /// # Errors
    /// The engine's.
    pub fn finish(&mut self, id: JobId, fence: u64) -> Result<bool, StoreError> {
        self.bound.change_if(&FINISH, values![id, fence])
    }

    /// Counts a failure: the job is due again after a delay that doubles with each try, or is given
    /// up after `limits::JOB_TRIES_MAX`. `None`: the fence is not the newest.
    ///
    /// # Errors
    /// The engine's.
    pub fn fail(&mut self, job: &Job) -> Result<Option<JobState>, StoreError> {
        if job.tries + 1 >= limits::JOB_TRIES_MAX {
            let buried = self.bound.change_if(&BURY, values![job.id, job.fence])?;
            return Ok(buried.then_some(JobState::Dead));
        }
        let again = self.bound.now().plus_ms(retry_delay_ms(job.tries));
        let waits = self.bound.change_if(&RETRY, values![job.id, job.fence, again])?;
        self.due(again);
        Ok(waits.then_some(JobState::Waiting))
    }

    /// Gives a job up at once: nothing that would run it again can make it right.
    ///
    /// # Errors
    /// The engine's.
    pub fn bury(&mut self, id: JobId, fence: u64) -> Result<bool, StoreError> {
        self.bound.change_if(&BURY, values![id, fence])
    }

    /// The platform is told after the commit when the earliest of this transaction's jobs is due.
    fn due(&mut self, at: TimeMs) {
        self.bound.due = Some(self.bound.due.map_or(at, |earlier| earlier.min(at)));
    }

    /// Takes at most `count` due jobs, earliest first.
    pub(crate) fn claim(&mut self, count: u32) -> Result<Vec<Job>, StoreError> {
        let now = self.bound.now();
        let count = count.min(limits::JOBS_PER_CLAIM_MAX);
        let lease_until = now.plus_ms(limits::JOB_LEASE_MS);
        let due = self.bound.rows(&DUE, values![now, count])?;
        let mut claimed = Vec::with_capacity(due.len());
        for mut row in due {
            let id: JobId = row.id()?;
            if let Some(row) = self.bound.one(&CLAIM, values![id, lease_until, now])? {
                claimed.push(Job::from_row(row)?);
            }
        }
        Ok(claimed)
    }

    /// When the next waiting job is due; one that is being worked on, when its lease ends.
    pub(crate) fn next_due(&mut self) -> Result<Option<TimeMs>, StoreError> {
        self.bound.one(&NEXT_DUE, values![])?.map_or(Ok(None), |mut row| row.optional_time())
    }
}

/// One second, doubled with each try, at most one hour.
fn retry_delay_ms(tries: u32) -> i64 {
    const FIRST_MS: i64 = 1_000;
    const LONGEST_MS: i64 = 3_600 * 1_000;
    FIRST_MS
        .saturating_mul(1_i64.checked_shl(tries).unwrap_or(i64::MAX))
        .clamp(FIRST_MS, LONGEST_MS)
}
