//! From a code to what the provider says: the exchange, and the judgement of the ID token.
//!
//! Always true
//! 1. Only signatures by public keys are taken: `none` and HMAC are on no list, whatever the token
//!    or the document says.
//! 2. Issuer, audience, nonce, time and signature are all checked before a claim is read.
//! 3. Microsoft: the issuer is the template filled with the token's own tenant, the tenant is one
//!    the operator let in, and the person is tenant and object id, never an address.

use bytes::Bytes;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use domain::sign_in::{UpstreamClaims, is_value};
use domain::{DomainName, EmailAddress, TimeMs, limits};
use http::{Request, StatusCode, header};
use openidconnect::core::{
    CoreGenderClaim, CoreIdTokenVerifier, CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
};
use openidconnect::{
    AdditionalClaims, ClaimsVerificationError, ClientId, IdToken, IdTokenClaims, IssuerUrl, Nonce,
    SignatureVerificationError,
};
use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use super::SsoError;
use super::config::Sso;
use super::discovery::{Metadata, TENANT, Wanted};
use super::target::{Kind, Target};

/// What a provider said about whoever came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    /// Their address, when the provider says that it is theirs.
    pub(crate) email: Option<EmailAddress>,
    /// The domain that the provider says is theirs.
    pub(crate) domain: Option<DomainName>,
    pub(crate) said: UpstreamClaims,
    /// When they gave their factors there, in seconds since 1970, if the provider says so.
    #[serde(default)]
    pub(crate) auth_time_s: Option<i64>,
}

/// What is exchanged.
pub(crate) struct Returned<'r> {
    pub(crate) code: &'r str,
    pub(crate) verifier: String,
    pub(crate) nonce: String,
}

/// Claims that are not everybody's.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Extra {
    hd: Option<String>,
    tid: Option<String>,
    oid: Option<String>,
}

impl AdditionalClaims for Extra {}

type Token =
    IdToken<Extra, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;
type Claims = IdTokenClaims<Extra, CoreGenderClaim>;

const ALGORITHMS: [CoreJwsSigningAlgorithm; 6] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

#[derive(Deserialize)]
struct Answer {
    id_token: String,
}

/// Exchanges the code and judges the token that comes back.
///
/// # Errors
/// [`SsoError`].
pub(crate) async fn outcome(
    sso: &Sso,
    target: &Target,
    returned: &Returned<'_>,
    now: TimeMs,
) -> Result<Outcome, SsoError> {
    let seen = sso.seen(target, Wanted::Usual, now).await?;
    let token = exchanged(sso, target, &seen.metadata, returned).await?;
    let issuer = issuer_of(target, &seen.metadata, &token)?;
    let claims = match verified(&token, target, &issuer, seen.keys.clone(), &returned.nonce) {
        Err(Unverified::UnknownKey) => {
            let seen = sso.seen(target, Wanted::NewKeys, now).await?;
            verified(&token, target, &issuer, seen.keys.clone(), &returned.nonce)
        }
        judged => judged,
    };
    let claims = claims.map_err(|_| SsoError::TokenRefused)?;
    read(target, issuer, &claims)
}

/// RFC 6749 section 4.1.3 with RFC 7636: the code, once, for the verifier of this way.
async fn exchanged(
    sso: &Sso,
    target: &Target,
    metadata: &Metadata,
    returned: &Returned<'_>,
) -> Result<String, SsoError> {
    let methods = &metadata.token_endpoint_auth_methods_supported;
    // RFC 8414: without a list, basic is meant.
    let basic = methods.is_empty() || methods.iter().any(|one| one == "client_secret_basic");
    let mut pairs = vec![
        ("grant_type", "authorization_code"),
        ("code", returned.code),
        ("redirect_uri", &sso.config.redirect),
        ("code_verifier", &returned.verifier),
    ];
    let mut request = Request::post(&metadata.token_endpoint)
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    if basic {
        let encoded =
            |text: &str| -> String { form_urlencoded::byte_serialize(text.as_bytes()).collect() };
        let pair = format!("{}:{}", encoded(&target.client_id), encoded(target.secret.show()));
        let value = format!("Basic {}", BASE64.encode(pair.as_bytes()));
        request = request.header(header::AUTHORIZATION, value);
    } else {
        pairs.push(("client_id", &target.client_id));
        pairs.push(("client_secret", target.secret.show()));
    }
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let request = request.body(Bytes::from(form)).map_err(|_| SsoError::ProviderFailed)?;
    let answer = sso.config.client.call(request).await?;
    match answer.status() {
        StatusCode::OK => {}
        StatusCode::BAD_REQUEST => return Err(SsoError::ProviderRefused),
        _ => return Err(SsoError::ProviderFailed),
    }
    let answer: Answer =
        serde_json::from_slice(answer.body()).map_err(|_| SsoError::TokenRefused)?;
    Ok(answer.id_token)
}

