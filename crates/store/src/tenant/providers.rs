//! Identity providers that the workspace trusts as its own.
//!
//! Always true: what the platform proves itself with to a provider is sealed in the workspace's
//! realm, under the provider's id and a version that only rises.

use domain::authz::{Permit, RemoveProvider, SetProvider};
use domain::sign_in::ProviderSettings;
use domain::{ProviderId, Sealed, TimeMs};

use super::handle;
use crate::StoreError;
use crate::sql::tenant_statements;
use crate::value::{Row, values};

handle! {
    /// Identity providers.
    pub Providers
}

/// A provider, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Its id.
    pub id: ProviderId,
    /// What it is.
    pub settings: ProviderSettings,
    /// The version of its secret.
    pub secret_version: u64,
    /// When it was added.
    pub created_at: TimeMs,
    /// When it last changed.
    pub updated_at: TimeMs,
}

/// A provider's secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedProviderSecret {
    /// Its version.
    pub version: u64,
    /// The envelope.
    pub sealed: Sealed,
}

impl Provider {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id()?,
            settings: ProviderSettings {
                name: row.parsed()?,
                issuer: row.parsed()?,
                client_id: row.text()?,
            },
            secret_version: row.count()?,
            created_at: row.time()?,
            updated_at: row.time()?,
        })
    }
}

tenant_statements! { "providers":
    LIST = "select provider_id, name, issuer, client_id, secret_version, created_at_ms, \
        updated_at_ms from providers where tenant_id = $1 order by provider_id limit 100";
    FIND = "select provider_id, name, issuer, client_id, secret_version, created_at_ms, \
        updated_at_ms from providers where tenant_id = $1 and provider_id = $2";
    SECRET = "select secret_version, secret_sealed from providers \
        where tenant_id = $1 and provider_id = $2";
    COUNT = "select count(*) from providers where tenant_id = $1";
    ADD = "insert into providers (tenant_id, provider_id, name, issuer, client_id, \
        secret_version, secret_sealed, created_at_ms, updated_at_ms) \
        values ($1, $2, $3, $4, $5, 1, $6, $7, $7)";
    CHANGE = "update providers set name = $3, issuer = $4, client_id = $5, \
        secret_version = secret_version + 1, secret_sealed = $6, updated_at_ms = $7 \
        where tenant_id = $1 and provider_id = $2 and secret_version = $8";
    REMOVE = "delete from providers where tenant_id = $1 and provider_id = $2";
}

impl Providers<'_> {
    /// All of them.
    ///
    /// # Errors
    /// The engine's.
    pub fn list(&mut self) -> Result<Vec<Provider>, StoreError> {
        let rows = self.bound.rows(&LIST, values![])?;
        rows.into_iter().map(Provider::from_row).collect()
    }

    /// One.
    ///
    /// # Errors
    /// The engine's.
    pub fn find(&mut self, id: ProviderId) -> Result<Option<Provider>, StoreError> {
        self.bound.one(&FIND, values![id])?.map(Provider::from_row).transpose()
    }

    /// Its secret, sealed.
    ///
    /// # Errors
    /// The engine's.
    pub fn secret(&mut self, id: ProviderId) -> Result<Option<SealedProviderSecret>, StoreError> {
        let Some(mut row) = self.bound.one(&SECRET, values![id])? else { return Ok(None) };
        Ok(Some(SealedProviderSecret { version: row.count()?, sealed: row.sealed()? }))
    }

    /// How many there are.
    ///
    /// # Errors
    /// The engine's.
    pub fn count(&mut self) -> Result<u64, StoreError> {
        self.bound.one(&COUNT, values![])?.map_or(Ok(0), |mut row| row.count())
    }

    /// Adds one, with its secret as version 1.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: the name is taken.
    pub fn add(
        &mut self,
        permit: Permit<SetProvider>,
        secret: &Sealed,
    ) -> Result<Provider, StoreError> {
        let SetProvider { provider: id, settings } = permit.into_inner();
        let now = self.bound.now();
        let ProviderSettings { name, issuer, client_id } = &settings;
        self.bound.change_one(
            &ADD,
            values![id, name, issuer.as_str(), client_id.as_str(), secret, now],
        )?;
        Ok(Provider { id, settings, secret_version: 1, created_at: now, updated_at: now })
    }

    /// Changes one whose secret has version `from`; the new one has the next. `false`: it changed
    /// meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: the name is taken.
    pub fn change(
        &mut self,
        permit: Permit<SetProvider>,
        from: u64,
        secret: &Sealed,
    ) -> Result<bool, StoreError> {
        let SetProvider { provider: id, settings } = permit.into_inner();
        let now = self.bound.now();
        let ProviderSettings { name, issuer, client_id } = &settings;
        self.bound.change_if(
            &CHANGE,
            values![id, name, issuer.as_str(), client_id.as_str(), secret, now, from],
        )
    }

    /// Removes one. `false`: there is none.
    ///
    /// # Errors
    /// The engine's.
    pub fn remove(&mut self, permit: Permit<RemoveProvider>) -> Result<bool, StoreError> {
        let RemoveProvider { provider } = permit.into_inner();
        self.bound.change_if(&REMOVE, values![provider])
    }
}
