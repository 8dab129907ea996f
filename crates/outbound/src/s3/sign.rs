//! Signature Version 4, in the headers of a request.

use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use domain::TimeMs;
use http::Request;
use zeroize::Zeroizing;

/// Longest part of a pair of keys, in bytes.
const KEY_TEXT_BYTES_MAX: usize = 256;

/// A pair of keys of an object store. It has no `Debug` that shows them, and wipes the secret.
#[derive(Clone)]
pub struct S3Keys {
    id: String,
    secret: Zeroizing<String>,
}

/// Texts that are no pair of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a pair of keys is two texts of visible characters, at most 256 bytes each")]
pub struct NotKeys;

impl std::fmt::Debug for S3Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("S3Keys(..)")
    }
}

impl S3Keys {
    /// A pair: the access key's id and its secret.
    ///
    /// # Errors
    /// [`NotKeys`].
    pub fn new(id: &str, secret: Zeroizing<String>) -> Result<Self, NotKeys> {
        let sound = |text: &str| {
            let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
            !text.is_empty() && text.len() <= KEY_TEXT_BYTES_MAX && visible
        };
        if !sound(id) || !sound(&secret) {
            return Err(NotKeys);
        }
        Ok(Self { id: id.to_owned(), secret })
    }
}

/// A request that could not be signed: its address or a header is not of a form that can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unsignable;

/// Signs a request for the service `s3` of `region`, as of `now`.
pub(super) fn signed(
    mut request: Request<Bytes>,
    keys: &S3Keys,
    region: &str,
    now: TimeMs,
) -> Result<Request<Bytes>, Unsignable> {
    let identity = Credentials::new(&keys.id, keys.secret.as_str(), None, None, "casemate").into();
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    let since = Duration::from_millis(u64::try_from(now.0).map_err(|_| Unsignable)?);
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("s3")
        .time(UNIX_EPOCH + since)
        .settings(settings)
        .build()
        .map_err(|_| Unsignable)?
        .into();
    let uri = request.uri().to_string();
    let headers: Vec<(String, String)> = request
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        .collect();
    let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let method = request.method().clone();
    let body = request.body().clone();
    let signable = SignableRequest::new(method.as_str(), uri, headers, SignableBody::Bytes(&body))
        .map_err(|_| Unsignable)?;
    let (instructions, _signature) = sign(signable, &params).map_err(|_| Unsignable)?.into_parts();
    instructions.apply_to_request_http1x(&mut request);
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> S3Keys {
        let secret = Zeroizing::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned());
        S3Keys::new("AKIAIOSFODNN7EXAMPLE", secret).unwrap()
    }

    /// Vectors of the S3 API Reference, "Signature calculations: transferring payload in a single
    /// chunk": GET with a range, and GET of a bucket's listing.
    #[test]
    fn published_signatures_are_made() {
        let now = TimeMs(1_369_353_600_000);
        let get = Request::get("https://examplebucket.s3.amazonaws.com/test.txt")
            .header("range", "bytes=0-9");
        let list = Request::get("https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J");
        for (request, wanted) in [
            (get, "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
            (list, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
        ] {
            let request = request.body(Bytes::new()).unwrap();
            let signed = signed(request, &keys(), "us-east-1", now).unwrap();
            let header = signed.headers()["authorization"].to_str().unwrap();
            assert!(header.ends_with(&format!("Signature={wanted}")), "{header}");
        }
    }

    #[test]
    fn keys_are_not_printed_and_odd_ones_are_refused() {
        assert_eq!(format!("{:?}", keys()), "S3Keys(..)");
        let secret = |text: &str| Zeroizing::new(text.to_owned());
        for (id, text) in [("", "x"), ("x", ""), ("a b", "x"), ("a", "x\ny")] {
            assert!(S3Keys::new(id, secret(text)).is_err(), "{id} {text}");
        }
    }
}
