//! A message as its person reads it: text and HTML from the same words and facts.
//!
//! Always true
//! 1. Of a message's details only listed fields are shown, each on one line and cut to
//!    [`FACT_CHARS_MAX`].
//! 2. Every text is escaped for HTML, and no text of somebody else's becomes a link by itself.

use std::fmt::Write;

use domain::TimeMs;
use serde_json::Value as Json;
use store::NoticeKind;

use super::moment::written;
use super::words::{self, Words};

/// A letter's words.
#[derive(Clone, PartialEq, Eq)]
pub struct Rendered {
    /// What it is about.
    pub subject: &'static str,
    /// The letter as text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// A message that cannot be written: it should have a link and a code, and lacks one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message lacks its link or its code")]
pub struct Unrenderable;

/// Longest fact that is shown.
const FACT_CHARS_MAX: usize = 120;

/// The fields of a message's details that are shown, with their labels.
const FACTS: &[(&str, &str)] = &[
    ("factor", "Factor"),
    ("device", "Device"),
    ("label", "Named"),
    ("user_agent", "Program"),
    ("client", "Program"),
    ("country", "Country"),
    ("ip", "Address"),
    ("provider", "Provider"),
    ("key", "Key"),
    ("workspace", "Workspace"),
    ("reason", "Why"),
    ("secrets", "Secrets"),
    ("asked_by", "Asked by"),
    ("approved_by", "Agreed by"),
    ("due_at_ms", "Due"),
    ("opens_at_ms", "Works from"),
    ("expires_at_ms", "Ends"),
];

/// Writes a message. `url` is the instance's address, `code` the opened sealed part.
///
/// # Errors
/// [`Unrenderable`].
pub fn render(
    kind: NoticeKind,
    details: &Json,
    code: Option<&str>,
    happened_at: TimeMs,
    url: &str,
) -> Result<Rendered, Unrenderable> {
    let words = words::of(kind);
    let facts = facts(details, happened_at);
    let link = match words.link {
        None => None,
        Some(path) => {
            let id = details.get("link").and_then(Json::as_str).ok_or(Unrenderable)?;
            let id: uuid::Uuid = id.parse().map_err(|_| Unrenderable)?;
            Some((format!("{url}/{path}/{id}"), code.ok_or(Unrenderable)?))
        }
    };
    let link = link.as_ref().map(|(link, code)| (link.as_str(), *code));
    Ok(Rendered {
        subject: words.subject,
        text: as_text(&words, &facts, link, url),
        html: as_html(&words, &facts, link, url),
    })
}

fn facts(details: &Json, happened_at: TimeMs) -> Vec<(&'static str, String)> {
    let mut facts = vec![("When", written(happened_at))];
    for (field, label) in FACTS {
        let value = match details.get(field) {
            Some(Json::String(text)) => plain(text),
            Some(Json::Number(number)) if field.ends_with("_at_ms") => {
                number.as_i64().map(|ms| written(TimeMs(ms))).unwrap_or_default()
            }
            _ => String::new(),
        };
        if !value.is_empty() {
            facts.push((label, value));
        }
    }
    facts
}

/// A fact on one line, in which mail programs find no address to make a link of.
fn plain(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|c| if c.is_control() || is_bidi(c) { ' ' } else { c })
        .take(FACT_CHARS_MAX)
        .collect();
    line.replace("://", ": //").replace("www.", "www .").trim().to_owned()
}

/// Characters that turn the direction of the text after them.
const fn is_bidi(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

fn as_text(
    words: &Words,
    facts: &[(&str, String)],
    link: Option<(&str, &str)>,
    url: &str,
) -> String {
    let mut text = format!("{}\n\n", words.happened);
    for (label, value) in facts {
        let _ = writeln!(text, "  {label}: {value}");
    }
    if let Some((link, code)) = link {
        let _ = write!(text, "\n  Link: {link}\n  Code: {code}\n");
    }
    let _ = write!(text, "\n{}\n\n-- \nCasemate, {url}\n", words.advice);
    text
}

fn as_html(
    words: &Words,
    facts: &[(&str, String)],
    link: Option<(&str, &str)>,
    url: &str,
) -> String {
    let mut rows = String::new();
    for (label, value) in facts {
        row(&mut rows, label, &escaped(value));
    }
    if let Some((link, code)) = link {
        let link = escaped(link);
        row(&mut rows, "Link", &format!("<a href=\"{link}\">{link}</a>"));
        row(&mut rows, "Code", &format!("<strong><code>{}</code></strong>", escaped(code)));
    }
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{subject}\
         </title></head>\n<body style=\"font-family:sans-serif;line-height:1.5;max-width:40em\">\n\
         <p>{happened}</p>\n<table>\n{rows}</table>\n<p>{advice}</p>\n\
         <p style=\"color:#555\">Casemate, <a href=\"{url}\">{url}</a></p>\n</body>\n</html>\n",
        subject = escaped(words.subject),
        happened = escaped(words.happened),
        advice = escaped(words.advice),
        url = escaped(url),
    )
}

fn row(rows: &mut String, label: &str, cell: &str) {
    let style = "text-align:left;padding-right:1em";
    let _ = writeln!(rows, "<tr><th style=\"{style}\">{}</th><td>{cell}</td></tr>", escaped(label));
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
