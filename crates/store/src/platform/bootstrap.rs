//! Links for the first owner of an installation.
//!
//! Always true: a link works once; its code is stored as a digest; wrong codes are counted and end
//! it; a new link ends the ones before.

use domain::{InvitationId, TimeMs, UserId, limits};

use crate::StoreError;
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::{Row, values};

handle! {
    /// Links for the first owner.
    pub Bootstrap
}

/// A link for the first owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootstrapLink {
    /// Its id, which is what the link holds.
    pub id: InvitationId,
    /// Digest of the code that is told apart from the link.
    pub code_hash: [u8; 32],
    /// Wrong codes given so far.
    pub wrong_codes: u32,
    /// When it ends.
    pub expires_at: TimeMs,
    /// Who used it.
    pub used_by: Option<UserId>,
}

impl BootstrapLink {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id()?,
            code_hash: row.array()?,
            wrong_codes: row.small()?,
            expires_at: row.time()?,
            used_by: row.optional_id()?,
        })
    }

    /// Whether it can still be used.
    #[must_use]
    pub fn usable(&self, now: TimeMs) -> bool {
        self.used_by.is_none()
            && now < self.expires_at
            && self.wrong_codes < limits::WRONG_CODES_MAX
    }
}

platform_statements! { "bootstrap", "the first owner has no workspace to be invited by":
    CREATE = "insert into bootstrap_links (link_id, code_hash, wrong_codes, expires_at_ms, \
        used_by) values ($1, $2, 0, $3, null)";
    FIND = "select link_id, code_hash, wrong_codes, expires_at_ms, used_by \
        from bootstrap_links where link_id = $1";
    COUNT_WRONG = "update bootstrap_links set wrong_codes = wrong_codes + 1 \
        where link_id = $1 and used_by is null returning wrong_codes";
    USE = "update bootstrap_links set used_by = $2 \
        where link_id = $1 and used_by is null and expires_at_ms > $3";
    END_UNUSED = "delete from bootstrap_links where used_by is null";
    COUNT_USED = "select count(*) from bootstrap_links where used_by is not null";
}

impl Bootstrap<'_> {
    /// Stores a link that ends after `limits::BOOTSTRAP_MS`, and ends unused ones.
    ///
    /// # Errors
    /// The engine's.
    pub fn create(&mut self, id: InvitationId, code_hash: [u8; 32]) -> Result<(), StoreError> {
        let ends = self.bound.now().plus_ms(limits::BOOTSTRAP_MS);
        self.bound.platform_run(&END_UNUSED, values![])?;
        self.bound.platform_change_one(&CREATE, values![id, code_hash, ends])
    }

    /// One link, usable or not.
    ///
    /// # Errors
    /// The engine's.
    pub fn find(&mut self, id: InvitationId) -> Result<Option<BootstrapLink>, StoreError> {
        self.bound.platform_one(&FIND, values![id])?.map(BootstrapLink::from_row).transpose()
    }

    /// Counts one more code that is about to be judged; the number so far, or `None` when it was
    /// used.
    ///
    /// # Errors
    /// The engine's.
    pub fn count_wrong_code(&mut self, id: InvitationId) -> Result<Option<u32>, StoreError> {
        self.bound.platform_one(&COUNT_WRONG, values![id])?.map(|mut row| row.small()).transpose()
    }

    /// Uses a link up. `false`: it is over.
    ///
    /// # Errors
    /// The engine's.
    pub fn use_up(&mut self, id: InvitationId, user: UserId) -> Result<bool, StoreError> {
        let now = self.bound.now();
        self.bound.platform_change_if(&USE, values![id, user, now])
    }

    /// Whether the installation has its first owner.
    ///
    /// # Errors
    /// The engine's.
    pub fn done(&mut self) -> Result<bool, StoreError> {
        let used = self.bound.platform_one(&COUNT_USED, values![])?;
        Ok(used.map_or(Ok(0), |mut row| row.count())? > 0)
    }
}
