//! `If-Match`: an update that is meant for one version of a thing.

use axum::extract::FromRequestParts;
use http::HeaderValue;
use http::header::IF_MATCH;
use http::request::Parts;
use utoipa::IntoParams;

use crate::house::House;
use crate::problem::{Code, Problem};

/// The header, for the OpenAPI document.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it is read by the OpenAPI derivation only")]
pub struct IfMatchHeader {
    /// The `version` of the thing as it was read, in quotes. Refused with 412 when it has changed
    /// since.
    #[param(
        rename = "if-match",
        required = false,
        nullable = false,
        pattern = "^\"[0-9]{1,19}\"$"
    )]
    tag: Option<String>,
}

/// The version that an update is meant for; any, when absent or `*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IfMatch(pub Option<u64>);

impl IfMatch {
    /// Whether this is the version meant.
    ///
    /// # Errors
    /// `conflict.version`.
    pub fn check(self, version: u64) -> Result<(), Problem> {
        match self.0 {
            Some(meant) if meant != version => Err(Problem::new(Code::ConflictVersion)),
            _ => Ok(()),
        }
    }
}

impl FromRequestParts<House> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _house: &House) -> Result<Self, Problem> {
        let mut given = parts.headers.get_all(IF_MATCH).iter();
        let invalid = || Problem::invalid("if-match", "it is one version in quotes, or *");
        match (given.next(), given.next()) {
            (None, _) => Ok(Self(None)),
            (Some(value), None) => read(value).map(Self).ok_or_else(invalid),
            (Some(_), Some(_)) => Err(invalid()),
        }
    }
}

fn read(value: &HeaderValue) -> Option<Option<u64>> {
    match value.to_str().ok()? {
        "*" => Some(None),
        quoted => {
            let digits = quoted.strip_prefix('"')?.strip_suffix('"')?;
            digits.parse().ok().map(Some)
        }
    }
}

/// The entity tag of a version.
#[must_use]
pub fn tag(version: u64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"0\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_in_quotes_or_a_star_is_read() {
        for (text, expected) in [
            ("\"7\"", Some(Some(7))),
            ("*", Some(None)),
            ("7", None),
            ("W/\"7\"", None),
            ("\"7\", \"8\"", None),
            ("\"x\"", None),
        ] {
            assert_eq!(read(&HeaderValue::from_static(text)), expected, "{text}");
        }
        assert_eq!(tag(7), "\"7\"");
    }
}
