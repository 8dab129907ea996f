//! By which identity providers people are recognised.
//!
//! Always true
//! 1. An identity is an issuer and a subject, never an address; it belongs to one person.
//! 2. A person has at most `limits::IDENTITIES_PER_USER_MAX`, so their list is one page.

use domain::sign_in::ProviderRef;
use domain::{TenantId, TimeMs, UserId};

use crate::StoreError;
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::{Row, values};

handle! {
    /// By which providers people are recognised.
    pub Identities
}

/// A person as a provider knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedIdentity {
    /// The issuer of its tokens.
    pub issuer: String,
    /// Who the person is there.
    pub subject: String,
    /// Who they are here.
    pub user: UserId,
    /// The provider it was linked through.
    pub provider: ProviderRef,
    /// The workspace whose own provider that is.
    pub home: Option<TenantId>,
    /// When it was linked.
    pub linked_at: TimeMs,
    /// When it was last used.
    pub used_at: TimeMs,
}

impl LinkedIdentity {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            issuer: row.text()?,
            subject: row.text()?,
            user: row.id()?,
            provider: row.parsed()?,
            home: row.optional_id()?,
            linked_at: row.time()?,
            used_at: row.time()?,
        })
    }
}

platform_statements! { "identities", "a provider recognises a person, not a member":
    FIND = "select issuer, subject, user_id, provider, home_id, linked_at_ms, used_at_ms \
        from identities where issuer = $1 and subject = $2";
    OF_USER = "select issuer, subject, user_id, provider, home_id, linked_at_ms, used_at_ms \
        from identities where user_id = $1 order by issuer, subject limit 100";
    LINK = "insert into identities (issuer, subject, user_id, provider, home_id, linked_at_ms, \
        used_at_ms) values ($1, $2, $3, $4, $5, $6, $6)";
    TOUCH = "update identities set used_at_ms = $3 where issuer = $1 and subject = $2";
    UNLINK = "delete from identities where user_id = $1 and issuer = $2 and subject = $3";
}

impl Identities<'_> {
    /// Whom this provider means.
    ///
    /// # Errors
    /// The engine's.
    pub fn find(
        &mut self,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<LinkedIdentity>, StoreError> {
        let row = self.bound.platform_one(&FIND, values![issuer, subject])?;
        row.map(LinkedIdentity::from_row).transpose()
    }

    /// All of a person's.
    ///
    /// # Errors
    /// The engine's.
    pub fn of_user(&mut self, user: UserId) -> Result<Vec<LinkedIdentity>, StoreError> {
        let rows = self.bound.platform_rows(&OF_USER, values![user])?;
        rows.into_iter().map(LinkedIdentity::from_row).collect()
    }

    /// Links one; its times are this transaction's.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: it is somebody's already.
    pub fn link(&mut self, new: &LinkedIdentity) -> Result<(), StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_one(
            &LINK,
            values![
                new.issuer.as_str(),
                new.subject.as_str(),
                new.user,
                new.provider.to_string(),
                new.home,
                now,
            ],
        )
    }

    /// Notes a use.
    ///
    /// # Errors
    /// The engine's.
    pub fn touch(&mut self, issuer: &str, subject: &str) -> Result<bool, StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_if(&TOUCH, values![issuer, subject, now])
    }

    /// Unlinks one of a person's. `false`: it is not theirs.
    ///
    /// # Errors
    /// The engine's.
    pub fn unlink(
        &mut self,
        user: UserId,
        issuer: &str,
        subject: &str,
    ) -> Result<bool, StoreError> {
        self.bound.platform_change_if(&UNLINK, values![user, issuer, subject])
    }
}
