//! `POST /v1/account/identities`

use axum::extract::State;
use identity::sso::{Begin, SsoError, begin_link};

use crate::extract::{Account, Json};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::v1::sso::create::{CreateSsoTransaction, SsoTransaction, shown};

/// Begin to link an identity to one's account
///
/// Needs a second factor given within five minutes. The browser that goes to the address must be
/// the one that keeps this answer's cookie; confirm the link in the same session.
#[utoipa::path(
    post, path = "/v1/account/identities", operation_id = "identities_begin", tag = "sessions",
    security(("session" = []))
)]
pub async fn begin(
    State(house): State<House>,
    account: Account,
    Json(body): Json<CreateSsoTransaction>,
) -> Result<Reply<201, SsoTransaction>, Refused<SsoError>> {
    let CreateSsoTransaction { provider, workspace } = body.value;
    let way = Begin { provider, workspace };
    let identity = house.identity();
    Ok(shown(begin_link(identity, &account.scope, account.factor_at, way).await?))
}
