//! A TLS server whose answers the test writes, and which remembers what it was asked.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use tokio_rustls::TlsAcceptor;

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Value,
}

impl Asked {
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// One answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(value: Value) -> Self {
        Self { status: 200, headers: Vec::new(), body: value.to_string().into_bytes() }
    }

    pub(crate) fn bytes(body: Vec<u8>) -> Self {
        Self { status: 200, headers: Vec::new(), body }
    }

    pub(crate) fn problem(status: u16, code: &str) -> Self {
        let body = json!({ "type": "about:blank", "title": code, "status": status, "code": code,
            "detail": format!("refused with {code}"), "request_id": "req-1" });
        Self { status, ..Self::json(body) }
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

type Script = dyn Fn(&Asked) -> Reply + Send + Sync;

/// A certificate and its key, self-signed for localhost, as `up` makes them.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) pem: String,
    pub(crate) der: Vec<u8>,
    key: Vec<u8>,
}

impl Identity {
    pub(crate) fn new() -> Self {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        Self {
            pem: made.cert.pem(),
            der: made.cert.der().to_vec(),
            key: made.signing_key.serialize_der(),
        }
    }

    pub(crate) fn fingerprint(&self) -> String {
        use aws_lc_rs::digest;
        let hash = digest::digest(&digest::SHA256, &self.der);
        format!("SHA256:{}", data_encoding::HEXUPPER.encode(hash.as_ref()))
    }
}

/// The server. It ends with the test's process.
pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) identity: Identity,
    asked: Arc<Mutex<Vec<Asked>>>,
    current: Arc<Mutex<Identity>>,
}

impl Server {
    pub(crate) fn start(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let identity = Identity::new();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let current = Arc::new(Mutex::new(identity.clone()));
        let script: Arc<Script> = Arc::new(script);
        let state = (Arc::clone(&asked), Arc::clone(&current));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(accept(listener, script, state.0, state.1));
        });
        Self { url: format!("https://localhost:{}/", address.port()), identity, asked, current }
    }

    /// From now on the server shows another certificate.
    pub(crate) fn change_certificate(&self) {
        *self.current.lock().unwrap() = Identity::new();
    }

    /// Everything that was asked until now.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// How often this was asked.
    pub(crate) fn count(&self, line: &str) -> usize {
        self.asked().iter().filter(|asked| asked.line() == line).count()
    }
}

async fn accept(
    listener: TcpListener,
    script: Arc<Script>,
    asked: Arc<Mutex<Vec<Asked>>>,
    current: Arc<Mutex<Identity>>,
) {
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let acceptor = acceptor(&current.lock().unwrap());
        let (script, asked) = (Arc::clone(&script), Arc::clone(&asked));
        connections.spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service =
                service_fn(move |request| answer(request, Arc::clone(&script), Arc::clone(&asked)));
            let _ = auto::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

fn acceptor(identity: &Identity) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(identity.key.clone()));
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![identity.der.clone().into()], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

async fn answer(
    request: Request<Incoming>,
    script: Arc<Script>,
    asked: Arc<Mutex<Vec<Asked>>>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let request = Asked {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect(),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    };
    let reply = script(&request);
    asked.lock().unwrap().push(request);
    let mut response = Response::new(Full::new(Bytes::from(reply.body)));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap();
    for (name, value) in reply.headers {
        let name: http::HeaderName = name.parse().unwrap();
        response.headers_mut().append(name, value.parse().unwrap());
    }
    Ok(response)
}
