//! `PATCH /v1/teams/{team}/members/{user}`

use axum::extract::State;
use domain::UserId;
use domain::authz::{Override, Overrides, Role};
use identity::TeamError;
use identity::members;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{MemberPath, OverrideShape};
use crate::extract::{IfMatch, IfMatchHeader, Json, Member, Path};
use crate::house::House;
use crate::problem::{Code, Problem, Refused};
use crate::reply::Reply;
use crate::shapes;

/// A change of rank or of overrides: one of the two, so that each has its own entry and its own
/// answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "role": "viewer" }))]
pub struct ChangeMember {
    /// The new rank, which must be below the caller's. Grants the member had end with it; denials
    /// stay.
    #[schema(value_type = Option<shapes::RoleText>)]
    pub role: Option<Role>,
    /// All overrides from now on.
    #[schema(value_type = Option<Vec<OverrideShape>>, max_items = 32)]
    pub overrides: Option<Vec<Override>>,
}

/// A member as they are after a change.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangedMember {
    /// The member.
    #[schema(value_type = shapes::IdText)]
    pub user_id: UserId,
    /// Their new rank, when that changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::RoleText>)]
    pub role: Option<Role>,
    /// Their overrides.
    #[schema(value_type = Vec<OverrideShape>)]
    pub overrides: Vec<Override>,
}

/// Change a member's rank or overrides
///
/// The caller must rank above the member and above the new rank, and can hand out only what they
/// hold.
#[utoipa::path(
    patch, path = "/v1/teams/{team}/members/{user}", operation_id = "members_change",
    tag = "members", params(MemberPath, IfMatchHeader), security(("session" = []), ("key" = []))
)]
pub async fn change(
    State(house): State<House>,
    member: Member,
    Path(at): Path<MemberPath>,
    if_match: IfMatch,
    Json(body): Json<ChangeMember>,
) -> Result<Reply<200, ChangedMember>, Refused<TeamError>> {
    member.of(at.team).map_err(Refused::because)?;
    unchanged_since(&house, &member, at.user, if_match).await?;
    let Member { scope, factor_at } = member;
    let store = house.store();
    match (body.value.role, body.value.overrides) {
        (Some(role), None) => {
            let done = members::change_role(store, &scope, factor_at, at.user, role).await?;
            let show = |change: domain::authz::ChangeRole| ChangedMember {
                user_id: change.target,
                role: Some(change.to),
                overrides: change.remaining.into(),
            };
            Ok(house.answer(done, show).await)
        }
        (None, Some(list)) => {
            let overrides = Overrides::new(list)
                .map_err(|error| Refused::because(Problem::invalid("overrides", error)))?;
            let done = members::set_overrides(store, &scope, factor_at, at.user, overrides).await?;
            let show = |change: domain::authz::SetOverrides| ChangedMember {
                user_id: change.target,
                role: None,
                overrides: change.to.into(),
            };
            Ok(house.answer(done, show).await)
        }
        _ => {
            let rule = "give either a role or overrides";
            Err(Refused::because(Problem::invalid("role", rule)))
        }
    }
}

/// Refuses a change that is meant for an earlier version of the member. The rule itself is decided
/// on the rows of the writing transaction; this guards against changing what was not looked at.
async fn unchanged_since(
    house: &House,
    member: &Member,
    user: UserId,
    if_match: IfMatch,
) -> Result<(), Refused<TeamError>> {
    if if_match == IfMatch(None) {
        return Ok(());
    }
    let before = uuid::Uuid::from_u128(user.uuid().as_u128().wrapping_sub(1));
    let page = store::Page::after(UserId::from(before), 1);
    let found = members::list(house.store(), &member.scope, member.factor_at, page).await?;
    let found = found.items.into_iter().find(|one| one.user == user);
    let found = found.ok_or_else(|| Refused::because(Problem::new(Code::NotFound)))?;
    let version = u64::try_from(found.updated_at.0).unwrap_or(0);
    if_match.check(version).map_err(Refused::because)
}
