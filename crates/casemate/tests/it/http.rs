//! A small client of the API, for what the command line does not do: many calls at once, over
//! connections that break.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;

const CALL_MAX: Duration = Duration::from_secs(10);
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A connection to one platform.
#[derive(Clone)]
pub struct Api {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base: String,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub body: Bytes,
    /// The receipts in its header, in the form they came.
    pub receipts: Vec<String>,
    /// The request's id.
    pub request: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// Why nothing is known about what a call did.
#[derive(Debug)]
pub struct Unknown;

impl Api {
    /// A client that trusts the certificate of this data folder and no other.
    pub fn new(base: &str, data: &Path) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(data.join("tls/cert.pem")).unwrap()).unwrap();
        let config =
            rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let https = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_only()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new()).build(https);
        Self { client, base: base.to_owned() }
    }

    /// One call. An error says that the connection broke: the call happened, or it did not.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Answer, Unknown> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let bytes = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let request = request.body(Full::new(bytes)).unwrap();
        let answered = tokio::time::timeout(CALL_MAX, self.exchange(request)).await;
        answered.unwrap_or(Err(Unknown))
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Answer, Unknown> {
        let answer = self.client.request(request).await.map_err(|_| Unknown)?;
        let header = |name: &str| {
            let text = answer.headers().get(name).and_then(|text| text.to_str().ok());
            text.unwrap_or_default().to_owned()
        };
        let (receipts, request) = (header("casemate-receipt"), header("casemate-request-id"));
        let receipts = receipts.split(',').map(str::trim).filter(|text| !text.is_empty());
        let receipts = receipts.map(str::to_owned).collect();
        let status = answer.status();
        let body = Limited::new(answer.into_body(), BODY_BYTES_MAX).collect().await;
        let body = body.map_err(|_| Unknown)?.to_bytes();
        Ok(Answer { status, body, receipts, request })
    }

    pub async fn get(&self, path: &str, token: Option<&str>) -> Result<Answer, Unknown> {
        self.call(Method::GET, path, token, None).await
    }

    pub async fn post(
        &self,
        path: &str,
        token: Option<&str>,
        body: &Value,
    ) -> Result<Answer, Unknown> {
        self.call(Method::POST, path, token, Some(body)).await
    }
}
