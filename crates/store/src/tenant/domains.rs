//! E-mail domains that the workspace claims, and which of them it proved to own.
//!
//! Always true: only a proved domain lets anybody in; two workspaces may claim the same one, and
//! whoever controls its name servers proves it.

use std::collections::BTreeSet;

use domain::authz::{ClaimDomain, Permit, RemoveDomain};
use domain::{DomainClaimId, DomainName, TimeMs};

use super::handle;
use crate::StoreError;
use crate::sql::tenant_statements;
use crate::value::{Row, values};

handle! {
    /// E-mail domains.
    pub Domains
}

/// A claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainClaim {
    /// Its id.
    pub id: DomainClaimId,
    /// The domain.
    pub domain: DomainName,
    /// The text that proves it, published under the domain.
    pub challenge: String,
    /// When it was claimed.
    pub claimed_at: TimeMs,
    /// When it was proved.
    pub proved_at: Option<TimeMs>,
}

impl DomainClaim {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id()?,
            domain: row.parsed()?,
            challenge: row.text()?,
            claimed_at: row.time()?,
            proved_at: row.optional_time()?,
        })
    }
}

tenant_statements! { "domains":
    LIST = "select claim_id, domain, challenge, claimed_at_ms, proved_at_ms \
        from domains where tenant_id = $1 order by claim_id limit 100";
    FIND = "select claim_id, domain, challenge, claimed_at_ms, proved_at_ms \
        from domains where tenant_id = $1 and claim_id = $2";
    COUNT = "select count(*) from domains where tenant_id = $1";
    CLAIM = "insert into domains (tenant_id, claim_id, domain, challenge, claimed_at_ms, \
        proved_at_ms) values ($1, $2, $3, $4, $5, null)";
    PROVE = "update domains set proved_at_ms = $3 where tenant_id = $1 and claim_id = $2";
    REMOVE = "delete from domains where tenant_id = $1 and claim_id = $2";
}

impl Domains<'_> {
    /// All claims.
    ///
    /// # Errors
    /// The engine's.
    pub fn list(&mut self) -> Result<Vec<DomainClaim>, StoreError> {
        let rows = self.bound.rows(&LIST, values![])?;
        rows.into_iter().map(DomainClaim::from_row).collect()
    }

    /// The domains that were proved.
    ///
    /// # Errors
    /// The engine's.
    pub fn proved(&mut self) -> Result<BTreeSet<DomainName>, StoreError> {
        let all = self.list()?;
        Ok(all.into_iter().filter(|one| one.proved_at.is_some()).map(|one| one.domain).collect())
    }

    /// One claim.
    ///
    /// # Errors
    /// The engine's.
    pub fn find(&mut self, id: DomainClaimId) -> Result<Option<DomainClaim>, StoreError> {
        self.bound.one(&FIND, values![id])?.map(DomainClaim::from_row).transpose()
    }

    /// How many claims there are.
    ///
    /// # Errors
    /// The engine's.
    pub fn count(&mut self) -> Result<u64, StoreError> {
        self.bound.one(&COUNT, values![])?.map_or(Ok(0), |mut row| row.count())
    }

    /// Claims a domain.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: it is claimed already.
    pub fn claim(
        &mut self,
        permit: Permit<ClaimDomain>,
        challenge: &str,
    ) -> Result<DomainClaim, StoreError> {
        let ClaimDomain { claim: id, domain } = permit.into_inner();
        let now = self.bound.now();
        self.bound.change_one(&CLAIM, values![id, domain.as_str(), challenge, now])?;
        let challenge = challenge.to_owned();
        Ok(DomainClaim { id, domain, challenge, claimed_at: now, proved_at: None })
    }

    /// Notes the proof.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: there is no such claim.
    pub fn prove(&mut self, permit: Permit<ClaimDomain>) -> Result<TimeMs, StoreError> {
        let now = self.bound.now();
        self.bound.change_one(&PROVE, values![permit.get().claim, now])?;
        Ok(now)
    }

    /// Gives a domain up. `false`: there is no such claim.
    ///
    /// # Errors
    /// The engine's.
    pub fn remove(&mut self, permit: Permit<RemoveDomain>) -> Result<bool, StoreError> {
        self.bound.change_if(&REMOVE, values![permit.get().claim])
    }
}