/// The issuer that the token must name. For Microsoft it is the token's own tenant's, if that
/// tenant may come: the token is judged against it right after.
fn issuer_of(target: &Target, metadata: &Metadata, token: &str) -> Result<String, SsoError> {
    let Kind::Microsoft { tenants } = &target.kind else { return Ok(metadata.issuer.clone()) };
    let payload = token.split('.').nth(1).ok_or(SsoError::TokenRefused)?;
    let payload = BASE64URL_NOPAD.decode(payload.as_bytes()).map_err(|_| SsoError::TokenRefused)?;
    let extra: Extra = serde_json::from_slice(&payload).map_err(|_| SsoError::TokenRefused)?;
    let tenant = extra.tid.ok_or(SsoError::TokenRefused)?;
    if tenants.contains(&tenant) {
        Ok(metadata.issuer.replace(TENANT, &tenant))
    } else {
        Err(SsoError::TenantRefused)
    }
}

enum Unverified {
    UnknownKey,
    Invalid,
}

fn verified(
    token: &str,
    target: &Target,
    issuer: &str,
    keys: CoreJsonWebKeySet,
    nonce: &str,
) -> Result<Claims, Unverified> {
    let token: Token = token.parse().map_err(|_| Unverified::Invalid)?;
    let issuer = IssuerUrl::new(issuer.to_owned()).map_err(|_| Unverified::Invalid)?;
    let client = ClientId::new(target.client_id.clone());
    let verifier =
        CoreIdTokenVerifier::new_public_client(client, issuer, keys).set_allowed_algs(ALGORITHMS);
    let nonce = Nonce::new(nonce.to_owned());
    token.into_claims(&verifier, &nonce).map_err(|error| match error {
        ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::NoMatchingKey,
        ) => Unverified::UnknownKey,
        _ => Unverified::Invalid,
    })
}

fn read(target: &Target, issuer: String, claims: &Claims) -> Result<Outcome, SsoError> {
    let extra = claims.additional_claims();
    let subject = match target.kind {
        // The subject differs per application there; tenant (in the issuer) and object id do not.
        Kind::Microsoft { .. } => extra.oid.clone().ok_or(SsoError::TokenRefused)?,
        _ => claims.subject().as_str().to_owned(),
    };
    if subject.is_empty() || subject.len() > limits::SUBJECT_CHARS_MAX {
        return Err(SsoError::TokenRefused);
    }
    let email = claims
        .email()
        .filter(|_| claims.email_verified() == Some(true))
        .and_then(|email| EmailAddress::parse(email.as_str()).ok());
    let of_email = email.as_ref().and_then(EmailAddress::domain);
    let domain = match target.kind {
        // An address may be one of Google's consumers'; only `hd` says that the domain's owner
        // vouches.
        Kind::Google => {
            let hosted = extra.hd.as_deref().and_then(|hd| DomainName::parse(hd).ok());
            hosted.filter(|hosted| of_email.as_ref() == Some(hosted))
        }
        _ => of_email,
    };
    let amr = claims.auth_method_refs().into_iter().flatten();
    let amr = amr.map(|one| one.as_str().to_owned()).filter(|one| is_value(one));
    let acr = claims.auth_context_ref().map(|one| one.as_str().to_owned());
    let said = UpstreamClaims {
        amr: amr.take(limits::FACTOR_VALUES_MAX).collect(),
        acr: acr.filter(|one| is_value(one)),
    };
    let auth_time_s = claims.auth_time().map(|time| time.timestamp());
    Ok(Outcome { issuer, subject, email, domain, said, auth_time_s })
}
