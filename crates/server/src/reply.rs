//! The success half of a handler's return type: status, body, receipts, entity tag.
//!
//! Always true: the status and the schema in the OpenAPI document are those of the handler's return
//! type; a test refuses a hand-written `body =`.

use std::collections::BTreeMap;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{ETAG, HeaderName, HeaderValue, SET_COOKIE};
use serde::Serialize;
use utoipa::openapi::{ContentBuilder, RefOr, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

use crate::openapi;

/// Signed promises that the entries of this answer will be in the log: base64url signed notes,
/// comma-separated.
pub static RECEIPT: HeaderName = HeaderName::from_static("casemate-receipt");
/// Set to `true` when an answer is the repetition of an earlier one.
pub static REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Headers that an answer carries besides its body.
#[derive(Debug, Default)]
struct Extras {
    receipts: Option<HeaderValue>,
    tag: Option<HeaderValue>,
    cookie: Option<HeaderValue>,
    replayed: bool,
}

impl Extras {
    fn onto(self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        if let Some(receipts) = self.receipts {
            headers.insert(RECEIPT.clone(), receipts);
        }
        if let Some(tag) = self.tag {
            headers.insert(ETAG, tag);
        }
        if let Some(cookie) = self.cookie {
            headers.insert(SET_COOKIE, cookie);
        }
        if self.replayed {
            headers.insert(REPLAYED.clone(), HeaderValue::from_static("true"));
        }
        response
    }
}

/// A JSON answer with this status.
#[derive(Debug)]
pub struct Reply<const STATUS: u16, T> {
    /// The body.
    pub body: T,
    extras: Extras,
}

impl<const STATUS: u16, T> Reply<STATUS, T> {
    /// An answer with this body.
    pub fn new(body: T) -> Self {
        Self { body, extras: Extras::default() }
    }

    /// The same with receipts.
    #[must_use]
    pub fn receipts(mut self, receipts: Option<HeaderValue>) -> Self {
        self.extras.receipts = receipts;
        self
    }

    /// The same with an entity tag.
    #[must_use]
    pub fn tag(mut self, tag: HeaderValue) -> Self {
        self.extras.tag = Some(tag);
        self
    }

    /// The same with a cookie.
    #[must_use]
    pub fn cookie(mut self, cookie: Option<HeaderValue>) -> Self {
        self.extras.cookie = cookie;
        self
    }

    /// The same, marked as the repetition of an earlier answer.
    #[must_use]
    pub fn replayed(mut self) -> Self {
        self.extras.replayed = true;
        self
    }
}

impl<const STATUS: u16, T: Serialize> IntoResponse for Reply<STATUS, T> {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(STATUS).unwrap_or(StatusCode::OK);
        self.extras.onto((status, Json(self.body)).into_response())
    }
}

impl<const STATUS: u16, T: ToSchema> IntoResponses for Reply<STATUS, T> {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        let content = ContentBuilder::new().schema(Some(openapi::reference::<T>())).build();
        let response = ResponseBuilder::new()
            .description(if STATUS == 201 { "Created." } else { "Done." })
            .content("application/json", content)
            .extensions(Some(openapi::definitions::<T>()))
            .build();
        BTreeMap::from([(STATUS.to_string(), response.into())])
    }
}

/// An answer without a body: 204.
#[derive(Debug)]
pub struct Empty {
    extras: Extras,
}

impl Empty {
    /// Done, with receipts.
    #[must_use]
    pub fn receipts(receipts: Option<HeaderValue>) -> Self {
        Self { extras: Extras { receipts, ..Extras::default() } }
    }
}

impl IntoResponse for Empty {
    fn into_response(self) -> Response {
        self.extras.onto(StatusCode::NO_CONTENT.into_response())
    }
}

impl IntoResponses for Empty {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        let response =
            ResponseBuilder::new().description("Done; there is nothing to show.").build();
        BTreeMap::from([("204".to_owned(), response.into())])
    }
}
