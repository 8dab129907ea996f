//! Sends calls to one server and reads their answers.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderName, HeaderValue, Request, Response, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::de::DeserializeOwned;
use url::Url;
use zeroize::Zeroizing;

use super::operations::Repeat;
use super::tls::Verifier;
use super::{ANSWER_BYTES_MAX, Call, Credential, Fingerprint, HolderKey, TransportError, Trust};
use crate::failure::Failure;
use crate::problem::Problem;

/// Longest wait for the head of an answer: a little more than the server gives itself.
const ANSWER_WAIT: Duration = Duration::from_millis(domain::limits::REQUEST_MS_MAX + 5_000);
/// Longest wait for all of an answer: the largest one over a slow line.
const BODY_WAIT: Duration = Duration::from_secs(120);
/// Longest wait for a connection.
const CONNECT_WAIT: Duration = Duration::from_secs(10);
/// Longest wait that a `Retry-After` may ask of a person before they are told instead.
const RETRY_AFTER_S_MAX: u64 = 5;
/// The header with the receipts of what a call changed.
const RECEIPT: &str = "casemate-receipt";
/// The header with the proof that we hold the key of our sign-in.
const PROOF: HeaderName = HeaderName::from_static("dpop");
/// The header that names the request.
const REQUEST_ID: &str = "casemate-request-id";

type Https = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// A connection to one server.
pub(crate) struct Transport {
    server: Url,
    verifier: Arc<Verifier>,
    https: Https,
}

/// An answer that was read completely. Its body is wiped: it may hold tokens or secrets.
pub(crate) struct Answer {
    body: Zeroizing<Vec<u8>>,
    /// The receipts of what the call changed, as signed notes in base64url.
    pub(crate) receipts: Vec<String>,
    /// The entity tag, for `If-Match`.
    pub(crate) tag: Option<String>,
}

impl Answer {
    /// The answer as it came.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// The answer as the shape the caller expects.
    ///
    /// Errors: it has another form.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, TransportError> {
        serde_json::from_slice(&self.body).map_err(|_| TransportError::Shape)
    }
}

/// An answer that arrives piece by piece.
pub(crate) struct Stream {
    body: Incoming,
    /// The size the server announced.
    pub(crate) bytes: Option<u64>,
}

