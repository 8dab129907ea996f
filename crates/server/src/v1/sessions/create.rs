//! `POST /v1/sessions`

use axum::extract::State;
use domain::{EmailAddress, TenantId};
use http::HeaderMap;
use identity::passwords::Password;
use identity::sessions::{SignIn, SignInError, sign_in_by};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{DeviceHeader, Tokens, TypedFactor};
use crate::extract::{Json, NewHolder};
use crate::house::{Client, House};
use crate::problem::{Problem, Refused};
use crate::reply::Reply;
use crate::shapes::{self, SecretText};

/// Who signs in, with what.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "email": "ada@example.com", "password": "correct horse battery staple",
    "factor": { "kind": "totp", "code": "123456" }
}))]
pub struct CreateSession {
    /// The address of the account.
    #[schema(value_type = shapes::EmailText)]
    pub email: EmailAddress,
    /// The password.
    #[schema(value_type = shapes::PasswordText)]
    pub password: SecretText,
    /// The second factor.
    pub factor: TypedFactor,
    /// The workspace to enter at once.
    #[schema(value_type = Option<shapes::IdText>)]
    pub workspace: Option<TenantId>,
}

/// Sign in
///
/// Address, password and code are judged together: a wrong one is not told apart from another.
/// Where sign-ins misbehave, the answer is `auth.challenge`: solve it and send the same again.
#[utoipa::path(
    post, path = "/v1/sessions", operation_id = "sessions_create", tag = "sessions",
    params(
        DeviceHeader,
        ("casemate-proof" = Option<String>, Header,
            description = "The proof of work that `auth.challenge` asked for."),
    )
)]
pub async fn create(
    State(house): State<House>,
    client: Client,
    NewHolder(holder): NewHolder,
    headers: HeaderMap,
    Json(body): Json<CreateSession>,
) -> Result<Reply<201, Tokens>, Refused<SignInError>> {
    let CreateSession { email, password, factor, workspace } = body.value;
    let password = Password::typed(password.into_text())
        .map_err(|error| Refused::because(Problem::invalid("password", error)))?;
    let factor = factor.read().map_err(Refused::because)?;
    let presented = SignIn { email, password, factor, workspace };
    let work = headers.get("casemate-proof").and_then(|value| value.to_str().ok());
    let work = work.map(str::to_owned);
    let signed_in = sign_in_by(house.identity(), client.origin, presented, holder, work).await?;
    Ok(house.answer(signed_in, Tokens::from).await)
}
