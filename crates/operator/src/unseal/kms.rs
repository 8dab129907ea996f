//! A key management service in the shape of Vault's and OpenBao's transit engine.
//!
//! `POST /v1/MOUNT/encrypt/KEY` and `/decrypt/KEY` over TLS, with the token in `X-Vault-Token`. The
//! service sees the wrapping key and never the root key: without the slot file what it holds opens
//! nothing.
//!
//! Contract-tested: against a twin of the service in `crates/casemate/tests/it/transit.rs`.

use broker::ElsewhereFault;
use broker::slots::{ElsewherePlace, Errand, Fetched};
use bytes::Bytes;
use data_encoding::BASE64;
use http::{Request, StatusCode, Uri, header};
use outbound::http::{CallError, HttpClient};
use outbound::judge::{Allowed, Policy};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use super::{key_of, new_key, one_part, secret_in};

/// Longest text that the service may call a ciphertext: what a slot can keep.
const CIPHERTEXT_BYTES_MAX: usize = seal::slot::NAME_BYTES_MAX;

#[derive(Serialize)]
struct Encrypt<'a> {
    plaintext: &'a str,
}

#[derive(Serialize)]
struct Decrypt<'a> {
    ciphertext: &'a str,
}

#[derive(Deserialize)]
struct Answer<T> {
    data: T,
}

#[derive(Deserialize)]
struct Encrypted {
    ciphertext: String,
}

#[derive(Deserialize)]
struct Decrypted {
    plaintext: String,
}

#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    errors: Vec<String>,
}

/// Makes and wraps a key, or unwraps one.
///
/// # Errors
/// [`ElsewhereFault`].
pub(super) fn fetch(errand: &Errand) -> Result<Fetched, ElsewhereFault> {
    let service = Service::of(errand)?;
    match one_part(&errand.act)? {
        None => {
            let key = new_key();
            let plaintext = Zeroizing::new(BASE64.encode(key.as_slice()));
            let body = json(&Encrypt { plaintext: &plaintext })?;
            let answer: Answer<Encrypted> = service.ask("encrypt", body)?;
            let ciphertext = answer.data.ciphertext;
            if ciphertext.is_empty() || ciphertext.len() > CIPHERTEXT_BYTES_MAX {
                return Err(ElsewhereFault::Failed);
            }
            Ok(Fetched { key, parts: vec![ciphertext.into_bytes()] })
        }
        Some(ciphertext) => {
            let text = std::str::from_utf8(ciphertext).map_err(|_| ElsewhereFault::Refused)?;
            let body = json(&Decrypt { ciphertext: text })?;
            let answer: Answer<Decrypted> = service.ask("decrypt", body)?;
            let mut plaintext = answer.data.plaintext;
            let bytes = BASE64.decode(plaintext.as_bytes()).map(Zeroizing::new);
            plaintext.zeroize();
            Ok(Fetched {
                key: key_of(&bytes.map_err(|_| ElsewhereFault::Failed)?)?,
                parts: Vec::new(),
            })
        }
    }
}

fn json(body: &impl Serialize) -> Result<Bytes, ElsewhereFault> {
    serde_json::to_vec(body).map(Bytes::from).map_err(|_| ElsewhereFault::Failed)
}

struct Service {
    client: HttpClient,
    address: String,
    mount: String,
    key: String,
    token: header::HeaderValue,
}

impl Service {
    fn of(errand: &Errand) -> Result<Self, ElsewhereFault> {
        let ElsewherePlace::Kms { address, mount, key } = &errand.place else {
            return Err(ElsewhereFault::Failed);
        };
        let host = host_of(address).ok_or(ElsewhereFault::NotConfigured)?;
        if !is_path(mount) || !is_path(key) || key.contains('/') {
            return Err(ElsewhereFault::NotConfigured);
        }
        // A key service lies in a private network more often than not; this one is allowed, and
        // nothing else is.
        let roots = errand.access.kms_root_certificate_file.as_deref();
        let client = HttpClient::new(Policy::allowing(vec![host]), roots)
            .map_err(|_| ElsewhereFault::NotConfigured)?;
        let token = secret_in(errand.access.kms_token_file.as_deref())?;
        let mut token = header::HeaderValue::from_bytes(token.expose())
            .map_err(|_| ElsewhereFault::NotConfigured)?;
        token.set_sensitive(true);
        let address = address.trim_end_matches('/').to_owned();
        Ok(Self { client, address, mount: mount.clone(), key: key.clone(), token })
    }

