//! `POST /v1/projects/{project}/members`

use axum::extract::State;
use domain::{ProjectId, UserId};
use identity::TeamError;
use identity::projects::add_member;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::extract::idempotency::ShownOnce;
use crate::extract::{IdempotencyHeader, Idempotent, Json, Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes;
use crate::v1::projects::ProjectPath;

/// A member to let in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "user": "01890a5d-ac96-774b-bcce-b302099a8057" }))]
pub struct AddProjectMember {
    /// The member.
    #[schema(value_type = shapes::IdText)]
    pub user: UserId,
}

/// A member who is in a project now.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AddedProjectMember {
    /// The project.
    #[schema(value_type = shapes::IdText)]
    pub project_id: ProjectId,
    /// The member.
    #[schema(value_type = shapes::IdText)]
    pub user_id: UserId,
}

impl ShownOnce for AddedProjectMember {}

/// Let a member into a project
///
/// Somebody who is in already stays in.
#[utoipa::path(
    post, path = "/v1/projects/{project}/members", operation_id = "project_members_add",
    tag = "projects",
    params(ProjectPath, IdempotencyHeader), security(("session" = []), ("key" = []))
)]
pub async fn add(
    State(house): State<House>,
    member: Member,
    Path(at): Path<ProjectPath>,
    idempotent: Idempotent,
    Json(body): Json<AddProjectMember>,
) -> Result<Reply<201, AddedProjectMember>, Refused<TeamError>> {
    let who = member.repeats();
    let (project_id, user_id) = (at.project, body.value.user);
    let work = {
        let house = house.clone();
        async move {
            let Member { scope, factor_at } = member;
            let added = add_member(house.store(), &scope, factor_at, project_id, user_id).await?;
            Ok(house.made(added, |()| AddedProjectMember { project_id, user_id }).await)
        }
    };
    idempotent.run(&house, who, body.digest, work).await
}
