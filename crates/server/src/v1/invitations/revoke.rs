//! `DELETE /v1/teams/{team}/invitations/{invitation}`

use axum::extract::State;
use identity::TeamError;
use identity::invitations;

use super::TeamInvitationPath;
use crate::extract::{Member, Path};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Empty;

/// Take an invitation back
#[utoipa::path(
    delete, path = "/v1/teams/{team}/invitations/{invitation}",
    operation_id = "invitations_revoke", tag = "members",
    params(TeamInvitationPath), security(("session" = []), ("key" = []))
)]
pub async fn revoke(
    State(house): State<House>,
    member: Member,
    Path(at): Path<TeamInvitationPath>,
) -> Result<Empty, Refused<TeamError>> {
    member.of(at.team).map_err(Refused::because)?;
    let Member { scope, factor_at } = member;
    let revoked = invitations::revoke(house.store(), &scope, factor_at, at.invitation).await?;
    Ok(house.done(revoked).await)
}
