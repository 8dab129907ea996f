//! `POST /v1/sessions/current/step-up/sso/{transaction}/confirm`

use axum::extract::State;
use identity::sso::SsoError;

use super::Tokens;
use crate::extract::{Account, Path, SsoCookie};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::v1::sso::TransactionPath;

/// Take what the provider said as the second factor, given again
///
/// The provider must say that it asked the person after this was begun. The answer's tokens
/// replace the session's earlier ones.
#[utoipa::path(
    post, path = "/v1/sessions/current/step-up/sso/{transaction}/confirm",
    operation_id = "sessions_step_up_confirm", tag = "sessions", params(TransactionPath),
    security(("session" = []))
)]
pub async fn step_up_confirm(
    State(house): State<House>,
    account: Account,
    Path(at): Path<TransactionPath>,
    cookie: SsoCookie,
) -> Result<Reply<200, Tokens>, Refused<SsoError>> {
    let (identity, scope) = (house.identity(), &account.scope);
    let risen = identity::sso::step_up(identity, scope, at.transaction, &cookie.0).await?;
    Ok(house.answer(risen, Tokens::from).await)
}
