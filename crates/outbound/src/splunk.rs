//! Splunk's HTTP event collector: events by a token, and their acknowledgement where the token asks
//! for one.
//!
//! Always true
//! 1. The token is sent as a header to the collector alone, and is not printed.
//! 2. Where the collector gives an acknowledgement's number, a batch counts as taken only when the
//!    collector says that it is indexed.
//!
//! Source: Splunk Enterprise, "HTTP Event Collector REST API endpoints" (`services/collector/event`
//! and `services/collector/ack`).

use std::time::Duration;

use ::http::header::AUTHORIZATION;
use ::http::{HeaderValue, Request};
use bytes::Bytes;
use serde::Deserialize;
use tokio::time::Instant;

use crate::http::{Bounds, CallError, HttpClient, RefusedCall};
use crate::receiver::Answer;

/// Pause between two questions whether a batch is indexed.
const ASK_EVERY: Duration = Duration::from_millis(500);

/// A collector.
#[derive(Clone, Copy)]
pub struct Collector<'a> {
    /// Its address, without a path.
    pub url: &'a str,
    /// The token.
    pub token: &'a str,
    /// What tells this sender's acknowledgements from another's: a UUID.
    pub channel: &'a str,
}

fn within(deadline: Duration) -> Bounds {
    Bounds { deadline, ..Bounds::default() }
}

#[derive(Deserialize)]
struct Accepted {
    #[serde(default)]
    code: i64,
    #[serde(default, rename = "ackId")]
    ack: Option<u64>,
}

#[derive(Deserialize)]
struct Acknowledged {
    #[serde(default)]
    acks: std::collections::BTreeMap<String, bool>,
}

impl Collector<'_> {
    fn request(&self, path: &str, body: Vec<u8>) -> Result<Request<Bytes>, CallError> {
        let form = CallError::Refused(RefusedCall::Form);
        let mut token =
            HeaderValue::from_str(&format!("Splunk {}", self.token)).map_err(|_| form)?;
        token.set_sensitive(true);
        Request::post(format!("{}{path}", self.url.trim_end_matches('/')))
            .header(AUTHORIZATION, token)
            .header("x-splunk-request-channel", self.channel)
            .header("content-type", "application/json")
            .body(Bytes::from(body))
            .map_err(|_| form)
    }

    /// Hands events over: JSON objects, one after the other.
    ///
    /// # Errors
    /// [`CallError`]; [`CallError::Deadline`] also when they are not indexed in time.
    pub async fn post(
        &self,
        client: &HttpClient,
        events: Vec<u8>,
        deadline: Duration,
    ) -> Result<Answer, CallError> {
        let until = Instant::now() + deadline;
        let request = self.request("/services/collector/event", events)?;
        let answer = client.call_within(request, within(deadline)).await?;
        let meaning = Answer::of(&answer);
        if meaning != Answer::Taken {
            return Ok(meaning);
        }
        match serde_json::from_slice(answer.body()) {
            Ok(Accepted { code: 0, ack: Some(ack) }) => self.indexed(client, ack, until).await,
            Ok(Accepted { code: 0, ack: None }) => Ok(Answer::Taken),
            // A success that is not the collector's own: something else answers there.
            _ => Ok(Answer::Broken),
        }
    }

    async fn indexed(
        &self,
        client: &HttpClient,
        ack: u64,
        until: Instant,
    ) -> Result<Answer, CallError> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(CallError::Deadline);
            }
            let body = format!("{{\"acks\":[{ack}]}}").into_bytes();
            let path = format!("/services/collector/ack?channel={}", self.channel);
            let answer = client.call_within(self.request(&path, body)?, within(left)).await?;
            let meaning = Answer::of(&answer);
            if meaning != Answer::Taken {
                return Ok(meaning);
            }
            let said: Result<Acknowledged, _> = serde_json::from_slice(answer.body());
            match said {
                Ok(said) if said.acks.get(&ack.to_string()) == Some(&true) => {
                    return Ok(Answer::Taken);
                }
                Ok(_) => tokio::time::sleep(ASK_EVERY.min(left)).await,
                Err(_) => return Ok(Answer::Broken),
            }
        }
    }
}