    fn ask<T: for<'a> Deserialize<'a>>(&self, act: &str, body: Bytes) -> Result<T, ElsewhereFault> {
        let Self { address, mount, key, .. } = self;
        let request = Request::post(format!("{address}/v1/{mount}/{act}/{key}"))
            .header("X-Vault-Token", self.token.clone())
            .header("X-Vault-Request", "true")
            .header(header::CONTENT_TYPE, "application/json")
            .body(body)
            .map_err(|_| ElsewhereFault::NotConfigured)?;
        let runtime = crate::runtime().map_err(|_| ElsewhereFault::Failed)?;
        let answer = runtime.block_on(self.client.call(request)).map_err(|error| match error {
            CallError::Refused(_) => ElsewhereFault::NotConfigured,
            CallError::TooLarge => ElsewhereFault::Failed,
            CallError::Unreachable | CallError::Deadline => ElsewhereFault::Unreachable,
        })?;
        if answer.status() != StatusCode::OK {
            return Err(refused(answer.status(), answer.body()));
        }
        serde_json::from_slice(answer.body()).map_err(|_| ElsewhereFault::Failed)
    }
}

/// What a status means. The service says only in words whether it lacks the key or the key does not
/// open.
fn refused(status: StatusCode, body: &[u8]) -> ElsewhereFault {
    match status {
        StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => ElsewhereFault::Forbidden,
        StatusCode::SERVICE_UNAVAILABLE => ElsewhereFault::Sealed,
        StatusCode::NOT_FOUND => ElsewhereFault::NoKey,
        StatusCode::BAD_REQUEST => {
            let refusal: Refusal = serde_json::from_slice(body).unwrap_or_default();
            let missing = refusal.errors.iter().any(|error| error.contains("key not found"));
            if missing { ElsewhereFault::NoKey } else { ElsewhereFault::Refused }
        }
        StatusCode::TOO_MANY_REQUESTS | StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => {
            ElsewhereFault::Unreachable
        }
        _ => ElsewhereFault::Failed,
    }
}

/// Host and port of `https://host:port`, which has nothing after them.
fn host_of(address: &str) -> Option<Allowed> {
    let uri: Uri = address.parse().ok()?;
    let bare = uri.scheme_str() == Some("https") && matches!(uri.path(), "" | "/");
    let authority = uri.authority().filter(|one| bare && !one.as_str().contains('@'))?;
    let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
    (uri.query().is_none() && !host.is_empty())
        .then(|| Allowed::Host { host, port: authority.port_u16().unwrap_or(443) })
}

/// Words of a path that mean themselves.
fn is_path(text: &str) -> bool {
    text.split('/').all(|word| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        !word.is_empty() && word != "." && word != ".." && word.bytes().all(plain)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_https_with_a_host_and_nothing_after_it() {
        let host = |address| match host_of(address) {
            Some(Allowed::Host { host, port }) => Some((host, port)),
            _ => None,
        };
        assert_eq!(host("https://kms.example:8200"), Some(("kms.example".into(), 8200)));
        assert_eq!(host("https://[::1]:8200/"), Some(("::1".into(), 8200)));
        assert_eq!(host("https://kms.example"), Some(("kms.example".into(), 443)));
        for other in
            ["http://kms.example", "kms.example", "https://a@b", "https://a/v1", "https://a?b"]
        {
            assert_eq!(host(other), None, "{other}");
        }
    }

    #[test]
    fn a_path_leads_nowhere_else() {
        for sound in ["transit", "team/transit", "casemate-root_1.0"] {
            assert!(is_path(sound), "{sound}");
        }
        for other in ["", "/", "a/", "/a", "..", "a/../b", "a b", "a?b", "a%2f", "ü"] {
            assert!(!is_path(other), "{other}");
        }
    }

    #[test]
    fn each_refusal_of_the_service_has_a_meaning_of_its_own() {
        let said = |status, body: &str| refused(status, body.as_bytes());
        assert_eq!(said(StatusCode::FORBIDDEN, ""), ElsewhereFault::Forbidden);
        assert_eq!(said(StatusCode::SERVICE_UNAVAILABLE, ""), ElsewhereFault::Sealed);
        assert_eq!(said(StatusCode::NOT_FOUND, "{}"), ElsewhereFault::NoKey);
        let missing = r#"{"errors":["encryption key not found"]}"#;
        assert_eq!(said(StatusCode::BAD_REQUEST, missing), ElsewhereFault::NoKey);
        let other = r#"{"errors":["cipher: message authentication failed"]}"#;
        assert_eq!(said(StatusCode::BAD_REQUEST, other), ElsewhereFault::Refused);
        assert_eq!(said(StatusCode::TEMPORARY_REDIRECT, ""), ElsewhereFault::Failed);
    }
}
