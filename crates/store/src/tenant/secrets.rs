//! Secrets: names and versions in clear, values sealed.
//!
//! Always true
//! 1. A value goes in and comes out as [`Sealed`]; this crate cannot open one.
//! 2. Listing and finding never touch a value.
//! 3. The head's version is the newest; a rotation names the version it follows, so two at once
//!    cannot both win.

use domain::authz::{DeleteSecret, Permit, RotateSecret, SetSecret};
use domain::{EnvironmentId, ProjectId, Sealed, SecretId, TimeMs, UserId, VariableName, limits};

use super::handle;
use crate::StoreError;
use crate::page::{Listing, Page};
use crate::sql::{TenantSql, tenant_statements};
use crate::value::{Row, Value, values};

handle! {
    /// Secrets of environments.
    pub Secrets
}

/// A secret without its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// Its id.
    pub id: SecretId,
    /// The project.
    pub project: ProjectId,
    /// The environment.
    pub environment: EnvironmentId,
    /// Its name, unique in the environment.
    pub name: VariableName,
    /// The newest version.
    pub version: u64,
    /// Who set it first.
    pub created_by: UserId,
    /// When it was set first.
    pub created_at: TimeMs,
    /// Who set the newest version.
    pub updated_by: UserId,
    /// When the newest version was set.
    pub updated_at: TimeMs,
}

/// What the sealing of the next version needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretHead {
    /// The secret's id.
    pub id: SecretId,
    /// Its newest version.
    pub version: u64,
}

/// A secret's newest value, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedSecret {
    /// The secret's id.
    pub id: SecretId,
    /// Its name.
    pub name: VariableName,
    /// The version of this value.
    pub version: u64,
    /// The value.
    pub sealed: Sealed,
}

impl Secret {
    /// The question of [`crate::Store::fetch_secret`].
    pub(crate) fn asked(
        project: ProjectId,
        environment: EnvironmentId,
        name: &VariableName,
    ) -> (&'static TenantSql, Vec<Value>) {
        (&FIND, values![project, environment, name].to_vec())
    }

    pub(crate) fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id()?,
            project: row.id()?,
            environment: row.id()?,
            name: row.parsed()?,
            version: row.count()?,
            created_by: row.id()?,
            created_at: row.time()?,
            updated_by: row.id()?,
            updated_at: row.time()?,
        })
    }
}

impl SealedSecret {
    /// The question of [`crate::Store::fetch_sealed`].
    pub(crate) fn asked(
        project: ProjectId,
        environment: EnvironmentId,
        name: &VariableName,
    ) -> (&'static TenantSql, Vec<Value>) {
        (&SEALED, values![project, environment, name].to_vec())
    }

    pub(crate) fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id()?,
            name: row.parsed()?,
            version: row.count()?,
            sealed: row.sealed()?,
        })
    }
}

tenant_statements! { "secrets":
    HEAD = "select secret_id, version from secrets \
        where tenant_id = $1 and project_id = $2 and environment_id = $3 and name = $4";
    FIND = "select secret_id, project_id, environment_id, name, version, created_by, \
        created_at_ms, updated_by, updated_at_ms from secrets \
        where tenant_id = $1 and project_id = $2 and environment_id = $3 and name = $4";
    LIST = "select secret_id, project_id, environment_id, name, version, created_by, \
        created_at_ms, updated_by, updated_at_ms from secrets \
        where tenant_id = $1 and project_id = $2 and environment_id = $3 and secret_id > $4 \
        order by secret_id limit $5";
    COUNT = "select count(*) from secrets \
        where tenant_id = $1 and project_id = $2 and environment_id = $3";
    SET = "insert into secrets (tenant_id, secret_id, project_id, environment_id, name, version, \
        created_by, created_at_ms, updated_by, updated_at_ms) \
        values ($1, $2, $3, $4, $5, 1, $6, $7, $6, $7)";
    ADD_VERSION = "insert into secret_versions \
        (tenant_id, secret_id, version, sealed, created_by, created_at_ms) \
        values ($1, $2, $3, $4, $5, $6)";
    ROTATE = "update secrets set version = version + 1, updated_by = $6, updated_at_ms = $7 \
        where tenant_id = $1 and project_id = $2 and environment_id = $3 and name = $4 \
        and version = $5 returning secret_id";
    DELETE = "delete from secrets \
        where tenant_id = $1 and project_id = $2 and environment_id = $3 and name = $4 \
        returning secret_id, version";
    SEALED = "select s.secret_id, s.name, v.version, v.sealed from secrets s \
        join secret_versions v on v.tenant_id = $1 and v.secret_id = s.secret_id \
        and v.version = s.version \
        where s.tenant_id = $1 and s.project_id = $2 and s.environment_id = $3 and s.name = $4";
    SEALED_ALL = "select s.secret_id, s.name, v.version, v.sealed from secrets s \
        join secret_versions v on v.tenant_id = $1 and v.secret_id = s.secret_id \
        and v.version = s.version \
        where s.tenant_id = $1 and s.project_id = $2 and s.environment_id = $3 \
        order by s.name limit $4";
}

