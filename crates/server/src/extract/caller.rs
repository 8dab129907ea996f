//! Who is asking: the request's credential and the proof beside it, judged by `identity`.
//!
//! Always true
//! 1. The workspace of a request is its credential's. An id in a path is compared with it
//!    ([`Member::of`]) and never used in its place; another workspace's id is answered like one
//!    that does not exist.
//! 2. Every caller is charged their share of the rate before their handler runs.
//!
//! Never: a credential from a query, a cookie or a body.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use domain::{AccountScope, Actor, Scope, StaffHand, StaffScope, TenantId, TimeMs};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;
use identity::Principal;
use identity::dpop::{Presented, Scheme};
use store::Caller;

use super::holder;
use crate::frame::Frame;
use crate::house::House;
use crate::problem::{Code, Problem, Refusal};
use crate::rate::RateKey;

/// Longest credential: an access token has less than a kilobyte.
const CREDENTIAL_BYTES_MAX: usize = 4_096;

/// A person in a workspace, or an API key of one.
#[derive(Debug, Clone)]
pub struct Member {
    /// The workspace, the actor and the request.
    pub scope: Scope,
    /// When the person last gave a second factor; `None` for a key.
    pub factor_at: Option<TimeMs>,
}

/// A signed-in person, whatever workspace they are in.
#[derive(Debug, Clone)]
pub struct Account {
    /// The person's own account.
    pub scope: AccountScope,
    /// When they last gave a second factor.
    pub factor_at: TimeMs,
    /// The workspace the session is in.
    pub workspace: Option<TenantId>,
}

/// Anybody with a credential.
#[derive(Debug, Clone)]
pub struct Anybody(pub Principal);

/// Whoever works for the platform, in a session begun with a passkey.
#[derive(Debug, Clone)]
pub struct Staff(pub StaffScope);

/// The same, with the passkey in hardware that answered in this session within five minutes.
#[derive(Debug, Clone)]
pub struct Hand(pub StaffHand);

impl Member {
    /// Whether a workspace named in the path is the caller's own.
    ///
    /// # Errors
    /// `not_found`, as for a workspace that does not exist.
    pub fn of(&self, named: TenantId) -> Result<(), Problem> {
        if named == self.scope.tenant() { Ok(()) } else { Err(Problem::new(Code::NotFound)) }
    }

    /// The actor, and the name under which their idempotency keys are kept.
    #[must_use]
    pub fn repeats(&self) -> (Caller, String) {
        let name = match self.scope.actor() {
            Actor::Key { key, .. } => format!("key {key}"),
            actor => format!("member {} {}", self.scope.tenant(), actor.principal()),
        };
        (Caller::from(&self.scope), name)
    }
}

impl Account {
    /// The person, and the name under which their idempotency keys are kept.
    #[must_use]
    pub fn repeats(&self) -> (Caller, String) {
        (Caller::from(&self.scope), format!("account {}", self.scope.user()))
    }
}

impl FromRequestParts<House> for Member {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, Problem> {
        let Anybody(principal) = Anybody::from_request_parts(parts, house).await?;
        let (scope, factor_at) =
            principal.member().ok_or_else(|| Problem::new(Code::WorkspaceNotChosen))?;
        Ok(Self { scope: scope.clone(), factor_at })
    }
}

impl FromRequestParts<House> for Account {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, Problem> {
        let Anybody(principal) = Anybody::from_request_parts(parts, house).await?;
        let workspace = principal.tenant();
        let (scope, factor_at) =
            principal.account().ok_or_else(|| Problem::new(Code::PersonNeeded))?;
        Ok(Self { scope: scope.clone(), factor_at, workspace })
    }
}

impl FromRequestParts<House> for Staff {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, Problem> {
        let account = Account::from_request_parts(parts, house).await?;
        let staff = identity::staff::authorize(house.identity(), &account.scope).await;
        staff.map(Self).map_err(Refusal::problem)
    }
}

impl FromRequestParts<House> for Hand {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, Problem> {
        let account = Account::from_request_parts(parts, house).await?;
        let hand = identity::staff::authorize_hand(house.identity(), &account.scope).await;
        hand.map(Self).map_err(Refusal::problem)
    }
}

impl FromRequestParts<House> for Anybody {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, Problem> {
        let outside = || Problem::internal(&"a request outside of its frame");
        let frame = Arc::clone(parts.extensions.get::<Arc<Frame>>().ok_or_else(outside)?);
        let (scheme, credential) = credential(&parts.headers)?;
        let proof = holder::proof(&parts.headers)?;
        let errand = holder::errand(parts, house);
        let presented = Presented { scheme, credential, proof, errand: Some(&errand) };
        let origin = frame.origin.clone();
        let principal = identity::authenticate_presented(house.identity(), presented, origin)
            .await
            .map_err(Refusal::problem)?;
        if let Some(tenant) = principal.tenant() {
            tracing::Span::current().record("tenant", tracing::field::display(tenant));
        }
        house.charge(&frame, rate_key(&principal))?;
        Ok(Self(principal))
    }
}

fn rate_key(principal: &Principal) -> RateKey {
    match principal {
        Principal::Person { account, .. } => RateKey::Person(principal.tenant(), account.user()),
        Principal::Key { scope } => match *scope.actor() {
            Actor::Key { key, .. } => RateKey::Key(scope.tenant(), key),
            other => RateKey::Person(Some(scope.tenant()), other.principal()),
        },
    }
}

/// The one credential of a request and how it is presented (RFC 6750 section 2.1, RFC 9449 section
/// 7.1). Two are refused: which of them counts must not depend on who reads the request.
fn credential(headers: &HeaderMap) -> Result<(Scheme, &str), Problem> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let invalid = || Problem::new(Code::AuthInvalid);
    let Some(value) = given.next() else { return Err(Problem::new(Code::AuthMissing)) };
    if given.next().is_some() || value.len() > CREDENTIAL_BYTES_MAX {
        return Err(invalid());
    }
    let (scheme, credential) =
        value.to_str().map_err(|_| invalid())?.split_once(' ').ok_or_else(invalid)?;
    let scheme = match scheme {
        bearer if bearer.eq_ignore_ascii_case("bearer") => Scheme::Bearer,
        dpop if dpop.eq_ignore_ascii_case("dpop") => Scheme::Dpop,
        _ => return Err(invalid()),
    };
    Ok((scheme, credential))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&'static str]) -> Result<String, Code> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, http::HeaderValue::from_static(value));
        }
        let read = credential(&headers).map_err(|problem| problem.code)?;
        Ok(format!("{:?} {}", read.0, read.1))
    }

    #[test]
    fn one_credential_is_read_and_nothing_else() {
        assert_eq!(read(&["Bearer abc"]), Ok("Bearer abc".to_owned()));
        assert_eq!(read(&["bearer abc"]), Ok("Bearer abc".to_owned()));
        assert_eq!(read(&["DPoP abc"]), Ok("Dpop abc".to_owned()));
        assert_eq!(read(&[]), Err(Code::AuthMissing));
        for other in ["abc", "Basic abc", "Bearer"] {
            assert_eq!(read(&[other]), Err(Code::AuthInvalid), "{other}");
        }
    }

    #[test]
    fn two_credentials_are_none() {
        assert_eq!(read(&["Bearer abc", "DPoP abc"]), Err(Code::AuthInvalid));
        assert_eq!(read(&["Bearer abc", "Bearer abc"]), Err(Code::AuthInvalid));
    }
}
