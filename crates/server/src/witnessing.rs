//! Publishes checkpoints, and asks witnesses to cosign the log they go into.
//!
//! Always true
//! 1. Each witness is asked on its own, so that one that is slow or lies keeps nobody waiting.
//! 2. A witness that does not answer well is asked less and less often, down to once in ten
//!    minutes; the first good answer ends that.
//! 3. Nothing waits for a witness: heads are served with whatever cosignatures there are.

use std::time::Duration;

use bytes::Bytes;
use domain::limits::{WITNESS_RETRY_MS_MAX, WITNESS_RETRY_MS_MIN};
use http::{Request, Response, StatusCode};
use notary::witnesses::{Answer, Kept, keep, question};
use notary::{NotaryError, Publisher};
use outbound::http::{CallError, HttpClient};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::config::{WitnessSettings, WitnessesConfig};
use crate::house::House;
use crate::listen::Stop;

/// Shortest time between two rounds over all logs.
const ROUND_MS_MIN: u64 = 2_000;
/// A round may take one part in this many of the time.
const ROUND_SHARE: u32 = 10;
/// How often it is looked whether a witness lacks the newest head.
const LOOK_MS: u64 = 2_000;

/// Starts a publisher and one caller for each witness.
pub(crate) fn start(
    house: &House,
    config: &WitnessesConfig,
    client: &HttpClient,
    tasks: &TaskTracker,
    stop: &Stop,
) {
    let (publisher, stopped) = (publish(house.clone(), config.publish_every_ms), stop.clone());
    tasks.spawn(async move {
        tokio::select! {
            () = publisher => {}
            () = stopped.draining() => {}
        }
    });
    for witness in &config.ask {
        let caller =
            Caller { house: house.clone(), witness: witness.clone(), client: client.clone() };
        let stopped = stop.clone();
        tasks.spawn(async move {
            tokio::select! {
                () = caller.rounds() => {}
                () = stopped.draining() => {}
            }
        });
    }
}

async fn publish(house: House, every_ms: i64) {
    let mut publisher = Publisher::new(house.store().clone(), house.broker().clone(), every_ms);
    loop {
        let begun = Instant::now();
        match publisher.round().await {
            Ok(done) if done.leaves > 0 => {
                tracing::info!(leaves = done.leaves, size = done.size, "checkpoints published");
            }
            // Another process publishes as well, and was faster.
            Ok(_) | Err(NotaryError::Raced) => {}
            Err(error) => tracing::warn!(%error, "checkpoints could not be published"),
        }
        let pause = (begun.elapsed() * ROUND_SHARE).max(Duration::from_millis(ROUND_MS_MIN));
        tokio::time::sleep(pause).await;
    }
}

/// Who asks one witness.
struct Caller {
    house: House,
    witness: WitnessSettings,
    client: HttpClient,
}

impl Caller {
    async fn rounds(self) {
        let mut pause_ms = WITNESS_RETRY_MS_MIN;
        loop {
            match self.round().await {
                Ok(true) => {
                    pause_ms = WITNESS_RETRY_MS_MIN;
                    tokio::time::sleep(Duration::from_millis(LOOK_MS)).await;
                    continue;
                }
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(witness = self.name(), %error, "a witness was not asked");
                }
            }
            tokio::time::sleep(Duration::from_millis(pause_ms.unsigned_abs())).await;
            pause_ms = (pause_ms * 2).min(WITNESS_RETRY_MS_MAX);
        }
    }

    fn name(&self) -> &str {
        self.witness.key.name()
    }

    /// Whether the witness has nothing more to cosign.
    async fn round(&self) -> Result<bool, NotaryError> {
        let (store, key) = (self.house.store(), &self.witness.key);
        let mut known = None;
        // Twice: a witness that stands elsewhere says so, and gets the proof from there.
        for _ in 0..2 {
            let Some(asked) = question(store, key, known).await? else { return Ok(true) };
            let response = self.send(&asked.body).await;
            let answer = read(&response);
            match keep(store, key, &asked, answer).await? {
                Kept::Cosigned => {
                    tracing::info!(witness = self.name(), size = asked.size, "cosigned");
                    return Ok(true);
                }
                Kept::AskFrom(size) => known = Some(size),
                Kept::Nothing => {
                    tracing::warn!(witness = self.name(), ?answer, "not cosigned");
                    return Ok(false);
                }
            }
        }
        Ok(false)
    }

    async fn send(&self, body: &str) -> Result<Response<Bytes>, CallError> {
        let url = format!("{}/add-checkpoint", self.witness.url.as_str().trim_end_matches('/'));
        let request = Request::post(url).body(Bytes::copy_from_slice(body.as_bytes()));
        let request = request.map_err(|_| CallError::Refused(outbound::http::RefusedCall::Form))?;
        self.client.call(request).await
    }
}

