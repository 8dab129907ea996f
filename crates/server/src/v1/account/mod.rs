//! `/v1/account`: what somebody changes about their own sign-in, with a fresh second factor.

pub mod backup_codes;
pub mod cancel_recovery;
pub mod password;
pub mod recoveries;
pub mod totp_confirm;
pub mod totp_start;

use domain::SessionId;
use identity::account::{Changed, OtherSessions};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::house::House;
use crate::shapes;
use crate::v1::sessions::Tokens;

pub(crate) fn routes() -> OpenApiRouter<House> {
    OpenApiRouter::new()
        .routes(routes!(password::password))
        .routes(routes!(backup_codes::backup_codes))
        .routes(routes!(totp_start::start))
        .routes(routes!(totp_confirm::confirm))
        .routes(routes!(recoveries::recoveries))
        .routes(routes!(cancel_recovery::cancel))
}

/// What happens to one's other sessions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Others {
    /// They go on.
    #[default]
    Keep,
    /// They end with the change.
    End,
}

impl From<Others> for OtherSessions {
    fn from(others: Others) -> Self {
        match others {
            Others::Keep => Self::Keep,
            Others::End => Self::End,
        }
    }
}

/// A change that was made.
#[derive(Serialize, ToSchema)]
pub struct AccountChanged {
    /// The sessions that ended with it.
    #[schema(value_type = Vec<shapes::IdText>)]
    pub ended_sessions: Vec<SessionId>,
    /// The session's new tokens; those of before open nothing any more.
    #[serde(flatten)]
    pub tokens: Tokens,
}

impl From<Changed> for AccountChanged {
    fn from(changed: Changed) -> Self {
        Self { ended_sessions: changed.ended, tokens: changed.tokens.into() }
    }
}
