//! What a handler did not read of a request's body.
//!
//! A request that is refused early, for want of a credential say, is answered before its body came.
//! HTTP/1 then has to close the connection, and a client that was still sending, or that sends its
//! next request on it, sees a broken connection instead of the refusal. So the rest is read and
//! thrown away first: within the limit of a body and a short time, for nobody may keep us reading.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use domain::limits;
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};

/// A client that sends at all has sent its rest within this time.
const REST_MS_MAX: u64 = 1_000;

/// A body of which two hold a handle: the handler that reads it, and whoever throws the rest away.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<Body>>);

impl Shared {
    pub(crate) fn new(body: Body) -> Self {
        Self(Arc::new(Mutex::new(body)))
    }

    /// Reads to the end, or to the bounds.
    pub(crate) async fn discard(mut self) {
        let rest = async {
            let mut bytes = 0;
            while let Some(Ok(frame)) = self.frame().await {
                bytes += frame.data_ref().map_or(0, Bytes::len);
                if bytes > limits::BODY_BYTES_MAX {
                    break;
                }
            }
        };
        // What did not come in time costs the connection, as it would have at once.
        let _ = tokio::time::timeout(Duration::from_millis(REST_MS_MAX), rest).await;
    }
}

impl HttpBody for Shared {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Pin::new(&mut *body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).size_hint()
    }
}