/// What an answer says. Its text is not repeated anywhere: it is somebody else's.
fn read(response: &Result<Response<Bytes>, CallError>) -> Answer<'_> {
    let response = match response {
        Ok(response) => response,
        Err(CallError::Refused(_)) => return Answer::Failed("its address may not be called"),
        Err(CallError::Unreachable) => return Answer::Failed("it cannot be reached"),
        Err(CallError::TooLarge) => return Answer::Failed("its answer is too large"),
        Err(CallError::Deadline) => return Answer::Failed("it did not answer in time"),
    };
    let text = std::str::from_utf8(response.body()).unwrap_or_default();
    match response.status() {
        StatusCode::OK => Answer::Signed(text),
        StatusCode::CONFLICT => match text.trim_end_matches('\n').parse() {
            Ok(size) => Answer::At(size),
            Err(_) => Answer::Failed("it is at another size and does not say which"),
        },
        StatusCode::NOT_FOUND => Answer::Failed("it does not watch this log (404)"),
        StatusCode::FORBIDDEN => Answer::Failed("it does not know this log's key (403)"),
        StatusCode::UNPROCESSABLE_ENTITY => {
            Answer::Failed("it says that this log does not continue what it saw (422)")
        }
        StatusCode::TOO_MANY_REQUESTS => Answer::Failed("it is asked too often (429)"),
        _ => Answer::Failed("it answered with another status"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status: u16, body: &'static [u8]) -> Result<Response<Bytes>, CallError> {
        let response = Response::builder().status(status).body(Bytes::from_static(body));
        Ok(response.unwrap())
    }

    #[test]
    fn a_cosignature_and_a_size_are_read_and_nothing_else_passes_for_one() {
        assert_eq!(read(&said(200, b"line\n")), Answer::Signed("line\n"));
        assert_eq!(read(&said(200, &[0xFF])), Answer::Signed(""), "which no key has signed");
        assert_eq!(read(&said(409, b"17\n")), Answer::At(17));
        for odd in [&b""[..], b"-1\n", b"17 \n", b"seventeen\n", b"99999999999999999999\n"] {
            let answer = Ok(Response::builder().status(409).body(Bytes::from(odd)).unwrap());
            assert!(matches!(read(&answer), Answer::Failed(_)), "{odd:?}");
        }
        for status in [201, 204, 301, 400, 403, 404, 422, 429, 500, 503] {
            let answer = said(status, b"\xE2\x80\x94 w AAAA\n");
            assert!(matches!(read(&answer), Answer::Failed(_)), "{status}");
        }
    }

    #[test]
    fn a_witness_that_is_away_slow_or_too_talkative_failed() {
        for error in [CallError::Unreachable, CallError::Deadline, CallError::TooLarge] {
            assert!(matches!(read(&Err(error)), Answer::Failed(_)), "{error}");
        }
        let refused = CallError::Refused(outbound::http::RefusedCall::Scheme);
        assert_eq!(read(&Err(refused)), Answer::Failed("its address may not be called"));
    }
}
