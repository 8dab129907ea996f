//! How far account events were copied into this tenant's security log, and of whom.
//!
//! Always true
//! 1. An event's copy and the mark that passes it are written in one transaction: whatever is
//!    interrupted or repeated, an event is copied once.
//! 2. Only people who are in the team of a workspace in use have anything copied.

use domain::{TimeMs, UserId};

use super::handle;
use crate::StoreError;
use crate::sql::tenant_statements;
use crate::value::values;

handle! {
    /// How far account events were copied into this unit's security log.
    pub SecurityMark
}

tenant_statements! { "security":
    JOINED = "select m.joined_at_ms from members m join team t \
        on t.tenant_id = $1 and t.state = 'active' where m.tenant_id = $1 and m.user_id = $2";
    MARK = "select next_index from security_marks where tenant_id = $1";
    SET_MARK = "insert into security_marks (tenant_id, next_index) values ($1, $2) \
        on conflict (tenant_id) do update set next_index = excluded.next_index \
        where security_marks.next_index < excluded.next_index";
}

impl SecurityMark<'_> {
    /// Since when a person is in the team; `None`: they are not, or the workspace is deleted.
    ///
    /// # Errors
    /// The engine's.
    pub fn joined_at(&mut self, user: UserId) -> Result<Option<TimeMs>, StoreError> {
        self.bound.one(&JOINED, values![user])?.map(|mut row| row.time()).transpose()
    }

    /// The index in the platform's security log before which everything was copied.
    ///
    /// # Errors
    /// The engine's.
    pub fn next_index(&mut self) -> Result<u64, StoreError> {
        self.bound.one(&MARK, values![])?.map_or(Ok(0), |mut row| row.count())
    }

    /// Moves the mark past an index. `false`: it was passed before.
    ///
    /// # Errors
    /// The engine's.
    pub fn pass(&mut self, index: u64) -> Result<bool, StoreError> {
        self.bound.change_if(&SET_MARK, values![index.saturating_add(1)])
    }
}
