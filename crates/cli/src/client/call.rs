//! One call: an operation, the ids in its path, its query and its body.

use bytes::Bytes;
use data_encoding::HEXLOWER;
use http::{HeaderMap, HeaderValue, header};
use serde::Serialize;
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::TransportError;
use super::operations::{Operation, Repeat};

/// Where a client names a request that may be repeated.
pub(crate) const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// A call that can be sent, and sent again.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) operation: Operation,
    pub(crate) path: String,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
}

impl Call {
    /// A call of `operation` with these ids, in the order of the path.
    ///
    /// Ids are typed or checked names before they come here; each is percent-encoded all the same,
    /// so that none can reach another path.
    pub(crate) fn new(operation: Operation, ids: &[&dyn std::fmt::Display]) -> Self {
        let mut ids = ids.iter();
        let segments: Vec<String> = operation
            .path
            .split('/')
            .map(|segment| match segment.starts_with('{').then(|| ids.next()).flatten() {
                Some(id) => encoded(&id.to_string()),
                None => segment.to_owned(),
            })
            .collect();
        let mut headers = HeaderMap::new();
        if operation.repeat == Repeat::Keyed
            && let Ok(key) = HeaderValue::from_str(&idempotency_key())
        {
            headers.insert(IDEMPOTENCY_KEY, key);
        }
        Self { operation, path: segments.join("/"), query: Vec::new(), headers, body: None }
    }

    /// The same call with one more query parameter.
    pub(crate) fn query(mut self, name: &'static str, value: impl ToString) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    /// The same call with this JSON body. The bytes are wiped once the last copy of the call is
    /// gone.
    ///
    /// Errors: the shape cannot be written as JSON, which no shape of this client does.
    pub(crate) fn body<T: Serialize>(mut self, body: &T) -> Result<Self, TransportError> {
        let bytes = serde_json::to_vec(body).map_err(|_| TransportError::Shape)?;
        self.body = Some(Bytes::from_owner(Zeroizing::new(bytes)));
        self.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(self)
    }

    /// The same call only if the thing still has this version (`If-Match`).
    pub(crate) fn only_if(mut self, version: &str) -> Result<Self, TransportError> {
        let value = HeaderValue::from_str(version).map_err(|_| TransportError::Shape)?;
        self.headers.insert(header::IF_MATCH, value);
        Ok(self)
    }

    /// The same call with one more header, in place of an earlier one of that name.
    pub(crate) fn header(
        mut self,
        name: &'static str,
        value: &str,
    ) -> Result<Self, TransportError> {
        let value = HeaderValue::from_str(value).map_err(|_| TransportError::Shape)?;
        self.headers.insert(name, value);
        Ok(self)
    }

    /// The path and query as they go into the request line.
    pub(crate) fn target(&self) -> String {
        if self.query.is_empty() {
            return self.path.clone();
        }
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.query);
        format!("{}?{}", self.path, query.finish())
    }
}

/// A segment of a path: everything but unreserved characters (RFC 3986 section 2.3) is
/// percent-encoded.
fn encoded(id: &str) -> String {
    id.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            b'.' if !matches!(id, "." | "..") => ".".to_owned(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

/// A name for one request that nobody else's has: 128 random bits.
fn idempotency_key() -> String {
    let mut bytes = [0u8; 16];
    domain::Entropy::fill(&seal::SystemEntropy, &mut bytes);
    HEXLOWER.encode(&bytes)
}

#[cfg(test)]
mod tests {
    use super::super::operations as op;
    use super::*;

    #[test]
    fn ids_fill_the_path_in_order() {
        let call = Call::new(op::SECRET_DELETE, &[&"p", &"e", &"NAME"]);
        assert_eq!(call.target(), "/v1/projects/p/environments/e/secrets/NAME");
    }

    #[test]
    fn an_id_cannot_leave_its_segment() {
        let call = Call::new(op::SESSION_REVOKE, &[&"../whoami?x#y"]);
        assert_eq!(call.target(), "/v1/sessions/..%2Fwhoami%3Fx%23y");
        assert_eq!(Call::new(op::SESSION_REVOKE, &[&".."]).target(), "/v1/sessions/%2E%2E");
    }

    #[test]
    fn query_values_are_encoded() {
        let call = Call::new(op::AUDIT_ENTRIES, &[]).query("verb", "a&b=c").query("limit", 5);
        assert_eq!(call.target(), "/v1/audit/entries?verb=a%26b%3Dc&limit=5");
    }

    #[test]
    fn creates_carry_an_idempotency_key_of_their_own() {
        let key = |call: &Call| call.headers.get(IDEMPOTENCY_KEY).cloned();
        let first = Call::new(op::PROJECT_CREATE, &[]);
        let second = Call::new(op::PROJECT_CREATE, &[]);
        assert!(key(&first).is_some());
        assert_ne!(key(&first), key(&second));
        assert!(key(&Call::new(op::STEP_UP, &[])).is_none());
    }
}
