//! Projects, and who was let into them.
//!
//! Always true: a project's name is unique in its workspace; a project member is a member of the
//! team (composite foreign key), and leaves the project when leaving the team.

use domain::authz::{AddProjectMember, CreateProject, Permit, RemoveProjectMember};
use domain::{Name, ProjectId, TimeMs, UserId};

use super::handle;
use crate::StoreError;
use crate::page::{Listing, Page};
use crate::sql::tenant_statements;
use crate::value::{Row, values};

handle! {
    /// The workspace's projects.
    pub Projects
}

/// A project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// Its name, unique in the workspace.
    pub name: Name,
    /// Who created it.
    pub created_by: UserId,
    /// When.
    pub created_at: TimeMs,
}

impl Project {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id()?,
            name: row.parsed()?,
            created_by: row.id()?,
            created_at: row.time()?,
        })
    }
}

/// Somebody who was let into a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectMember {
    /// The member.
    pub user: UserId,
    /// When they were let in.
    pub added_at: TimeMs,
}

impl ProjectMember {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self { user: row.id()?, added_at: row.time()? })
    }
}

tenant_statements! { "projects":
    CREATE = "insert into projects (tenant_id, project_id, name, created_by, created_at_ms) \
        values ($1, $2, $3, $4, $5)";
    FIND = "select project_id, name, created_by, created_at_ms \
        from projects where tenant_id = $1 and project_id = $2";
    LIST = "select project_id, name, created_by, created_at_ms \
        from projects where tenant_id = $1 and project_id > $2 order by project_id limit $3";
    LIST_JOINED = "select project_id, name, created_by, created_at_ms \
        from projects where tenant_id = $1 and project_id > $3 and project_id in \
        (select m.project_id from project_members m where m.tenant_id = $1 and m.user_id = $2) \
        order by project_id limit $4";
    COUNT = "select count(*) from projects where tenant_id = $1";
    ADD_MEMBER = "insert into project_members (tenant_id, project_id, user_id, added_at_ms) \
        values ($1, $2, $3, $4) on conflict do nothing";
    REMOVE_MEMBER = "delete from project_members \
        where tenant_id = $1 and project_id = $2 and user_id = $3";
    LIST_MEMBERS = "select user_id, added_at_ms from project_members \
        where tenant_id = $1 and project_id = $2 and user_id > $3 order by user_id limit $4";
}

impl Projects<'_> {
    /// Creates a project. Its environments are created by the use case, in the same transaction.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: the name is taken.
    pub fn create(
        &mut self,
        permit: Permit<CreateProject>,
        id: ProjectId,
        created_by: UserId,
    ) -> Result<Project, StoreError> {
        let CreateProject { name } = permit.into_inner();
        let created_at = self.bound.now();
        self.bound.change_one(&CREATE, values![id, &name, created_by, created_at])?;
        Ok(Project { id, name, created_by, created_at })
    }

    /// One project.
    ///
    /// # Errors
    /// The engine's.
    pub fn find(&mut self, id: ProjectId) -> Result<Option<Project>, StoreError> {
        self.bound.one(&FIND, values![id])?.map(Project::from_row).transpose()
    }

    /// Every project, in the order they were created: for those whose role reaches all of them.
    ///
    /// # Errors
    /// The engine's.
    pub fn list(&mut self, page: Page<ProjectId>) -> Result<Listing<Project>, StoreError> {
        let after = page.key().map_or(uuid::Uuid::nil(), ProjectId::uuid);
        let rows = self.bound.rows(&LIST, values![after, page.fetched()])?;
        page.listing(rows, Project::from_row)
    }

    /// The projects this member was let into.
    ///
    /// # Errors
    /// The engine's.
    pub fn list_joined(
        &mut self,
        user: UserId,
        page: Page<ProjectId>,
    ) -> Result<Listing<Project>, StoreError> {
        let after = page.key().map_or(uuid::Uuid::nil(), ProjectId::uuid);
        let rows = self.bound.rows(&LIST_JOINED, values![user, after, page.fetched()])?;
        page.listing(rows, Project::from_row)
    }

    /// How many projects there are.
    ///
    /// # Errors
    /// The engine's.
    pub fn count(&mut self) -> Result<u64, StoreError> {
        self.bound.one(&COUNT, values![])?.map_or(Ok(0), |mut row| row.count())
    }

    /// Lets a member in. `false`: they were in already.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: no such project, or not a member of the team.
    pub fn add_member(&mut self, permit: Permit<AddProjectMember>) -> Result<bool, StoreError> {
        let act = permit.into_inner();
        let now = self.bound.now();
        self.bound.change_if(&ADD_MEMBER, values![act.project, act.target, now])
    }

    /// Lets a member out. `false`: they were not in.
    ///
    /// # Errors
    /// The engine's.
    pub fn remove_member(
        &mut self,
        permit: Permit<RemoveProjectMember>,
    ) -> Result<bool, StoreError> {
        let act = permit.into_inner();
        self.bound.change_if(&REMOVE_MEMBER, values![act.project, act.target])
    }

    /// Who was let in, in the order of their ids.
    ///
    /// # Errors
    /// The engine's.
    pub fn members(
        &mut self,
        project: ProjectId,
        page: Page<UserId>,
    ) -> Result<Listing<ProjectMember>, StoreError> {
        let after = page.key().map_or(uuid::Uuid::nil(), UserId::uuid);
        let rows = self.bound.rows(&LIST_MEMBERS, values![project, after, page.fetched()])?;
        page.listing(rows, ProjectMember::from_row)
    }
}
