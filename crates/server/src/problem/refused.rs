//! The error half of a handler's return type. It knows which codes its use case can answer with, so
//! the OpenAPI document is read off the handler's signature.

use std::collections::BTreeMap;

use axum::response::{IntoResponse, Response};
use utoipa::IntoResponses;
use utoipa::openapi::{RefOr, Response as Described};

use super::{Code, Problem};
use crate::openapi::describe_codes;

/// An error of a use case that has a problem for each of its variants.
pub trait Refusal {
    /// Every code that [`Self::problem`] can give. The harness of the tests fails on a code that is
    /// missing here.
    const CODES: &'static [Code];
    /// The codes of the errors inside it.
    const INNER: &'static [&'static [Code]] = &[];

    /// The problem this error is answered with.
    fn problem(self) -> Problem;
}

/// A problem that comes from `E`, or from the work around it.
pub struct Refused<E> {
    problem: Problem,
    of: std::marker::PhantomData<fn() -> E>,
}

impl<E> Refused<E> {
    /// A problem that the handler itself found.
    #[must_use]
    pub const fn because(problem: Problem) -> Self {
        Self { problem, of: std::marker::PhantomData }
    }
}

impl<E> std::fmt::Debug for Refused<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.problem.fmt(f)
    }
}

impl<E: Refusal> From<E> for Refused<E> {
    fn from(error: E) -> Self {
        Self::because(error.problem())
    }
}

impl<E> IntoResponse for Refused<E> {
    fn into_response(self) -> Response {
        self.problem.into_response()
    }
}

impl<E: Refusal> IntoResponses for Refused<E> {
    fn responses() -> BTreeMap<String, RefOr<Described>> {
        describe_codes(E::INNER.iter().copied().flatten().chain(E::CODES).copied())
    }
}

/// The error of a handler whose use case cannot refuse.
#[derive(Debug)]
pub enum Nothing {}

impl Refusal for Nothing {
    const CODES: &'static [Code] = &[];

    fn problem(self) -> Problem {
        match self {}
    }
}
