//! The pages a person signs in and lets clients in with: static files, compiled in.
//!
//! Always true: every page has the same strict policy. Scripts and styles are files of this server,
//! nothing is inline, nothing comes from elsewhere, and no other site may frame them.

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};

use crate::house::House;

/// What a page may load and do.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; \
    base-uri 'none'";
const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// Path, media type, text.
const FILES: &[(&str, &str, &str)] = &[
    ("/sign-in", HTML, include_str!("sign-in.html")),
    ("/authorize", HTML, include_str!("authorize.html")),
    ("/device", HTML, include_str!("device.html")),
    ("/pages/api.js", SCRIPT, include_str!("api.js")),
    ("/pages/sign-in.js", SCRIPT, include_str!("sign-in.js")),
    ("/pages/authorize.js", SCRIPT, include_str!("authorize.js")),
    ("/pages/device.js", SCRIPT, include_str!("device.js")),
    ("/pages/style.css", STYLE, include_str!("style.css")),
];

/// A route per file.
pub(crate) fn routes() -> Router<House> {
    FILES.iter().fold(Router::new(), |router, (path, media, text)| {
        router.route(path, get(move || async move { page(media, text) }))
    })
}

fn page(media: &'static str, text: &'static str) -> Response {
    let headers =
        [(CONTENT_TYPE, media), (CACHE_CONTROL, "no-store"), (CONTENT_SECURITY_POLICY, POLICY)];
    (headers, text).into_response()
}
