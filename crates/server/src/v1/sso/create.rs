//! `POST /v1/sso/transactions`

use axum::extract::State;
use domain::sign_in::ProviderRef;
use domain::{SsoTransactionId, TenantId, TimeMs};
use identity::sso::{Begin, Begun, SsoError, begin};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::extract::{Json, sso_cookie};
use crate::house::{Client, House};
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes;

/// Which way to sign in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "provider": "github" }))]
pub struct CreateSsoTransaction {
    /// The provider. When absent, the first one that the workspace names.
    #[schema(value_type = Option<shapes::ProviderText>)]
    pub provider: Option<ProviderRef>,
    /// The workspace to enter; needed for a workspace's own provider.
    #[schema(value_type = Option<shapes::IdText>)]
    pub workspace: Option<TenantId>,
}

/// A way to a provider.
#[derive(Debug, Serialize, ToSchema)]
pub struct SsoTransaction {
    /// Its id.
    #[schema(value_type = shapes::IdText)]
    pub transaction: SsoTransactionId,
    /// Where the browser goes.
    #[schema(value_type = String, example = "https://github.com/login/oauth/authorize?state=x")]
    pub authorization_url: String,
    /// When it is over.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub expires_at_ms: TimeMs,
}

/// The answer, with the cookie that the browser shows when it is back.
pub(crate) fn shown(begun: Begun) -> Reply<201, SsoTransaction> {
    let Begun { transaction, authorization_url, cookie, expires_at } = begun;
    let cookie = sso_cookie::kept(cookie.show());
    Reply::new(SsoTransaction { transaction, authorization_url, expires_at_ms: expires_at })
        .cookie(cookie)
}

/// Begin to sign in through an identity provider
///
/// The browser that goes to the address must be the one that keeps this answer's cookie.
#[utoipa::path(post, path = "/v1/sso/transactions", operation_id = "sso_begin", tag = "sessions")]
pub async fn create(
    State(house): State<House>,
    client: Client,
    Json(body): Json<CreateSsoTransaction>,
) -> Result<Reply<201, SsoTransaction>, Refused<SsoError>> {
    let CreateSsoTransaction { provider, workspace } = body.value;
    let way = Begin { provider, workspace };
    Ok(shown(begin(house.identity(), client.origin, way).await?))
}