impl Secrets<'_> {
    /// Id and newest version of a secret: what sealing its next version needs.
    ///
    /// # Errors
    /// The engine's.
    pub fn head(
        &mut self,
        project: ProjectId,
        environment: EnvironmentId,
        name: &VariableName,
    ) -> Result<Option<SecretHead>, StoreError> {
        self.bound
            .one(&HEAD, values![project, environment, name])?
            .map(|mut row| Ok(SecretHead { id: row.id()?, version: row.count()? }))
            .transpose()
    }

    /// One secret without its value.
    ///
    /// # Errors
    /// The engine's.
    pub fn find(
        &mut self,
        project: ProjectId,
        environment: EnvironmentId,
        name: &VariableName,
    ) -> Result<Option<Secret>, StoreError> {
        self.bound
            .one(&FIND, values![project, environment, name])?
            .map(Secret::from_row)
            .transpose()
    }

    /// Secrets of an environment without their values, in the order they were first set.
    ///
    /// # Errors
    /// The engine's.
    pub fn list(
        &mut self,
        project: ProjectId,
        environment: EnvironmentId,
        page: Page<SecretId>,
    ) -> Result<Listing<Secret>, StoreError> {
        let after = page.key().map_or(uuid::Uuid::nil(), SecretId::uuid);
        let rows = self.bound.rows(&LIST, values![project, environment, after, page.fetched()])?;
        page.listing(rows, Secret::from_row)
    }

    /// How many secrets the environment has.
    ///
    /// # Errors
    /// The engine's.
    pub fn count(
        &mut self,
        project: ProjectId,
        environment: EnvironmentId,
    ) -> Result<u64, StoreError> {
        self.bound.one(&COUNT, values![project, environment])?.map_or(Ok(0), |mut row| row.count())
    }

    /// Sets a new secret: `id` and version 1 are what `sealed` was sealed for.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: the name is taken, or there is no such environment.
    pub fn set(
        &mut self,
        permit: Permit<SetSecret>,
        id: SecretId,
        author: UserId,
        sealed: &Sealed,
    ) -> Result<SecretHead, StoreError> {
        let act = permit.into_inner();
        let now = self.bound.now();
        self.bound
            .change_one(&SET, values![id, act.project, act.environment, &act.name, author, now])?;
        self.add_version(SecretHead { id, version: 1 }, author, sealed)
    }

    /// Gives a secret its next version, `expected + 1`, which is what `sealed` was sealed for.
    /// `None`: there is no such secret, or `expected` is not its newest version any more; nothing
    /// changed.
    ///
    /// # Errors
    /// The engine's.
    pub fn rotate(
        &mut self,
        permit: Permit<RotateSecret>,
        expected: u64,
        author: UserId,
        sealed: &Sealed,
    ) -> Result<Option<SecretHead>, StoreError> {
        let act = permit.into_inner();
        let now = self.bound.now();
        let moved = self.bound.one(
            &ROTATE,
            values![act.project, act.environment, &act.name, expected, author, now],
        )?;
        let Some(mut row) = moved else { return Ok(None) };
        let head = SecretHead { id: row.id()?, version: expected + 1 };
        self.add_version(head, author, sealed).map(Some)
    }

    /// Deletes a secret with all its versions; what it was, or `None` when there is none.
    ///
    /// # Errors
    /// The engine's.
    pub fn delete(
        &mut self,
        permit: Permit<DeleteSecret>,
    ) -> Result<Option<SecretHead>, StoreError> {
        let act = permit.into_inner();
        self.bound
            .one(&DELETE, values![act.project, act.environment, &act.name])?
            .map(|mut row| Ok(SecretHead { id: row.id()?, version: row.count()? }))
            .transpose()
    }

    /// A secret's newest value, sealed.
    ///
    /// # Errors
    /// The engine's.
    pub fn sealed(
        &mut self,
        project: ProjectId,
        environment: EnvironmentId,
        name: &VariableName,
    ) -> Result<Option<SealedSecret>, StoreError> {
        self.bound
            .one(&SEALED, values![project, environment, name])?
            .map(SealedSecret::from_row)
            .transpose()
    }

    /// The newest value of every secret of an environment, sealed, by name.
    ///
    /// # Errors
    /// The engine's.
    pub fn sealed_all(
        &mut self,
        project: ProjectId,
        environment: EnvironmentId,
    ) -> Result<Vec<SealedSecret>, StoreError> {
        let most = i64::try_from(limits::SECRETS_PER_ENVIRONMENT_MAX).unwrap_or(i64::MAX);
        self.bound
            .rows(&SEALED_ALL, values![project, environment, most])?
            .into_iter()
            .map(SealedSecret::from_row)
            .collect()
    }

    fn add_version(
        &mut self,
        head: SecretHead,
        author: UserId,
        sealed: &Sealed,
    ) -> Result<SecretHead, StoreError> {
        let now = self.bound.now();
        self.bound.change_one(&ADD_VERSION, values![head.id, head.version, sealed, author, now])?;
        Ok(head)
    }
}
