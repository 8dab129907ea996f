//! The guarded HTTP client: one request, one answer, one connection.
//!
//! Always true
//! 1. The name is resolved first, each address is judged, and the connection goes to the very
//!    address that was judged.
//! 2. TLS is verified against the well-known roots, or the operator's own beside them; plain HTTP
//!    goes only to what the operator allowed.
//! 3. The whole call ends within its [`Bounds`], by default [`DEADLINE`] and [`ANSWER_BYTES_MAX`]:
//!    an answer that is larger is dropped half-read.
//!
//! Never: a redirect that is followed, a connection that is kept, a cookie.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Uri, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::judge::{NotPublic, Policy};

/// Largest answer: a discovery document or a key set is a tenth of it.
pub const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Longest call, from the name's resolution to the answer's last byte: shorter than a request's.
pub const DEADLINE: Duration = Duration::from_secs(10);
/// How long one call may take, and how much of its answer is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// From the name's resolution to the answer's last byte.
    pub deadline: Duration,
    /// Largest body of the answer, in bytes.
    pub answer_bytes_max: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { deadline: DEADLINE, answer_bytes_max: ANSWER_BYTES_MAX }
    }
}

/// Most addresses of one name that are tried.
const ADDRESSES_MAX: usize = 3;

/// Why a call has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// It was not made.
    #[error("the call was refused: {0}")]
    Refused(RefusedCall),
    /// The name, the connection, TLS or HTTP failed.
    #[error("the other side cannot be reached")]
    Unreachable,
    /// The answer is too large.
    #[error("the answer is larger than is read")]
    TooLarge,
    /// The other side is too slow.
    #[error("the other side did not answer in time")]
    Deadline,
}

/// Why a call was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefusedCall {
    /// The name leads to an address that may not be called.
    #[error(transparent)]
    Address(NotPublic),
    /// Neither https nor http to what the operator allowed.
    #[error("only https is spoken")]
    Scheme,
    /// No host, or a user name in the address.
    #[error("the address cannot be understood")]
    Form,
}

/// Root certificates that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the file of root certificates cannot be read")]
pub struct NoRoots;

/// Makes calls. Cheap to clone.
#[derive(Clone)]
pub struct HttpClient {
    policy: Arc<Policy>,
    tls: TlsConnector,
}

impl HttpClient {
    /// A client that trusts the well-known roots, and those of `extra` besides.
    ///
    /// # Errors
    /// [`NoRoots`].
    pub fn new(policy: Policy, extra: Option<&Path>) -> Result<Self, NoRoots> {
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        if let Some(path) = extra {
            for certificate in CertificateDer::pem_file_iter(path).map_err(|_| NoRoots)? {
                roots.add(certificate.map_err(|_| NoRoots)?).map_err(|_| NoRoots)?;
            }
        }
        Ok(Self { policy: Arc::new(policy), tls: connector(roots, &[b"http/1.1"])? })
    }

    /// Sends one request. An answer of any status is an answer; a redirect is one too.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn call(&self, request: Request<Bytes>) -> Result<Response<Bytes>, CallError> {
        self.call_within(request, Bounds::default()).await
    }

    /// Sends one request, as [`HttpClient::call`] does, within bounds of the caller's.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn call_within(
        &self,
        request: Request<Bytes>,
        bounds: Bounds,
    ) -> Result<Response<Bytes>, CallError> {
        let answer = self.undelayed(request, bounds.answer_bytes_max);
        match tokio::time::timeout(bounds.deadline, answer).await {
            Ok(answer) => answer,
            Err(_elapsed) => Err(CallError::Deadline),
        }
    }

    /// A TLS connection to a host that may be called. `roots` vouch for it in place of the trusted
    /// ones.
    ///
    /// # Errors
    /// [`CallError`].
    pub(crate) async fn tls_to(
        &self,
        host: &str,
        port: u16,
        roots: Option<RootCertStore>,
    ) -> Result<TlsStream<TcpStream>, CallError> {
        let target = Target { host: host.to_owned(), port, tls: true };
        let stream = self.connected(&target).await?;
        let name =
            ServerName::try_from(target.host).map_err(|_| CallError::Refused(RefusedCall::Form))?;
        let tls = match roots {
            None => self.tls.clone(),
            Some(roots) => connector(roots, &[]).map_err(|_| CallError::Unreachable)?,
        };
        tls.connect(name, stream).await.map_err(|_| CallError::Unreachable)
    }

    async fn undelayed(
        &self,
        request: Request<Bytes>,
        answer_bytes_max: usize,
    ) -> Result<Response<Bytes>, CallError> {
        let target = Target::of(request.uri())?;
        let stream = self.connected(&target).await?;
        let request = in_origin_form(request, &target)?;
        if !target.tls {
            return exchange(stream, request, answer_bytes_max).await;
        }
        let name = ServerName::try_from(target.host.clone())
            .map_err(|_| CallError::Refused(RefusedCall::Form))?;
        let tls = self.tls.connect(name, stream).await.map_err(|_| CallError::Unreachable)?;
        exchange(tls, request, answer_bytes_max).await
    }

    /// A connection to the first address that may be called and answers. When none may be, that is
    /// the answer.
    async fn connected(&self, target: &Target) -> Result<TcpStream, CallError> {
        let found = tokio::net::lookup_host((target.host.as_str(), target.port))
            .await
            .map_err(|_| CallError::Unreachable)?;
        let mut outcome = CallError::Unreachable;
        for address in found.take(ADDRESSES_MAX) {
            if let Err(refused) = self.judge(target, address) {
                outcome = refused;
                continue;
            }
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(_) => outcome = CallError::Unreachable,
            }
        }
        Err(outcome)
    }

    fn judge(&self, target: &Target, address: SocketAddr) -> Result<(), CallError> {
        if !target.tls && !self.policy.names(&target.host, address) {
            return Err(CallError::Refused(RefusedCall::Scheme));
        }
        let judged = self.policy.judge(&target.host, address);
        judged.map_err(|why| CallError::Refused(RefusedCall::Address(why)))
    }
}

