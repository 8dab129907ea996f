//! Enrolments that wait for their first TOTP code.
//!
//! Always true: an enrolment becomes an account once; wrong codes are counted on the row and end
//! it.

use std::str::FromStr;

use domain::{EmailAddress, EnrolmentId, InvitationId, Sealed, TimeMs, UserId, limits};

use crate::StoreError;
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::{Row, values};

handle! {
    /// Enrolments that wait for their confirmation.
    pub Enrolments
}

/// What kind of link somebody enrols by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// The first owner's.
    Bootstrap,
    /// An invitation into a workspace.
    Invitation,
}

impl LinkKind {
    /// The word in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bootstrap => "bootstrap",
            Self::Invitation => "invitation",
        }
    }
}

impl FromStr for LinkKind {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        match text {
            "bootstrap" => Ok(Self::Bootstrap),
            "invitation" => Ok(Self::Invitation),
            _ => Err(StoreError::Corrupt),
        }
    }
}

/// An enrolment to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEnrolment {
    /// Its id.
    pub id: EnrolmentId,
    /// The kind of link.
    pub link_kind: LinkKind,
    /// The link.
    pub link: InvitationId,
    /// The id the person will have; the TOTP seed is sealed in their realm.
    pub user: UserId,
    /// Their address.
    pub email: EmailAddress,
    /// Argon2id hash in PHC form.
    pub password_hash: String,
    /// Their TOTP seed, sealed.
    pub totp: Sealed,
}

/// An enrolment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// Its id.
    pub id: EnrolmentId,
    /// The kind of link.
    pub link_kind: LinkKind,
    /// The link.
    pub link: InvitationId,
    /// The id the person will have.
    pub user: UserId,
    /// Their address.
    pub email: EmailAddress,
    /// Argon2id hash in PHC form.
    pub password_hash: String,
    /// Their TOTP seed, sealed.
    pub totp: Sealed,
    /// Wrong codes given so far.
    pub wrong_codes: u32,
    /// When it ends.
    pub expires_at: TimeMs,
    /// When it became an account.
    pub confirmed_at: Option<TimeMs>,
}

impl Enrolment {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id()?,
            link_kind: row.parsed()?,
            link: row.id()?,
            user: row.id()?,
            email: row.parsed()?,
            password_hash: row.text()?,
            totp: row.sealed()?,
            wrong_codes: row.small()?,
            expires_at: row.time()?,
            confirmed_at: row.optional_time()?,
        })
    }

    /// Whether it can still be confirmed.
    #[must_use]
    pub fn usable(&self, now: TimeMs) -> bool {
        self.confirmed_at.is_none()
            && now < self.expires_at
            && self.wrong_codes < limits::WRONG_CODES_MAX
    }
}

platform_statements! { "enrolments", "whoever enrols is nobody's member yet":
    CREATE = "insert into enrolments (enrolment_id, link_kind, link_id, user_id, email, \
        password_hash, totp_sealed, wrong_codes, expires_at_ms, confirmed_at_ms) \
        values ($1, $2, $3, $4, $5, $6, $7, 0, $8, null)";
    FIND = "select enrolment_id, link_kind, link_id, user_id, email, password_hash, \
        totp_sealed, wrong_codes, expires_at_ms, confirmed_at_ms \
        from enrolments where enrolment_id = $1";
    COUNT_WRONG = "update enrolments set wrong_codes = wrong_codes + 1 \
        where enrolment_id = $1 and confirmed_at_ms is null returning wrong_codes";
    CONFIRM = "update enrolments set confirmed_at_ms = $2 \
        where enrolment_id = $1 and confirmed_at_ms is null and expires_at_ms > $2";
    SWEEP = "delete from enrolments where expires_at_ms < $1";
}

impl Enrolments<'_> {
    /// Stores an enrolment; it ends after `limits::ENROLMENT_MS`.
    ///
    /// # Errors
    /// The engine's.
    pub fn create(&mut self, new: &NewEnrolment) -> Result<(), StoreError> {
        let ends = self.bound.now().plus_ms(limits::ENROLMENT_MS);
        self.bound.platform_change_one(
            &CREATE,
            values![
                new.id,
                new.link_kind.as_str(),
                new.link,
                new.user,
                &new.email,
                new.password_hash.as_str(),
                &new.totp,
                ends,
            ],
        )
    }

    /// One enrolment, usable or not.
    ///
    /// # Errors
    /// The engine's.
    pub fn find(&mut self, id: EnrolmentId) -> Result<Option<Enrolment>, StoreError> {
        self.bound.platform_one(&FIND, values![id])?.map(Enrolment::from_row).transpose()
    }

    /// Counts one more code that is about to be judged; the number so far, or `None` when it is
    /// over.
    ///
    /// # Errors
    /// The engine's.
    pub fn count_wrong_code(&mut self, id: EnrolmentId) -> Result<Option<u32>, StoreError> {
        self.bound.platform_one(&COUNT_WRONG, values![id])?.map(|mut row| row.small()).transpose()
    }

    /// Turns the enrolment into an account, once. `false`: it is over.
    ///
    /// # Errors
    /// The engine's.
    pub fn confirm(&mut self, id: EnrolmentId) -> Result<bool, StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_if(&CONFIRM, values![id, now])
    }

    /// Removes enrolments past their end; how many.
    ///
    /// # Errors
    /// The engine's.
    pub fn sweep(&mut self) -> Result<u64, StoreError> {
        let now = self.bound.now();
        self.bound.platform_run(&SWEEP, values![now])
    }
}
