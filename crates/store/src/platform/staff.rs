//! Who works for the platform itself.
//!
//! Always true: somebody is staff because the host's operator said so on the host; nothing that is
//! reached over the network writes here. Being listed opens no tenant.

use std::str::FromStr;

use domain::{EmailAddress, TimeMs, UserId};

use crate::StoreError;
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::{Row, values};

handle! {
    /// The platform's staff.
    pub Staff
}

/// What somebody of the staff is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StaffRole {
    /// Reads the platform's own log.
    Auditor,
}

impl StaffRole {
    /// The word in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auditor => "auditor",
        }
    }
}

impl FromStr for StaffRole {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        match text {
            "auditor" => Ok(Self::Auditor),
            _ => Err(StoreError::Corrupt),
        }
    }
}

/// Somebody of the staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffMember {
    /// Who.
    pub user: UserId,
    /// Their address.
    pub email: EmailAddress,
    /// What they are there for.
    pub role: StaffRole,
    /// Since when.
    pub added_at: TimeMs,
    /// Who said so.
    pub added_by: String,
}

impl StaffMember {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            user: row.id()?,
            email: row.parsed()?,
            role: row.parsed()?,
            added_at: row.time()?,
            added_by: row.text()?,
        })
    }
}

/// Most staff members that are listed: more would be no staff but a crowd.
const LISTED_MAX: u32 = 200;

platform_statements! { "staff", "staff works for the platform, in no workspace":
    ADD = "insert into staff (user_id, role, added_at_ms, added_by) values ($1, $2, $3, $4) \
        on conflict (user_id) do nothing";
    FIND = "select s.user_id, u.email, s.role, s.added_at_ms, s.added_by \
        from staff s join users u on u.user_id = s.user_id where s.user_id = $1";
    LIST = "select s.user_id, u.email, s.role, s.added_at_ms, s.added_by \
        from staff s join users u on u.user_id = s.user_id order by u.email limit $1";
    REMOVE = "delete from staff where user_id = $1";
}

impl Staff<'_> {
    /// Makes somebody staff. `false`: they are already.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: no such person.
    pub fn add(&mut self, user: UserId, role: StaffRole, by: &str) -> Result<bool, StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_if(&ADD, values![user, role.as_str(), now, by])
    }

    /// Somebody, if they are staff.
    ///
    /// # Errors
    /// The engine's.
    pub fn find(&mut self, user: UserId) -> Result<Option<StaffMember>, StoreError> {
        self.bound.platform_one(&FIND, values![user])?.map(StaffMember::from_row).transpose()
    }

    /// Everybody who is staff, by address.
    ///
    /// # Errors
    /// The engine's.
    pub fn list(&mut self) -> Result<Vec<StaffMember>, StoreError> {
        let rows = self.bound.platform_rows(&LIST, values![LISTED_MAX])?;
        rows.into_iter().map(StaffMember::from_row).collect()
    }

    /// Ends somebody's being staff. `false`: they are not.
    ///
    /// # Errors
    /// The engine's.
    pub fn remove(&mut self, user: UserId) -> Result<bool, StoreError> {
        self.bound.platform_change_if(&REMOVE, values![user])
    }
}
