//! What a receiver's answer means for whoever sent it something.
//!
//! Always true: an answer is told by its status alone. Nothing of its text is kept or repeated: it
//! is somebody else's, and may be a page of a machine that should not have been reached.

use ::http::header::RETRY_AFTER;
use ::http::{Response, StatusCode};
use bytes::Bytes;

/// What a receiver said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It has it.
    Taken,
    /// Too much at once, or not now; after so many milliseconds, if it said so.
    Throttled {
        /// What it asked for.
        retry_after_ms: Option<i64>,
    },
    /// It does not take the credential.
    Unauthorised,
    /// It does not take this. A redirect is such an answer: none is followed.
    Rejected,
    /// Something is wrong on its side.
    Broken,
    /// It is gone for good.
    Gone,
}

impl Answer {
    /// The meaning of an answer's status.
    #[must_use]
    pub fn of(answer: &Response<Bytes>) -> Self {
        match answer.status() {
            status if status.is_success() => Self::Taken,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                Self::Throttled { retry_after_ms: retry_after_ms(answer) }
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Self::Unauthorised,
            StatusCode::GONE => Self::Gone,
            status if status.is_server_error() => Self::Broken,
            _ => Self::Rejected,
        }
    }
}

/// Seconds that an answer asks to wait (RFC 9110 section 10.2.3); a date is passed over, since
/// clocks differ.
fn retry_after_ms(answer: &Response<Bytes>) -> Option<i64> {
    let seconds: u32 = answer.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(i64::from(seconds) * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status: u16, retry_after: Option<&str>) -> Answer {
        let mut answer = Response::builder().status(status);
        if let Some(text) = retry_after {
            answer = answer.header(RETRY_AFTER, text);
        }
        Answer::of(&answer.body(Bytes::new()).unwrap())
    }

    #[test]
    fn every_status_has_one_meaning() {
        for status in [200, 201, 202, 204] {
            assert_eq!(said(status, None), Answer::Taken);
        }
        for status in [301, 302, 307, 308, 400, 404, 413] {
            assert_eq!(said(status, None), Answer::Rejected);
        }
        assert_eq!(
            (said(401, None), said(403, None)),
            (Answer::Unauthorised, Answer::Unauthorised)
        );
        assert_eq!((said(410, None), said(500, None)), (Answer::Gone, Answer::Broken));
    }

    #[test]
    fn a_pause_is_read_in_seconds_and_nothing_else_is() {
        assert_eq!(said(429, Some("7")), Answer::Throttled { retry_after_ms: Some(7_000) });
        for text in ["-1", "soon", "Sat, 28 Nov 2026 03:00:00 GMT", "99999999999"] {
            assert_eq!(said(503, Some(text)), Answer::Throttled { retry_after_ms: None }, "{text}");
        }
    }
}
