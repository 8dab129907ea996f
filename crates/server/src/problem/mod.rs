//! Problems (RFC 9457): what every refusal looks like, and the one place where use cases' errors
//! become one.
//!
//! Always true
//! 1. Every variant of every use case's error is mapped by an exhaustive match; there is no
//!    catch-all.
//! 2. What failed inside shows its request id and nothing else; the cause is in the log.
//! 3. The body is written by [`crate::frame`], which knows the request id: a problem without one
//!    cannot be sent.
//!
//! Never: text of a database, of the broker, or of another workspace.

mod broker;
mod code;
mod domain;
mod grants;
mod identity;
mod lost;
mod notary;
mod refused;
mod sso;
mod store;
mod streams;
mod vault;

use ::domain::TimeMs;
use ::identity::guard::Challenge;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

pub use code::Code;
pub use refused::{Nothing, Refusal, Refused};

/// One value of a request that breaks its rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldProblem {
    /// Where it is: `overrides[0].act`, or a parameter's name.
    #[schema(example = "email")]
    pub field: String,
    /// The rule that it breaks.
    #[schema(example = "it is not of the expected form")]
    pub detail: String,
}

/// Work to prove: find a number such that the SHA-256 of `text`, a dot and the number in decimal
/// begins with `bits` zero bits, and send all three as the header `casemate-proof`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = WorkChallenge)]
pub struct ChallengeBody {
    /// What the proof begins with.
    #[schema(max_length = 64)]
    pub text: String,
    /// Leading zero bits.
    #[schema(minimum = 16, maximum = 20)]
    pub bits: u32,
    /// Until when a proof is taken.
    #[schema(value_type = crate::shapes::TimeMsNumber)]
    pub expires_at_ms: TimeMs,
}

/// A refusal on its way out.
#[derive(Debug, Clone)]
pub struct Problem {
    /// What went wrong.
    pub code: Code,
    /// This occurrence, in a sentence; the code's title when there is nothing to add.
    pub detail: Option<String>,
    /// The values that break a rule.
    pub fields: Vec<FieldProblem>,
    /// When trying again makes sense.
    pub retry_after_s: Option<u64>,
    /// The work to prove first.
    pub challenge: Option<ChallengeBody>,
}

impl Problem {
    /// A problem with nothing to add to its code.
    #[must_use]
    pub const fn new(code: Code) -> Self {
        Self { code, detail: None, fields: Vec::new(), retry_after_s: None, challenge: None }
    }

    /// The same with a sentence about this occurrence. It must not hold what the caller may not
    /// see.
    #[must_use]
    pub fn detail(self, detail: impl std::fmt::Display) -> Self {
        Self { detail: Some(detail.to_string()), ..self }
    }

    /// The same with the time after which to try again, rounded up to whole seconds, at least one.
    #[must_use]
    pub fn retry_after_ms(self, ms: i64) -> Self {
        let s = u64::try_from(ms).unwrap_or(0).div_ceil(1_000).max(1);
        Self { retry_after_s: Some(s), ..self }
    }

    /// The same with the work to prove first.
    #[must_use]
    pub fn challenge(self, challenge: &Challenge) -> Self {
        let body = ChallengeBody {
            text: challenge.text(),
            bits: challenge.bits,
            expires_at_ms: challenge.expires_at,
        };
        Self { challenge: Some(body), ..self }
    }

    /// A value that breaks its rule.
    #[must_use]
    pub fn invalid(field: &str, detail: impl std::fmt::Display) -> Self {
        let problem = FieldProblem { field: field.to_owned(), detail: detail.to_string() };
        Self { fields: vec![problem], ..Self::new(Code::InputInvalid) }
    }

    /// Something failed inside. `cause` goes to the log, with the request's span around it.
    #[must_use]
    pub fn internal(cause: &dyn std::fmt::Debug) -> Self {
        tracing::error!(?cause, "request failed inside");
        Self::new(Code::Internal)
    }

    /// The body, for this request.
    #[must_use]
    pub fn body(&self, request: ::domain::RequestId) -> ProblemBody {
        ProblemBody {
            kind: format!("urn:casemate:problem:{}", self.code.as_str()),
            title: self.code.title().to_owned(),
            status: self.code.status().as_u16(),
            code: self.code.as_str().to_owned(),
            detail: self.detail.clone(),
            request_id: request.to_string(),
            errors: self.fields.clone(),
            challenge: self.challenge.clone(),
        }
    }
}

/// The body of every refusal, as `application/problem+json`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// A name of the kind of problem; it is not a link.
    #[serde(rename = "type")]
    #[schema(example = "urn:casemate:problem:not_found")]
    pub kind: String,
    /// The same for every problem with this code.
    pub title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 404)]
    pub status: u16,
    /// The stable code that programs compare.
    #[schema(example = "not_found")]
    pub code: String,
    /// This occurrence, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub detail: Option<String>,
    /// Names the request in the log and in entries.
    #[schema(format = Uuid)]
    pub request_id: String,
    /// The values that break a rule; only with `input.invalid`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
    /// The work to prove first; only with `auth.challenge`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub challenge: Option<ChallengeBody>,
}

/// A problem travels to [`crate::frame`] in the response's extensions.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
