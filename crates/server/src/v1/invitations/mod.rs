//! Invitations into the team: those that are open, taking one back, accepting one.

pub mod accept;
pub mod list;
pub mod revoke;

use std::collections::BTreeSet;

use domain::authz::Role;
use domain::{EmailAddress, InvitationId, ProjectId, TenantId, TimeMs, UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::house::House;
use crate::shapes;

pub(crate) fn routes() -> OpenApiRouter<House> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(revoke::revoke))
        .routes(routes!(accept::accept))
}

/// The invitation of a path, in its team.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct TeamInvitationPath {
    /// The team: the workspace's id. Another workspace's is not found.
    #[param(value_type = shapes::IdText)]
    pub team: TenantId,
    /// The invitation.
    #[param(value_type = shapes::IdText)]
    pub invitation: InvitationId,
}

/// The invitation of a path, for whoever was invited.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct InvitationPath {
    /// The invitation.
    #[param(value_type = shapes::IdText)]
    pub invitation: InvitationId,
}

/// An open invitation, without its code.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Invitation {
    /// Its id: what the link holds.
    #[schema(value_type = shapes::IdText)]
    pub id: InvitationId,
    /// Who is invited.
    #[schema(value_type = shapes::EmailText)]
    pub email: EmailAddress,
    /// With this rank.
    #[schema(value_type = shapes::RoleText)]
    pub role: Role,
    /// Into these projects.
    #[schema(value_type = Vec<shapes::IdText>)]
    pub projects: BTreeSet<ProjectId>,
    /// Who invited.
    #[schema(value_type = shapes::IdText)]
    pub inviter_id: UserId,
    /// When.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub created_at_ms: TimeMs,
    /// Until when it can be accepted.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub expires_at_ms: TimeMs,
}

impl From<store::Invitation> for Invitation {
    fn from(invitation: store::Invitation) -> Self {
        Self {
            id: invitation.id,
            email: invitation.email,
            role: invitation.role,
            projects: invitation.projects,
            inviter_id: invitation.inviter,
            created_at_ms: invitation.created_at,
            expires_at_ms: invitation.expires_at,
        }
    }
}
