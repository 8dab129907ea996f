//! `POST /v1/authorizations`

use axum::extract::State;
use domain::{ClientLabel, TimeMs};
use identity::authorizations::{Asked, AuthorizeError, Authorized, Challenge, Loopback, authorize};
use identity::dpop::Thumbprint;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::extract::{Account, Json};
use crate::house::House;
use crate::problem::{Problem, Refused};
use crate::reply::Reply;
use crate::shapes;

/// What a command line asked for, as the page read it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "label": "ada's laptop, casemate 0.1.0",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "redirect_port": 40_123, "state": "af0ifjsldkj-af0ifjsldkj",
    "dpop_jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
}))]
pub struct CreateAuthorization {
    /// What it says about its machine and version.
    #[schema(value_type = shapes::ClientLabelText)]
    pub label: ClientLabel,
    /// Its challenge, method S256 (RFC 7636).
    #[schema(value_type = shapes::DigestText)]
    pub code_challenge: String,
    /// The port it listens on, on 127.0.0.1.
    #[schema(minimum = 1024, maximum = 65535)]
    pub redirect_port: u16,
    /// By which it knows its own answer again.
    #[schema(pattern = "^[A-Za-z0-9_-]{16,128}$", max_length = 128)]
    pub state: String,
    /// Thumbprint of its key (RFC 7638).
    #[schema(value_type = shapes::DigestText)]
    pub dpop_jkt: String,
}

/// Where the browser goes now.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewAuthorization {
    /// The command line's listener, with a code that works once.
    pub redirect_uri: String,
    /// When the code ends.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub expires_at_ms: TimeMs,
}

/// Let a command line on this machine in
///
/// It gets a session of its own. The code goes to 127.0.0.1 and nowhere else, and needs a factor
/// given within five minutes.
#[utoipa::path(
    post, path = "/v1/authorizations", operation_id = "authorizations_create",
    tag = "authorizations", security(("session" = []))
)]
pub async fn create(
    State(house): State<House>,
    account: Account,
    Json(body): Json<CreateAuthorization>,
) -> Result<Reply<201, NewAuthorization>, Refused<AuthorizeError>> {
    let asked = read(body.value).map_err(Refused::because)?;
    let made = authorize(house.identity(), &account.scope, asked).await?;
    let show = |made: Authorized| NewAuthorization {
        redirect_uri: made.redirect.show().to_owned(),
        expires_at_ms: made.expires_at,
    };
    Ok(house.answer(made, show).await)
}

fn read(body: CreateAuthorization) -> Result<Asked, Problem> {
    let CreateAuthorization { label, code_challenge, redirect_port, state, dpop_jkt } = body;
    Ok(Asked {
        label,
        challenge: Challenge::parse(&code_challenge)
            .map_err(|error| Problem::invalid("code_challenge", error))?,
        holder: Thumbprint::parse(&dpop_jkt)
            .ok_or_else(|| Problem::invalid("dpop_jkt", "it is not a key's thumbprint"))?,
        listener: Loopback::new(redirect_port, &state)
            .map_err(|error| Problem::invalid("redirect_port", error))?,
    })
}
