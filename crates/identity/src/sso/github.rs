//! GitHub: OAuth 2.0 without ID tokens.
//!
//! Always true
//! 1. The person is their number, never their name, which they may change and somebody else take.
//! 2. Their address is the one that is both primary and verified; without one they have none.
//! 3. It says nothing about how they signed in, so it never counts as a second factor.

use bytes::Bytes;
use domain::EmailAddress;
use domain::sign_in::UpstreamClaims;
use http::{Request, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use super::SsoError;
use super::config::Sso;
use super::target::Target;
use super::token::{Outcome, Returned};

/// The issuer that identities of GitHub are kept under. GitHub names none.
const ISSUER: &str = "https://github.com";

#[derive(Deserialize)]
struct Answer {
    access_token: String,
}

#[derive(Deserialize)]
struct Person {
    id: u64,
}

#[derive(Deserialize)]
struct Address {
    email: String,
    primary: bool,
    verified: bool,
}

/// Where a way begins.
pub(crate) fn authorization_endpoint(target: &Target) -> String {
    format!("{}/login/oauth/authorize", target.address)
}

/// Exchanges the code and asks who came.
///
/// # Errors
/// [`SsoError`].
pub(crate) async fn outcome(
    sso: &Sso,
    target: &Target,
    returned: &Returned<'_>,
) -> Result<Outcome, SsoError> {
    let token = exchanged(sso, target, returned).await?;
    // github.com has its API beside it, an enterprise server (and a test) inside.
    let api = if target.address == ISSUER {
        "https://api.github.com".to_owned()
    } else {
        format!("{}/api/v3", target.address)
    };
    let person: Person = asked(sso, &format!("{api}/user"), &token).await?;
    let addresses: Vec<Address> = asked(sso, &format!("{api}/user/emails"), &token).await?;
    let email = addresses
        .into_iter()
        .find(|one| one.primary && one.verified)
        .and_then(|one| EmailAddress::parse(&one.email).ok());
    let domain = email.as_ref().and_then(EmailAddress::domain);
    let (issuer, subject) = (target.address.clone(), person.id.to_string());
    Ok(Outcome {
        issuer,
        subject,
        email,
        domain,
        said: UpstreamClaims::default(),
        auth_time_s: None,
    })
}

/// Errors come with status 200, as JSON or as a form.
async fn exchanged(
    sso: &Sso,
    target: &Target,
    returned: &Returned<'_>,
) -> Result<String, SsoError> {
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", &target.client_id)
        .append_pair("client_secret", target.secret.show())
        .append_pair("code", returned.code)
        .append_pair("redirect_uri", &sso.config.redirect)
        .append_pair("code_verifier", &returned.verifier)
        .finish();
    let request = Request::post(format!("{}/login/oauth/access_token", target.address))
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Bytes::from(form))
        .map_err(|_| SsoError::ProviderFailed)?;
    let answer = sso.config.client.call(request).await?;
    if answer.status() != StatusCode::OK {
        return Err(SsoError::ProviderFailed);
    }
    if let Ok(Answer { access_token }) = serde_json::from_slice(answer.body()) {
        return Ok(access_token);
    }
    let pairs: Vec<_> = form_urlencoded::parse(answer.body()).collect();
    let token = pairs.iter().find(|(name, _)| name == "access_token");
    token.map(|(_, value)| value.clone().into_owned()).ok_or(SsoError::ProviderRefused)
}

async fn asked<T: DeserializeOwned>(sso: &Sso, address: &str, token: &str) -> Result<T, SsoError> {
    let request = Request::get(address)
        .header(header::ACCEPT, "application/vnd.github+json")
        .header(header::USER_AGENT, "casemate")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(Bytes::new())
        .map_err(|_| SsoError::ProviderFailed)?;
    let answer = sso.config.client.call(request).await?;
    if answer.status() != StatusCode::OK {
        return Err(SsoError::ProviderFailed);
    }
    serde_json::from_slice(answer.body()).map_err(|_| SsoError::ProviderFailed)
}
