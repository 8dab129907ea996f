//! A twin of a key service's transit engine: TLS, a token, keys with versions, and the refusals in
//! the service's own words.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use data_encoding::BASE64;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

/// The mount that the twin has.
pub const MOUNT: &str = "transit";

struct State {
    token: String,
    sealed: bool,
    /// By name: the keys of every version, and the lowest that still decrypts.
    keys: BTreeMap<String, (Vec<[u8; 32]>, usize)>,
    calls: Vec<String>,
}

/// The twin, which serves until the test ends.
pub struct Transit {
    pub address: String,
    state: Arc<Mutex<State>>,
}

impl Transit {
    /// A service with one key; its certificate goes to `certificate`.
    pub fn start(token: &str, key: &str, certificate: &Path) -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(certificate, made.cert.pem()).unwrap();
        let secret =
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], secret)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let keys = BTreeMap::from([(key.to_owned(), (vec![[1u8; 32]], 1))]);
        let state = State { token: token.to_owned(), sealed: false, keys, calls: Vec::new() };
        let (state, config) = (Arc::new(Mutex::new(state)), Arc::new(config));
        let serving = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = serve(stream, Arc::clone(&config), &serving);
            }
        });
        Self { address, state }
    }

    pub fn set_token(&self, token: &str) {
        token.clone_into(&mut self.state.lock().unwrap().token);
    }

    pub fn set_sealed(&self, sealed: bool) {
        self.state.lock().unwrap().sealed = sealed;
    }

    /// A new version of the key; what the old ones wrapped still unwraps.
    pub fn rotate(&self, key: &str) {
        let mut state = self.state.lock().unwrap();
        let (versions, _) = state.keys.get_mut(key).unwrap();
        let next = u8::try_from(versions.len() + 1).unwrap();
        versions.push([next; 32]);
    }

    /// From now on only the newest version decrypts.
    pub fn retire_old_versions(&self, key: &str) {
        let mut state = self.state.lock().unwrap();
        let (versions, lowest) = state.keys.get_mut(key).unwrap();
        *lowest = versions.len();
    }

    pub fn remove(&self, key: &str) {
        self.state.lock().unwrap().keys.remove(key);
    }

    pub fn calls(&self) -> Vec<String> {
        self.state.lock().unwrap().calls.clone()
    }
}

fn serve(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    state: &Mutex<State>,
) -> std::io::Result<()> {
    let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut stream = BufReader::new(StreamOwned::new(connection, stream));
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let mut words = line.split(' ');
    let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or("").to_owned());
    let (method, mut token, mut length) = (method.to_owned(), String::new(), 0usize);
    loop {
        let mut header = String::new();
        stream.read_line(&mut header)?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "x-vault-token" => value.clone_into(&mut token),
            "content-length" => length = value.parse().unwrap_or(0),
            _ => {}
        }
    }
    let mut body = vec![0u8; length.min(64 * 1024)];
    stream.read_exact(&mut body)?;
    let (status, answer) = state.lock().unwrap().answer(&method, &path, &token, &body);
    let answer = answer.to_string();
    let head = format!(
        "HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        answer.len()
    );
    stream.get_mut().write_all((head + &answer).as_bytes())?;
    stream.get_mut().conn.send_close_notify();
    stream.get_mut().flush()
}

fn error(status: u16, text: &str) -> (u16, Value) {
    (status, json!({ "errors": [text] }))
}

impl State {
    fn answer(&mut self, method: &str, path: &str, token: &str, body: &[u8]) -> (u16, Value) {
        self.calls.push(format!("{method} {path}"));
        if self.sealed {
            return error(503, "Vault is sealed");
        }
        if token != self.token {
            return error(403, "permission denied");
        }
        let words: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let ["v1", MOUNT, act, key] = words.as_slice() else {
            return error(404, "no handler for route");
        };
        if method != "POST" && method != "PUT" {
            return error(405, "unsupported operation");
        }
        let Ok(body) = serde_json::from_slice::<Value>(body) else {
            return error(400, "failed to parse JSON input");
        };
        match *act {
            "encrypt" => self.encrypt(key, &body),
            "decrypt" => self.decrypt(key, &body),
            _ => error(404, "unsupported path"),
        }
    }

    fn encrypt(&self, key: &str, body: &Value) -> (u16, Value) {
        let plaintext =
            body["plaintext"].as_str().and_then(|text| BASE64.decode(text.as_bytes()).ok());
        let Some(mut bytes) = plaintext else {
            return error(400, "failed to base64-decode plaintext");
        };
        // A token without the right to make keys.
        let Some((versions, _)) = self.keys.get(key) else {
            return error(403, "permission denied");
        };
        let cipher = RandomizedNonceKey::new(&AES_256_GCM, versions.last().unwrap()).unwrap();
        let nonce = cipher.seal_in_place_append_tag(Aad::empty(), &mut bytes).unwrap();
        let sealed = BASE64.encode(&[nonce.as_ref().as_slice(), &bytes].concat());
        let version = versions.len();
        let ciphertext = format!("vault:v{version}:{sealed}");
        (
            200,
            json!({ "request_id": "1", "lease_id": "", "renewable": false,
            "data": { "ciphertext": ciphertext, "key_version": version } }),
        )
    }

    fn decrypt(&self, key: &str, body: &Value) -> (u16, Value) {
        let Some((versions, lowest)) = self.keys.get(key) else {
            return error(400, "encryption key not found");
        };
        let text = body["ciphertext"].as_str().unwrap_or_default();
        let Some((version, sealed)) = text.strip_prefix("vault:v").and_then(|t| t.split_once(':'))
        else {
            return error(400, "invalid ciphertext: no prefix");
        };
        let version: usize = version.parse().unwrap_or(0);
        if version < *lowest {
            return error(400, "ciphertext or signature version is disallowed by policy (too old)");
        }
        let Some(secret) = version.checked_sub(1).and_then(|at| versions.get(at)) else {
            return error(400, "invalid ciphertext: version is too new");
        };
        let bytes = BASE64.decode(sealed.as_bytes()).unwrap_or_default();
        let Some((nonce, rest)) = bytes.split_first_chunk::<12>() else {
            return error(400, "invalid ciphertext: could not decode base64");
        };
        let cipher = RandomizedNonceKey::new(&AES_256_GCM, secret).unwrap();
        let mut rest = rest.to_vec();
        match cipher.open_in_place(Nonce::from(nonce), Aad::empty(), &mut rest) {
            Ok(plaintext) => (200, json!({ "data": { "plaintext": BASE64.encode(plaintext) } })),
            Err(_) => error(400, "cipher: message authentication failed"),
        }
    }
}
