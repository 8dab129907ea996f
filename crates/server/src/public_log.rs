//! `/log/`: the log of checkpoints as files that anybody may fetch, without a credential.
//!
//! Always true
//! 1. A tile's address names the same bytes for ever, so it may be kept for ever; the checkpoint
//!    may not.
//! 2. What is not covered by a signed head is not there.
//!
//! Source: C2SP tlog-tiles, served at the prefix `/log`.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::HeaderName;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use ledger::tiles::TilePath;
use notary::{NotaryError, checkpoint_log};

use crate::house::House;
use crate::problem::{Code, Problem, Refused};

const NOTE: &str = "text/plain; charset=utf-8";
const TILE: &str = "application/octet-stream";
/// A head may be asked for anew at once, but not by every reader behind one cache.
const FOR_SECONDS: &str = "public, max-age=2";
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Pages of other places may read it: it is public, and no cookie changes it.
const ANYWHERE: (HeaderName, &str) =
    (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin");

/// The routes. They are no part of the versioned API: their form is the specification's.
pub(crate) fn routes() -> Router<House> {
    Router::new().route("/log/checkpoint", get(checkpoint)).route("/log/tile/{*path}", get(tile))
}

async fn checkpoint(State(house): State<House>) -> Result<Response, Refused<NotaryError>> {
    let head = checkpoint_log::head(house.store()).await?;
    Ok(match head {
        Some(head) => {
            let headers = [ANYWHERE, (CONTENT_TYPE, NOTE), (CACHE_CONTROL, FOR_SECONDS)];
            (headers, head).into_response()
        }
        None => Problem::new(Code::NotFound).into_response(),
    })
}

async fn tile(
    State(house): State<House>,
    Path(path): Path<String>,
) -> Result<Response, Refused<NotaryError>> {
    let found = match TilePath::parse(&path) {
        Some(tile) => checkpoint_log::tile(house.store(), tile).await?,
        None => None,
    };
    Ok(match found {
        Some(bytes) => {
            let headers = [ANYWHERE, (CONTENT_TYPE, TILE), (CACHE_CONTROL, FOR_EVER)];
            (headers, bytes).into_response()
        }
        None => Problem::new(Code::NotFound).into_response(),
    })
}
