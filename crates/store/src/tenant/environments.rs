//! Environments of a project.
//!
//! Always true: a name is unique in its project; whether an environment holds production secrets is
//! fixed when it is created.

use domain::authz::{CreateEnvironment, Permit};
use domain::{EnvironmentId, Name, ProjectId, TimeMs};

use super::handle;
use crate::StoreError;
use crate::sql::tenant_statements;
use crate::value::{Row, values};

handle! {
    /// Environments of projects.
    pub Environments
}

/// An environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Its id.
    pub id: EnvironmentId,
    /// The project it belongs to.
    pub project: ProjectId,
    /// Its name, unique in the project.
    pub name: Name,
    /// Whether it holds production secrets.
    pub production: bool,
    /// When it was created.
    pub created_at: TimeMs,
}

impl Environment {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id()?,
            project: row.id()?,
            name: row.parsed()?,
            production: row.flag()?,
            created_at: row.time()?,
        })
    }
}

/// The environments a project is born with; the first holds production secrets.
pub(crate) const BORN_WITH: [&str; 3] = ["production", "preview", "development"];

tenant_statements! { "environments":
    CREATE = "insert into environments \
        (tenant_id, environment_id, project_id, name, production, created_at_ms) \
        values ($1, $2, $3, $4, $5, $6)";
    FIND = "select environment_id, project_id, name, production, created_at_ms \
        from environments where tenant_id = $1 and project_id = $2 and environment_id = $3";
    LIST = "select environment_id, project_id, name, production, created_at_ms \
        from environments where tenant_id = $1 and project_id = $2 order by environment_id";
}

impl Environments<'_> {
    /// Creates an environment that does not hold production secrets.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: the name is taken, or there is no such project.
    pub fn create(
        &mut self,
        permit: Permit<CreateEnvironment>,
        id: EnvironmentId,
    ) -> Result<Environment, StoreError> {
        let CreateEnvironment { project, name } = permit.into_inner();
        self.insert(Environment { id, project, name, production: false, created_at: self.now() })
    }

    /// Creates the environments every project is born with: `production`, `preview`, `development`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: there is no such project, or it has them already.
    pub fn create_first(&mut self, project: ProjectId) -> Result<Vec<Environment>, StoreError> {
        BORN_WITH
            .iter()
            .map(|name| {
                let name = Name::parse(name)
                    .map_err(|_| StoreError::Defect("a first environment's name is not one"))?;
                let production = name.as_str() == "production";
                let id = self.bound.mint().id();
                self.insert(Environment { id, project, name, production, created_at: self.now() })
            })
            .collect()
    }

    /// One environment of this project.
    ///
    /// # Errors
    /// The engine's.
    pub fn find(
        &mut self,
        project: ProjectId,
        id: EnvironmentId,
    ) -> Result<Option<Environment>, StoreError> {
        self.bound.one(&FIND, values![project, id])?.map(Environment::from_row).transpose()
    }

    /// Every environment of a project (at most `limits::ENVIRONMENTS_PER_PROJECT_MAX`), oldest
    /// first.
    ///
    /// # Errors
    /// The engine's.
    pub fn list(&mut self, project: ProjectId) -> Result<Vec<Environment>, StoreError> {
        self.bound.rows(&LIST, values![project])?.into_iter().map(Environment::from_row).collect()
    }

    fn now(&self) -> TimeMs {
        self.bound.now()
    }

    fn insert(&mut self, new: Environment) -> Result<Environment, StoreError> {
        self.bound.change_one(
            &CREATE,
            values![new.id, new.project, &new.name, new.production, new.created_at],
        )?;
        Ok(new)
    }
}
