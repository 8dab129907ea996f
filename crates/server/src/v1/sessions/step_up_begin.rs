//! `POST /v1/sessions/current/step-up/sso`

use axum::extract::State;
use identity::sso::{SsoError, begin_step_up};

use crate::extract::Account;
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::v1::sso::create::{SsoTransaction, shown};

/// Begin to give the second factor again at the identity provider
///
/// For a session that stands on a provider's word; `factor.needed` says that this one stands on a
/// factor of the person's own. The browser that goes to the address must be the one that keeps this
/// answer's cookie.
#[utoipa::path(
    post, path = "/v1/sessions/current/step-up/sso", operation_id = "sessions_step_up_begin",
    tag = "sessions", security(("session" = []))
)]
pub async fn step_up_begin(
    State(house): State<House>,
    account: Account,
) -> Result<Reply<201, SsoTransaction>, Refused<SsoError>> {
    Ok(shown(begin_step_up(house.identity(), &account.scope).await?))
}
