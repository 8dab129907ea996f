//! `POST /v1/teams/{team}/members`

use std::collections::BTreeSet;

use axum::extract::State;
use domain::authz::{Invite, Role};
use domain::{EmailAddress, ProjectId};
use identity::TeamError;
use identity::members::{self, Invited};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::TeamPath;
use crate::extract::idempotency::ShownOnce;
use crate::extract::{IdempotencyHeader, Idempotent, Json, Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes;
use crate::v1::invitations::Invitation;

/// Somebody to invite.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "ada@example.com", "role": "viewer", "projects": [] }))]
pub struct InviteMember {
    /// Who.
    #[schema(value_type = shapes::EmailText)]
    pub email: EmailAddress,
    /// With this rank, which must be below the caller's.
    #[schema(value_type = shapes::RoleText)]
    pub role: Role,
    /// Into these projects.
    #[serde(default)]
    #[schema(value_type = Vec<shapes::IdText>, required = false, max_items = 256)]
    pub projects: BTreeSet<ProjectId>,
}

/// An invitation that was sent. The link holds its id; the code is told apart from the link.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct NewInvitation {
    /// The invitation as it is listed.
    #[serde(flatten)]
    pub listed: Invitation,
    /// The code, shown once: absent when this answer is a repetition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

impl ShownOnce for NewInvitation {
    fn forget(&mut self) {
        self.code = None;
    }
}

/// Invite somebody into the team
///
/// The answer holds a code that is shown once. Whoever accepts needs the invitation's id and the
/// code.
#[utoipa::path(
    post, path = "/v1/teams/{team}/members", operation_id = "members_invite", tag = "members",
    params(TeamPath, IdempotencyHeader), security(("session" = []), ("key" = []))
)]
pub async fn invite(
    State(house): State<House>,
    member: Member,
    Path(at): Path<TeamPath>,
    idempotent: Idempotent,
    Json(body): Json<InviteMember>,
) -> Result<Reply<201, NewInvitation>, Refused<TeamError>> {
    member.of(at.team).map_err(Refused::because)?;
    let who = member.repeats();
    let InviteMember { email, role, projects } = body.value;
    let wanted = Invite { email, role, projects };
    let work = {
        let house = house.clone();
        async move {
            let Member { scope, factor_at } = member;
            let (store, broker) = (house.store(), house.broker());
            let made = members::invite(store, broker, &scope, factor_at, wanted).await?;
            let show = |Invited { invitation, code }| NewInvitation {
                listed: Invitation::from(invitation),
                code: Some(code.show().to_owned()),
            };
            Ok(house.made(made, show).await)
        }
    };
    idempotent.run(&house, who, body.digest, work).await
}
