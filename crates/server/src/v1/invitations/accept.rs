//! `POST /v1/invitations/{invitation}/accept`

use axum::extract::State;
use domain::TenantId;
use domain::authz::Role;
use identity::invitations::{AcceptError, Joined};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::InvitationPath;
use crate::extract::{Account, Json, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes::{self, SecretText};
use crate::v1::enrolments::typed_code;

/// The code of an invitation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "code": "0000-0000-0000-0000-0000" }))]
pub struct AcceptInvitation {
    /// As it was told, apart from the link.
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    pub code: SecretText,
}

/// A workspace that was joined.
#[derive(Debug, Serialize, ToSchema)]
pub struct JoinedWorkspace {
    /// The workspace.
    #[schema(value_type = shapes::IdText)]
    pub workspace: TenantId,
    /// The rank there.
    #[schema(value_type = shapes::RoleText)]
    pub role: Role,
}

/// Accept an invitation
///
/// For people who have an account; it must have the address the invitation was sent to. The
/// invitation is judged again, against what the inviter may do now.
#[utoipa::path(
    post, path = "/v1/invitations/{invitation}/accept", operation_id = "invitations_accept",
    tag = "members", params(InvitationPath), security(("session" = []))
)]
pub async fn accept(
    State(house): State<House>,
    account: Account,
    Path(at): Path<InvitationPath>,
    Json(body): Json<AcceptInvitation>,
) -> Result<Reply<200, JoinedWorkspace>, Refused<AcceptError>> {
    let code = typed_code(&body.value.code).map_err(Refused::because)?;
    let (store, broker, scope) = (house.store(), house.broker(), &account.scope);
    let joined = identity::invitations::accept(store, broker, scope, at.invitation, &code).await?;
    let show = |Joined { workspace, role }| JoinedWorkspace { workspace, role };
    Ok(house.answer(joined, show).await)
}