impl Stream {
    /// The next piece; `None` at the end.
    ///
    /// Errors: the connection broke, or nothing came for [`ANSWER_WAIT`].
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, TransportError> {
        loop {
            let frame = tokio::time::timeout(ANSWER_WAIT, self.body.frame())
                .await
                .map_err(|_| TransportError::Answer(io::ErrorKind::TimedOut.into()))?;
            match frame {
                None => return Ok(None),
                Some(Err(error)) => return Err(TransportError::Answer(io::Error::other(error))),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }
}

impl Transport {
    /// A client of `server`, which must be what `trust` says; with no trust yet, only
    /// [`Transport::look`] works.
    ///
    /// Errors: not an `https` URL; the authority's file is of no use.
    pub(crate) fn new(server: &Url, trust: Option<&Trust>) -> Result<Self, TransportError> {
        if server.scheme() != "https" || !server.has_host() {
            return Err(TransportError::Url(server.to_string()));
        }
        let verifier = Verifier::new(trust)?;
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_connect_timeout(Some(CONNECT_WAIT));
        connector.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(verifier.client()?)
            .https_only()
            .enable_all_versions()
            .wrap_connector(connector);
        let https = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { server: server.clone(), verifier, https })
    }

    /// The server.
    pub(crate) const fn server(&self) -> &Url {
        &self.server
    }

    /// The narrowest trust that holds for the server as it was met: its very certificate, when the
    /// authority's file held that one.
    pub(crate) fn settled(&self, trust: Trust) -> Trust {
        match self.verifier.listed() {
            Some(fingerprint) => Trust::Pinned(fingerprint),
            None => trust,
        }
    }

    /// The fingerprint of the certificate the server shows now. Sends nothing but a handshake.
    ///
    /// Errors: the server cannot be reached.
    pub(crate) async fn look(&self) -> Result<Fingerprint, TransportError> {
        let request = Request::get(self.uri("/")?).body(Full::default());
        let request = request.map_err(|_| TransportError::Shape)?;
        match self.round(request).await {
            Ok(_) | Err(TransportError::Untrusted { .. } | TransportError::Changed { .. }) => {}
            Err(error) => return Err(error),
        }
        self.verifier.presented().ok_or_else(|| TransportError::Unreachable {
            server: self.name(),
            why: "it showed no certificate".to_owned(),
        })
    }

    /// Makes a call and reads the answer.
    ///
    /// Errors: the server's problem; no answer; an answer too large.
    pub(crate) async fn call(
        &self,
        call: &Call,
        credential: Option<Credential<'_>>,
    ) -> Result<Answer, Failure> {
        let response = self.answered(call, credential).await?;
        let headers = response.headers();
        let receipts = headers
            .get_all(RECEIPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(|receipt| receipt.trim().to_owned())
            .filter(|receipt| !receipt.is_empty())
            .collect();
        let tag = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        let body = whole(response.into_body()).await?;
        Ok(Answer { body, receipts, tag })
    }

    /// Makes a call whose answer may be of any size.
    ///
    /// Errors: the server's problem; no answer.
    pub(crate) async fn stream(
        &self,
        call: &Call,
        credential: Option<Credential<'_>>,
    ) -> Result<Stream, Failure> {
        let response = self.answered(call, credential).await?;
        let bytes = response
            .headers()
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok())
            .and_then(|length| length.parse().ok());
        Ok(Stream { body: response.into_body(), bytes })
    }

    /// The head of a successful answer. A server that is busy is asked once more when that is
    /// harmless.
    async fn answered(
        &self,
        call: &Call,
        credential: Option<Credential<'_>>,
    ) -> Result<Response<Incoming>, Failure> {
        let mut again = call.operation.repeat != Repeat::Never;
        loop {
            let response = self.round(self.request(call, credential)?).await?;
            if response.status().is_success() {
                return Ok(response);
            }
            let problem = problem(response).await?;
            match problem.retry_after_s {
                Some(wait) if again && problem.status == 503 && wait <= RETRY_AFTER_S_MAX => {
                    again = false;
                    tokio::time::sleep(Duration::from_secs(wait)).await;
                }
                _ => return Err(problem.into()),
            }
        }
    }

    fn request(
        &self,
        call: &Call,
        credential: Option<Credential<'_>>,
    ) -> Result<Request<Full<Bytes>>, TransportError> {
        let body = Full::new(call.body.clone().unwrap_or_default());
        let mut request = Request::builder()
            .method(call.operation.method)
            .uri(self.uri(&call.target())?)
            .body(body)
            .map_err(|_| TransportError::Shape)?;
        let headers = request.headers_mut();
        headers.extend(call.headers.clone());
        headers.insert(
            header::USER_AGENT,
            HeaderValue::from_static(concat!("casemate/", env!("CARGO_PKG_VERSION"))),
        );
        let (authorization, proof) = match credential {
            None => (None, None),
            Some(Credential::Bearer(token)) => (Some(format!("Bearer {token}")), None),
            Some(Credential::Bound(token, key)) => {
                (Some(format!("DPoP {token}")), Some(self.proof(call, key, Some(token))?))
            }
            Some(Credential::Key(key)) => (None, Some(self.proof(call, key, None)?)),
        };
        for (name, text) in [(header::AUTHORIZATION, authorization), (PROOF, proof)] {
            let Some(text) = text.map(Zeroizing::new) else { continue };
            let mut value = HeaderValue::from_str(&text).map_err(|_| TransportError::Shape)?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(request)
    }

    /// The proof that goes with this call, and with no other.
    fn proof(
        &self,
        call: &Call,
        key: &HolderKey,
        token: Option<&str>,
    ) -> Result<String, TransportError> {
        key.proof(call.operation.method, &format!("{}{}", self.name(), call.path), token)
    }

    async fn round(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, TransportError> {
        match tokio::time::timeout(ANSWER_WAIT, self.https.request(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(self.broken(&error)),
            Err(_) => Err(TransportError::Unreachable {
                server: self.name(),
                why: format!("no answer within {} s", ANSWER_WAIT.as_secs()),
            }),
        }
    }

    /// What a failed connection means: a certificate that is not the right one, or no server.
    fn broken(&self, error: &(dyn Error + 'static)) -> TransportError {
        let server = self.name();
        if let Some(shown) = self.verifier.refused() {
            return match self.verifier.pinned() {
                Some(pinned) => TransportError::Changed { server, pinned, shown },
                None => TransportError::Untrusted { server, shown },
            };
        }
        TransportError::Unreachable { server, why: innermost(error) }
    }

    fn uri(&self, target: &str) -> Result<Uri, TransportError> {
        let base = self.server.as_str().trim_end_matches('/');
        format!("{base}{target}").parse().map_err(|_| TransportError::Url(base.to_owned()))
    }

    fn name(&self) -> String {
        self.server.as_str().trim_end_matches('/').to_owned()
    }
}

/// The last of an error's causes: what the network itself said.
fn innermost(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let cause = next?;
        next = cause.source();
        Some(cause)
    })
}

/// What the server said instead of an answer.
async fn problem(response: Response<Incoming>) -> Result<Problem, TransportError> {
    let status = response.status().as_u16();
    let text = |name: &str| {
        response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    let retry_after_s = text(header::RETRY_AFTER.as_str()).and_then(|wait| wait.parse().ok());
    let request_id = text(REQUEST_ID);
    let body = whole(response.into_body()).await?;
    let mut problem: Problem =
        serde_json::from_slice(&body).unwrap_or_else(|_| Problem::bare(status));
    problem.status = status;
    problem.retry_after_s = retry_after_s;
    problem.request_id = problem.request_id.or(request_id);
    Ok(problem)
}

/// The whole body, within [`ANSWER_BYTES_MAX`] and [`BODY_WAIT`].
async fn whole(body: Incoming) -> Result<Zeroizing<Vec<u8>>, TransportError> {
    tokio::time::timeout(BODY_WAIT, gathered(body))
        .await
        .map_err(|_| TransportError::Answer(io::ErrorKind::TimedOut.into()))?
}

async fn gathered(body: Incoming) -> Result<Zeroizing<Vec<u8>>, TransportError> {
    let mut stream = Stream { body, bytes: None };
    let mut pieces = Vec::new();
    let mut size = 0usize;
    while let Some(piece) = stream.next().await? {
        size = size.saturating_add(piece.len());
        if size > ANSWER_BYTES_MAX {
            return Err(TransportError::Answer(io::ErrorKind::FileTooLarge.into()));
        }
        pieces.push(BytesMut::from(piece));
    }
    let mut whole = Zeroizing::new(Vec::with_capacity(size));
    for mut piece in pieces {
        whole.extend_from_slice(&piece);
        zeroize::Zeroize::zeroize(&mut *piece);
    }
    Ok(whole)
}
