//! A provider that answers what a test tells it to, letter by letter, and signs with keys of its
//! own. What real providers do is taken from their documents and, for OpenID Connect, compared with
//! the certified one in `provider.rs` (contract-tested).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

#[derive(Clone)]
struct Answer {
    status: u16,
    media: &'static str,
    body: Vec<u8>,
}

#[derive(Default)]
struct State {
    answers: BTreeMap<String, Answer>,
    asked: Vec<(String, String)>,
}

pub(crate) struct Twin {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
    _serving: JoinSet<()>,
}

pub(crate) fn key(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
}

fn encoded(value: &Value) -> String {
    BASE64URL_NOPAD.encode(value.to_string().as_bytes())
}

/// A token signed by this key, under this name.
pub(crate) fn signed(seed: u8, kid: &str, claims: &Value) -> String {
    let head = encoded(&json!({ "alg": "EdDSA", "kid": kid, "typ": "JWT" }));
    let input = format!("{head}.{}", encoded(claims));
    let signature = key(seed).sign(input.as_bytes());
    format!("{input}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
}

/// A token without a signature.
pub(crate) fn unsigned(claims: &Value) -> String {
    format!("{}.{}.", encoded(&json!({ "alg": "none" })), encoded(claims))
}

/// A token whose HMAC key is the public key that everybody knows.
pub(crate) fn confused(seed: u8, claims: &Value) -> String {
    let head = encoded(&json!({ "alg": "HS256", "kid": "k1", "typ": "JWT" }));
    let input = format!("{head}.{}", encoded(claims));
    let mac = hmac::Key::new(hmac::HMAC_SHA256, key(seed).public_key().as_ref());
    let tag = hmac::sign(&mac, input.as_bytes());
    format!("{input}.{}", BASE64URL_NOPAD.encode(tag.as_ref()))
}

impl Twin {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let mut serving = JoinSet::new();
        let shared = Arc::clone(&state);
        serving.spawn(async move {
            let mut open = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                open.spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        let twin = Self { url, state, _serving: serving };
        twin.publishes("", &twin.url, &json!({}));
        let template = format!("{}/{{tenantid}}/v2.0", twin.url);
        twin.publishes("/common/v2.0", &template, &json!({}));
        twin.has_keys(&[(1, "k1")]);
        twin
    }

    pub(crate) fn now_s(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
    }

    pub(crate) fn answers(&self, path: &str, status: u16, media: &'static str, body: Vec<u8>) {
        let answer = Answer { status, media, body };
        self.state.lock().unwrap().answers.insert(path.to_owned(), answer);
    }

    pub(crate) fn answers_json(&self, path: &str, status: u16, body: &Value) {
        self.answers(path, status, "application/json", body.to_string().into_bytes());
    }

    /// A discovery document at this place.
    pub(crate) fn publishes(&self, place: &str, issuer: &str, more: &Value) {
        let mut document = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{}/authorize", self.url),
            "token_endpoint": format!("{}/token", self.url),
            "jwks_uri": format!("{}/jwks", self.url),
        });
        let fields = document.as_object_mut().unwrap();
        fields.extend(more.as_object().unwrap().clone());
        self.answers_json(&format!("{place}/.well-known/openid-configuration"), 200, &document);
    }

    pub(crate) fn has_keys(&self, keys: &[(u8, &str)]) {
        let keys: Vec<Value> = keys
            .iter()
            .map(|(seed, kid)| {
                let x = BASE64URL_NOPAD.encode(key(*seed).public_key().as_ref());
                json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": kid, "x": x })
            })
            .collect();
        self.answers_json("/jwks", 200, &json!({ "keys": keys }));
    }

    /// The next exchange gives this token.
    pub(crate) fn gives(&self, token: &str) {
        let body = json!({ "access_token": "opaque", "token_type": "Bearer", "id_token": token });
        self.answers_json("/token", 200, &body);
    }

    /// The next exchange gives a genuine token with these claims.
    pub(crate) fn says(&self, claims: &Value) {
        self.gives(&signed(1, "k1", claims));
    }

    /// Requests to this path, with their bodies.
    pub(crate) fn asked(&self, path: &str) -> Vec<String> {
        let state = self.state.lock().unwrap();
        state.asked.iter().filter(|(at, _)| at == path).map(|(_, body)| body.clone()).collect()
    }
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let mut seen = Vec::new();
    let (path, body) = loop {
        let mut part = [0; 4096];
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return,
            Ok(n) => seen.extend_from_slice(&part[..n]),
        }
        if let Some(request) = complete(&seen) {
            break request;
        }
    };
    let answer = {
        let mut state = state.lock().unwrap();
        state.asked.push((path.clone(), body));
        state.answers.get(&path).cloned()
    };
    let missing = Answer { status: 404, media: "text/plain", body: Vec::new() };
    let Answer { status, media, body } = answer.unwrap_or(missing);
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {media}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&body).await;
}

/// Path and body, when all of a request has come.
fn complete(seen: &[u8]) -> Option<(String, String)> {
    let text = String::from_utf8_lossy(seen).into_owned();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length = head.lines().find_map(|line| {
        line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse::<usize>().ok()
    });
    (body.len() >= length.unwrap_or(0)).then(|| {
        let target = head.split(' ').nth(1).unwrap_or_default();
        (target.split('?').next().unwrap().to_owned(), body.to_owned())
    })
}