fn connector(roots: RootCertStore, protocols: &[&[u8]]) -> Result<TlsConnector, NoRoots> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| NoRoots)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Where a call goes.
struct Target {
    host: String,
    port: u16,
    tls: bool,
}

impl Target {
    fn of(uri: &Uri) -> Result<Self, CallError> {
        let refused = |why| CallError::Refused(why);
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(refused(RefusedCall::Scheme)),
        };
        let authority = uri.authority().ok_or(refused(RefusedCall::Form))?;
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(refused(RefusedCall::Form));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
        Ok(Self { host, port, tls })
    }
}

/// The request as it goes over the wire: path and query, and a `Host` header.
fn in_origin_form(
    request: Request<Bytes>,
    target: &Target,
) -> Result<Request<Full<Bytes>>, CallError> {
    let form = || CallError::Refused(RefusedCall::Form);
    let (mut parts, body) = request.into_parts();
    let host = parts.uri.authority().map(|authority| authority.as_str().to_owned());
    let host = host.unwrap_or_else(|| target.host.clone());
    parts.headers.insert(header::HOST, host.parse().map_err(|_| form())?);
    parts.headers.insert(header::CONNECTION, header::HeaderValue::from_static("close"));
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    parts.uri = path.parse().map_err(|_| form())?;
    parts.version = http::Version::HTTP_11;
    Ok(Request::from_parts(parts, Full::new(body)))
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
    answer_bytes_max: usize,
) -> Result<Response<Bytes>, CallError> {
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|_| CallError::Unreachable)?;
    let answer = async {
        let answer = sender.send_request(request).await.map_err(|_| CallError::Unreachable)?;
        let (parts, body) = answer.into_parts();
        let read = Limited::new(body, answer_bytes_max).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                CallError::TooLarge
            } else {
                CallError::Unreachable
            }
        })?;
        Ok(Response::from_parts(parts, read.to_bytes()))
    };
    tokio::pin!(answer, connection);
    // The connection is driven beside the answer, and ends with it.
    let mut open = true;
    loop {
        tokio::select! {
            biased;
            answered = &mut answer => return answered,
            _ = &mut connection, if open => open = false,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::judge::Allowed;

    fn client(allowed: &[String]) -> HttpClient {
        let allowed = allowed.iter().map(|text| text.parse::<Allowed>().unwrap()).collect();
        HttpClient::new(Policy::allowing(allowed), None).unwrap()
    }

    fn get(uri: &str) -> Request<Bytes> {
        Request::get(uri).body(Bytes::new()).unwrap()
    }

    /// Calls a server that answers once with these bytes and then closes.
    async fn answered(answer: Vec<u8>) -> Result<Response<Bytes>, CallError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut seen = [0; 1024];
            let _ = stream.read(&mut seen).await.unwrap();
            let _ = stream.write_all(&answer).await;
        };
        let client = client(&[at.to_string()]);
        let (answer, ()) = tokio::join!(client.call(get(&format!("http://{at}/x?y=1"))), serve);
        answer
    }

    #[tokio::test]
    async fn an_answer_is_read_and_a_redirect_is_not_followed() {
        let answer = answered(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec()).await;
        assert_eq!(answer.unwrap().body(), "ok");
        let away = b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\n\r\n".to_vec();
        assert_eq!(answered(away).await.unwrap().status(), 302);
    }

    #[tokio::test]
    async fn an_answer_that_is_too_large_is_dropped() {
        let mut answer = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        answer.extend(vec![b'x'; ANSWER_BYTES_MAX + 1]);
        assert_eq!(answered(answer).await.unwrap_err(), CallError::TooLarge);
    }

    #[tokio::test]
    async fn a_broken_answer_is_no_answer() {
        assert_eq!(
            answered(b"nonsense\r\n\r\n".to_vec()).await.unwrap_err(),
            CallError::Unreachable
        );
    }

    #[tokio::test]
    async fn a_call_inside_is_refused_before_it_is_made() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let client = client(&[]);
        for uri in [format!("https://{at}/"), format!("https://localhost:{}/", at.port())] {
            let refused = client.call(get(&uri)).await.unwrap_err();
            let wanted = RefusedCall::Address(NotPublic::Loopback);
            assert_eq!(refused, CallError::Refused(wanted), "{uri}");
        }
        for uri in [format!("http://{at}/"), "ftp://a.example/".to_owned()] {
            let refused = client.call(get(&uri)).await.unwrap_err();
            assert_eq!(refused, CallError::Refused(RefusedCall::Scheme), "{uri}");
        }
        let user = client.call(get(&format!("https://user@{at}/"))).await.unwrap_err();
        assert_eq!(user, CallError::Refused(RefusedCall::Form));
    }

    #[tokio::test]
    async fn a_certificate_nobody_vouches_for_is_refused() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        };
        let client = client(&[at.to_string()]);
        let (answer, ()) = tokio::join!(client.call(get(&format!("https://{at}/"))), serve);
        assert_eq!(answer.unwrap_err(), CallError::Unreachable);
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_server_costs_the_deadline_and_no_more() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let client = client(&[at.to_string()]);
        let answer = client.call(get(&format!("http://{at}/"))).await;
        assert_eq!(answer.unwrap_err(), CallError::Deadline);
    }
}
