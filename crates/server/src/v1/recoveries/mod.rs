//! `/v1/recoveries`: for somebody who lost both factors, with the help of those above them. No
//! session begins.

pub mod approve;
pub mod complete;
pub mod create;
pub mod list;
pub mod start;

use domain::{EmailAddress, RecoveryId, TenantId, TimeMs, UserId};
use serde::{Deserialize, Serialize};
use store::{Recovery, RecoveryState};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::house::House;
use crate::shapes;

pub(crate) fn routes() -> OpenApiRouter<House> {
    OpenApiRouter::new()
        .routes(routes!(create::create))
        .routes(routes!(start::start))
        .routes(routes!(complete::complete))
        .routes(routes!(list::list))
        .routes(routes!(approve::approve))
}

/// The recovery of a path.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct RecoveryPath {
    /// The recovery.
    #[param(value_type = shapes::IdText)]
    pub recovery: RecoveryId,
}

/// A member's recovery of a path.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct TeamRecoveryPath {
    /// The team: the workspace's id. Another workspace's is not found.
    #[param(value_type = shapes::IdText)]
    pub team: TenantId,
    /// The recovery.
    #[param(value_type = shapes::IdText)]
    pub recovery: RecoveryId,
}

/// How far a recovery has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// It waits for those who have to vouch.
    Requested,
    /// Everybody vouched; it can be completed after its delay.
    Approved,
}

/// A recovery that is not over.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenRecovery {
    /// Its id.
    #[schema(value_type = shapes::IdText)]
    pub id: RecoveryId,
    /// Whose account.
    #[schema(value_type = shapes::IdText)]
    pub user_id: UserId,
    /// Their address.
    #[schema(value_type = shapes::EmailText)]
    pub email: EmailAddress,
    /// How far it has come.
    pub state: Progress,
    /// When it was asked for.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub requested_at_ms: TimeMs,
    /// When it can be completed, once it is approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::TimeMsNumber>)]
    pub opens_at_ms: Option<TimeMs>,
    /// When it ends by itself.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub expires_at_ms: TimeMs,
}

impl From<Recovery> for OpenRecovery {
    fn from(recovery: Recovery) -> Self {
        let state = match recovery.state {
            RecoveryState::Approved => Progress::Approved,
            _ => Progress::Requested,
        };
        Self {
            id: recovery.id,
            user_id: recovery.user,
            email: recovery.email,
            state,
            requested_at_ms: recovery.requested_at,
            opens_at_ms: recovery.opens_at,
            expires_at_ms: recovery.expires_at,
        }
    }
}
