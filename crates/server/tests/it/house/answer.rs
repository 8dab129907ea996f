//! An answer, and the check that the OpenAPI document foresaw it.

use std::sync::OnceLock;

use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
    pub(crate) json: Value,
}

fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(crate::document::document)
}

/// Makes the document before a server starts: on a busy machine that takes longer than a view of
/// revocations may be old, and nothing else runs on the thread meanwhile.
pub(crate) fn foresee() {
    let _ = document();
}

/// Whether a path is one that a template such as `/v1/keys/{key}` stands for; fixed words win over
/// names.
fn fits(template: &str, path: &str) -> bool {
    let (mut parts, mut names) = (path.split('/'), template.split('/'));
    loop {
        match (names.next(), parts.next()) {
            (None, None) => return true,
            (Some(name), Some(part)) if name.starts_with('{') || name == part => {}
            _ => return false,
        }
    }
}

/// The described operation of a request, if there is one.
pub(crate) fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let paths = document()["paths"].as_object().unwrap();
    let names = |template: &str| template.matches('{').count();
    let found = paths.iter().filter(|(template, _)| fits(template, path));
    let (_, item) = found.min_by_key(|(template, _)| names(template))?;
    item.get(method.as_str().to_ascii_lowercase())
}

impl Answer {
    pub(crate) fn new(status: StatusCode, headers: HeaderMap, bytes: Vec<u8>) -> Self {
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Self { status, headers, bytes, json }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The stable code; empty for an answer that is no problem.
    pub(crate) fn code(&self) -> &str {
        if self.status.is_success() { "" } else { self.json["code"].as_str().unwrap_or("") }
    }

    /// Status and code, as the matrix shows them.
    pub(crate) fn verdict(&self) -> String {
        format!("{} {}", self.status.as_u16(), self.code()).trim_end().to_owned()
    }

    /// The same answer, which must be a success.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert!(self.status.is_success(), "{} {}", self.status, self.text());
        self
    }

    /// The same answer, which must be this refusal.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!(self.verdict(), format!("{status} {code}"), "{}", self.text());
        self
    }

    #[track_caller]
    pub(crate) fn text_at(&self, field: &str) -> &str {
        self.json[field].as_str().unwrap_or_else(|| panic!("no {field} in {}", self.text()))
    }

    /// Every answer names its request, and one of a described operation has a described status and
    /// code.
    #[track_caller]
    pub(crate) fn check_against_the_document(&self, method: &Method, path: &str) {
        let place = format!("{method} {path}: {} {}", self.status, self.text());
        assert!(self.headers.contains_key("casemate-request-id"), "{place}");
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"), "{place}");
        if !self.status.is_success() && !self.status.is_redirection() && *method != Method::HEAD {
            assert_eq!(self.header("content-type"), Some("application/problem+json"), "{place}");
            assert_eq!(self.json["request_id"].as_str(), self.header("casemate-request-id"));
            assert_eq!(self.json["status"], self.status.as_u16());
        }
        let Some(operation) = operation(method, path) else { return };
        let described = &operation["responses"][self.status.as_str()];
        assert!(described.is_object(), "not described: {place}");
        if !self.status.is_success() {
            let codes = described["x-casemate-codes"].as_array().unwrap();
            assert!(codes.iter().any(|code| *code == self.json["code"]), "not described: {place}");
        }
    }
}
