//! `/v1/account/passkeys`: one's own passkeys.

pub mod challenge;
pub mod create;
pub mod list;
pub mod remove;
pub mod rename;

use domain::{PasskeyId, PasskeyName, TimeMs};
use identity::passkeys::HardwareRoots;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::house::House;
use crate::shapes;

pub(crate) fn routes() -> OpenApiRouter<House> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(challenge::challenge))
        .routes(routes!(rename::rename, remove::remove))
}

/// The passkey of a path.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct PasskeyPath {
    /// The passkey.
    #[param(value_type = shapes::IdText)]
    pub passkey: PasskeyId,
}

/// A passkey of one's own.
#[derive(Debug, Serialize, ToSchema)]
pub struct Passkey {
    /// Its id.
    #[schema(value_type = shapes::IdText)]
    pub id: PasskeyId,
    /// What it is called.
    #[schema(value_type = shapes::PasskeyNameText)]
    pub name: PasskeyName,
    /// How its authenticator can be reached, in the words of WebAuthn.
    #[schema(example = json!(["internal"]))]
    pub transports: Vec<String>,
    /// Whether its authenticator keeps a copy elsewhere.
    pub backed_up: bool,
    /// Whether a vendor that the operator trusts signed that it lives in hardware.
    pub hardware: bool,
    /// When it was registered.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub created_at_ms: TimeMs,
    /// When it was last used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::TimeMsNumber>)]
    pub last_used_at_ms: Option<TimeMs>,
}

impl Passkey {
    /// As these roots tell hardware.
    fn of(roots: &HardwareRoots, passkey: store::Passkey) -> Self {
        Self {
            hardware: roots.hold(&passkey),
            id: passkey.id,
            name: passkey.name,
            transports: passkey.transports,
            backed_up: passkey.backed_up,
            created_at_ms: passkey.created_at,
            last_used_at_ms: passkey.last_used_at,
        }
    }
}
