//! The JSON body of a request.
//!
//! Always true: the size is checked before the bytes are kept, the depth before they are parsed,
//! and a refusal never repeats a value that was sent (it might be a password in the wrong place).

use aws_lc_rs::digest;
use axum::body::Body;
use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use domain::limits;
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::house::House;
use crate::problem::{Code, FieldProblem, Problem};

/// A parsed body.
#[derive(Debug)]
pub struct JsonBody<T> {
    /// What it says.
    pub value: T,
    /// SHA-256 of its bytes, by which a repeated request is told from another one.
    pub digest: [u8; 32],
}

/// Extracts a [`JsonBody`].
#[derive(Debug)]
pub struct Json<T>(pub JsonBody<T>);

impl<T: DeserializeOwned> FromRequest<House> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _house: &House) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        is_json(&parts.headers)?;
        // Bodies carry passwords and secrets: this copy is wiped. (The network's buffers are not
        // ours.)
        let bytes = Zeroizing::new(bounded(&parts.headers, body).await?.to_vec());
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| Problem::new(Code::InputMalformed).detail("the body is not UTF-8"))?;
        if depth(text) > limits::JSON_DEPTH_MAX {
            return Err(Problem::new(Code::InputTooDeep));
        }
        let value = parsed(text)?;
        let mut sum = [0u8; 32];
        sum.copy_from_slice(digest::digest(&digest::SHA256, &bytes).as_ref());
        Ok(Self(JsonBody { value, digest: sum }))
    }
}

fn is_json(headers: &HeaderMap) -> Result<(), Problem> {
    let media = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let mut parts = media.split(';').map(str::trim);
    let json = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("application/json"));
    let utf8 = parts.all(|parameter| {
        parameter.split_once('=').is_none_or(|(name, value)| {
            !name.eq_ignore_ascii_case("charset")
                || value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        })
    });
    if json && utf8 { Ok(()) } else { Err(Problem::new(Code::InputMediaType)) }
}

async fn bounded(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let too_large = || Problem::new(Code::InputTooLarge);
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if announced.and_then(|text| text.parse::<usize>().ok()) > Some(limits::BODY_BYTES_MAX) {
        return Err(too_large());
    }
    match Limited::new(body, limits::BODY_BYTES_MAX).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(_) => Err(Problem::new(Code::InputMalformed).detail("the body broke off")),
    }
}

/// The deepest nesting of arrays and objects, without parsing: brackets outside of strings.
fn depth(text: &str) -> usize {
    let (mut deepest, mut depth, mut quoted, mut escaped) = (0_usize, 0_usize, false, false);
    for byte in text.bytes() {
        match (quoted, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => quoted = !quoted,
            (false, b'{' | b'[') => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            (false, b'}' | b']') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn parsed<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let field = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() { broken_rule(&field, &inner.to_string()) } else { malformed(&inner) }
    })?;
    reader.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

fn malformed(error: &serde_json::Error) -> Problem {
    let place =
        format!("the body is not JSON, near line {} column {}", error.line(), error.column());
    Problem::new(Code::InputMalformed).detail(place)
}

fn broken_rule(field: &str, message: &str) -> Problem {
    let fields = vec![FieldProblem { field: bounded_text(field), detail: without_value(message) }];
    Problem { fields, ..Problem::new(Code::InputInvalid) }
}

/// The parser's message without the value that it may repeat, and without its position.
fn without_value(message: &str) -> String {
    let message = message.rsplit_once(" at line ").map_or(message, |(rule, _)| rule);
    let echoes = ["invalid type: ", "invalid value: ", "unknown variant "];
    if echoes.iter().any(|start| message.starts_with(start)) {
        let expected = message.rsplit_once("expected ").map_or("another value", |(_, what)| what);
        return bounded_text(&format!("expected {expected}"));
    }
    bounded_text(message)
}

/// At most 200 characters: names of unknown fields come from the sender.
fn bounded_text(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its reading is of interest")]
    struct Shape {
        name: domain::Name,
        count: Option<u8>,
    }

    fn refusal(text: &str) -> (Code, Option<(String, String)>) {
        let problem = parsed::<Shape>(text).unwrap_err();
        let field = problem.fields.first().map(|f| (f.field.clone(), f.detail.clone()));
        (problem.code, field)
    }

    #[test]
    fn a_broken_rule_names_its_field() {
        for (text, field, message) in [
            (r#"{"name":"UPPER"}"#, "name", "it holds a character that is not allowed here"),
            (r#"{"name":"a","count":"x"}"#, "count", "expected u8"),
            (
                r#"{"name":"a","other":1}"#,
                "other",
                "unknown field `other`, expected `name` or `count`",
            ),
            (r"{}", ".", "missing field `name`"),
            (r#"{"name":"a","name":"b"}"#, ".", "duplicate field `name`"),
        ] {
            let expected = (Code::InputInvalid, Some((field.to_owned(), message.to_owned())));
            assert_eq!(refusal(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_json_is_malformed() {
        for text in
            ["", "{", "nul", r#"{"name":"a"} x"#, r#"{"name":"a",}"#, r#"{"name":"\ud800"}"#]
        {
            assert_eq!(refusal(text), (Code::InputMalformed, None), "{text}");
        }
    }

    #[test]
    fn a_value_in_the_wrong_place_is_not_repeated() {
        let problem =
            parsed::<Shape>(r#"{"name":"a","count":"correct horse battery"}"#).unwrap_err();
        assert!(!format!("{problem:?}").contains("horse"));
    }

    #[test]
    fn depth_counts_brackets_outside_of_strings() {
        for (text, expected) in
            [("1", 0), ("[]", 1), (r#"{"a":[{}]}"#, 3), (r#"["[[[","\"["]"#, 1), ("[[]]]][", 2)]
        {
            assert_eq!(depth(text), expected, "{text}");
        }
    }

    #[test]
    fn only_json_in_utf8_is_read() {
        let check = |media: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, http::HeaderValue::from_static(media));
            is_json(&headers).is_ok()
        };
        assert!(check("application/json"));
        assert!(check("Application/JSON; charset=\"UTF-8\""));
        for other in ["text/plain", "application/json; charset=latin1", "application/jsonp", ""] {
            assert!(!check(other), "{other}");
        }
    }
}
