//! The contents page: every route, inside its frame.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::cookie;
use crate::frame;
use crate::house::House;
use crate::openapi as description;
use crate::pages;
use crate::problem::{Code, Problem};
use crate::public_log;
use crate::v1;

/// The API's router.
pub fn router(house: House) -> Router {
    let (routes, _) = parts();
    let document = axum::body::Bytes::from(document());
    routes
        .route("/v1/openapi.json", get(move || async move { described(document) }))
        .route("/.well-known/security.txt", get(security_txt))
        .merge(pages::routes())
        .merge(public_log::routes())
        .route("/sso/callback", get(v1::sso::callback::callback))
        .fallback(|| async { Problem::new(Code::NotFound) })
        .layer(axum::middleware::from_fn_with_state(house.clone(), cookie::cookie))
        .layer(axum::middleware::from_fn_with_state(house.clone(), frame::frame))
        .with_state(house)
}

/// The OpenAPI document.
#[must_use]
pub fn openapi() -> OpenApi {
    parts().1
}

/// The OpenAPI document as it is committed and served: indented, with a line feed at its end.
#[must_use]
pub fn document() -> String {
    let mut text = openapi().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

fn parts() -> (Router<House>, OpenApi) {
    let (routes, api) =
        OpenApiRouter::with_openapi(description::skeleton()).merge(v1::routes()).split_for_parts();
    (routes, description::complete(api))
}

fn described(document: axum::body::Bytes) -> Response {
    ([(CONTENT_TYPE, "application/json")], document).into_response()
}

/// RFC 9116. There is no such file while nobody was named.
async fn security_txt(State(house): State<House>) -> Response {
    let security = house.security();
    match (&security.contact, &security.contact_until) {
        (Some(contact), Some(until)) => {
            let text = format!("Contact: {contact}\nExpires: {until}\nPreferred-Languages: en\n");
            let headers =
                [(CONTENT_TYPE, "text/plain; charset=utf-8"), (CACHE_CONTROL, "max-age=3600")];
            (headers, text).into_response()
        }
        _ => Problem::new(Code::NotFound).into_response(),
    }
}
