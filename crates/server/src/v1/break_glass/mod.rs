//! `/v1/staff/break_glass` and `/v1/teams/{team}/break_glass`: in an emergency one of the staff
//! opens named secrets of a workspace, because another one agreed.
//!
//! Always true: staff acts by a passkey in hardware that answered in this session within five
//! minutes; the workspace sees whatever was agreed on, and its owner can end it.

pub mod approve;
pub mod ask;
pub mod end;
pub mod end_of_team;
pub mod list;
pub mod list_of_team;
pub mod reveal;

use domain::{EnvironmentId, GlassId, Reason, SecretId, TenantId, TimeMs, UserId, VariableName};
use serde::{Deserialize, Serialize};
use store::{BrokenGlass, GlassRecord, GlassRequest};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::house::House;
use crate::shapes;

pub(crate) fn routes() -> OpenApiRouter<House> {
    OpenApiRouter::new()
        .routes(routes!(list::list, ask::ask))
        .routes(routes!(approve::approve))
        .routes(routes!(end::end))
        .routes(routes!(reveal::reveal))
        .routes(routes!(list_of_team::list_of_team))
        .routes(routes!(end_of_team::end_of_team))
}

/// What staff asked for, of a path.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct GlassPath {
    /// Its id.
    #[param(value_type = shapes::IdText)]
    pub glass: GlassId,
}

/// What staff agreed on, of a workspace's path.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct TeamGlassPath {
    /// The team: the workspace's id. Another workspace's is not found.
    #[param(value_type = shapes::IdText)]
    pub team: TenantId,
    /// Its id.
    #[param(value_type = shapes::IdText)]
    pub glass: GlassId,
}

/// What one of the staff asked for.
#[derive(Debug, Serialize, ToSchema)]
pub struct AskedBreakGlass {
    /// Its id.
    #[schema(value_type = shapes::IdText)]
    pub id: GlassId,
    /// Whose secrets.
    #[schema(value_type = shapes::IdText)]
    pub workspace: TenantId,
    /// Which.
    #[schema(value_type = Vec<shapes::IdText>, max_items = 16)]
    pub secrets: Vec<SecretId>,
    /// Why.
    #[schema(value_type = shapes::ReasonText)]
    pub reason: Reason,
    /// Minutes from the agreement on.
    #[schema(minimum = 1, maximum = 60)]
    pub minutes: u32,
    /// Who asked, and alone may open.
    #[schema(value_type = shapes::IdText)]
    pub asked_by: UserId,
    /// When.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub asked_at_ms: TimeMs,
    /// Until when somebody else can agree.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub expires_at_ms: TimeMs,
    /// Who agreed; absent while nobody did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::IdText>)]
    pub approved_by: Option<UserId>,
    /// When the agreement is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::TimeMsNumber>)]
    pub until_ms: Option<TimeMs>,
    /// When it was ended before its time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::TimeMsNumber>)]
    pub ended_at_ms: Option<TimeMs>,
}

impl From<GlassRequest> for AskedBreakGlass {
    fn from(request: GlassRequest) -> Self {
        let GlassRequest { asked, asked_at, approval, ended_at } = request;
        Self {
            id: asked.id,
            workspace: asked.tenant,
            secrets: asked.secrets,
            reason: asked.reason,
            minutes: asked.minutes,
            asked_by: asked.asked_by.user,
            asked_at_ms: asked_at,
            expires_at_ms: asked.expires_at,
            approved_by: approval.as_ref().map(|given| given.by.user),
            until_ms: approval.map(|given| given.until),
            ended_at_ms: ended_at,
        }
    }
}

/// What two of the staff agreed on.
#[derive(Debug, Serialize, ToSchema)]
pub struct AgreedBreakGlass {
    /// Its id.
    #[schema(value_type = shapes::IdText)]
    pub id: GlassId,
    /// Which secrets, in which versions.
    #[schema(max_items = 16)]
    pub records: Vec<GlassSecret>,
    /// Why.
    #[schema(value_type = shapes::ReasonText)]
    pub reason: Reason,
    /// Who asked, and alone may open.
    #[schema(value_type = shapes::IdText)]
    pub asked_by: UserId,
    /// Who agreed.
    #[schema(value_type = shapes::IdText)]
    pub approved_by: UserId,
    /// When they agreed.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub approved_at_ms: TimeMs,
    /// When it is over.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub until_ms: TimeMs,
    /// When it was ended before its time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::TimeMsNumber>)]
    pub ended_at_ms: Option<TimeMs>,
}

/// One secret of an agreement.
#[derive(Debug, Serialize, ToSchema)]
pub struct GlassSecret {
    /// Its id.
    #[schema(value_type = shapes::IdText)]
    pub secret: SecretId,
    /// Its environment.
    #[schema(value_type = shapes::IdText)]
    pub environment: EnvironmentId,
    /// Its name.
    #[schema(value_type = shapes::VariableText)]
    pub name: VariableName,
    /// The version agreed on; a newer one is out of reach.
    #[schema(minimum = 1)]
    pub version: u64,
}

impl From<GlassRecord> for GlassSecret {
    fn from(record: GlassRecord) -> Self {
        let GlassRecord { secret, environment, name, version } = record;
        Self { secret, environment, name, version }
    }
}

impl From<BrokenGlass> for AgreedBreakGlass {
    fn from(broken: BrokenGlass) -> Self {
        Self {
            id: broken.id,
            records: broken.records.into_iter().map(GlassSecret::from).collect(),
            reason: broken.reason,
            asked_by: broken.asked_by.user,
            approved_by: broken.approved_by.user,
            approved_at_ms: broken.approved_at,
            until_ms: broken.until,
            ended_at_ms: broken.ended_at,
        }
    }
}
