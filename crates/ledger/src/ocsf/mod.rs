//! An entry in the words of the Open Cybersecurity Schema Framework, for whoever collects events of
//! many sources.
//!
//! Always true
//! 1. Every entry has a form: each verb has a class (an exhaustive match), and what this release
//!    cannot read becomes a base event that carries the bytes.
//! 2. Nothing is lost: `raw_data` holds the very bytes that were hashed, `unmapped` what the schema
//!    has no place for, with index and leaf hash, so that a receiver can still check the log.
//! 3. A personal value that was erased, or is withheld, is left out, and `unmapped.withheld` names
//!    its field.
//!
//! Never: a value that is not in the entry or beside it.
//!
//! Source: OCSF 1.8.0. Choice: `docs/decisions/0024-the-log-in-standard-forms.md`.

mod classes;
mod parts;

pub use classes::{Class, Mapped, Severity, Status, mapped};

use data_encoding::HEXLOWER;
use serde_json::{Map, Value, json};

use crate::entry::PersonalValue;
use crate::event::Verb;
use crate::read::EntryView;
use crate::tree::Hash;

/// The version of the schema that is written.
pub const OCSF_VERSION: &str = "1.8.0";

/// An entry with what is known about it.
#[derive(Debug, Clone, Copy)]
pub struct Recorded<'a> {
    /// The bytes that were hashed.
    pub bytes: &'a [u8],
    /// Its place in the log; `None` while it waits for one.
    pub index: Option<u64>,
    /// Its leaf hash.
    pub leaf: &'a Hash,
    /// The personal values beside it that are not erased.
    pub personal: &'a [PersonalValue],
}

impl Recorded<'_> {
    fn personal(&self, field: &str) -> Option<&str> {
        self.personal.iter().find(|one| one.field == field).map(|one| one.value.as_str())
    }
}

/// The entry as an OCSF event.
#[must_use]
pub fn ocsf_event(recorded: &Recorded<'_>) -> Value {
    let view = EntryView::read(recorded.bytes).ok();
    let verb: Option<Verb> = view.as_ref().and_then(|view| view.verb.parse().ok());
    match (&view, verb) {
        (Some(view), Some(verb)) => Value::Object(event_of(recorded, view, verb)),
        (view, _) => Value::Object(base_event(recorded, view.as_ref())),
    }
}

fn event_of(recorded: &Recorded<'_>, view: &EntryView, verb: Verb) -> Map<String, Value> {
    let mapped = mapped(verb);
    let activity_name = mapped.activity_name.unwrap_or(verb.as_str());
    let mut event = head(mapped.class, mapped.activity, activity_name, mapped.severity);
    let (status_id, status) = match (mapped.class, mapped.status) {
        // A finding's status says where its investigation stands.
        (Class::DetectionFinding, _) => (1, "New"),
        (_, Status::Success) => (1, "Success"),
        (_, Status::Failure) => (2, "Failure"),
    };
    event.insert("status_id".into(), status_id.into());
    event.insert("status".into(), status.into());
    event.insert("time".into(), view.at_ms.into());
    event.insert("message".into(), message(view).into());
    event.insert("metadata".into(), metadata(recorded, Some(view)));
    let placed = parts::place(&mut event, mapped.class, recorded, view);
    event.insert("unmapped".into(), unmapped(recorded, view, &placed));
    raw(&mut event, recorded);
    event
}

/// What a release that knows less can say about an entry.
fn base_event(recorded: &Recorded<'_>, view: Option<&EntryView>) -> Map<String, Value> {
    let (unknown, severity) = (view.map_or("Unknown", |view| view.verb.as_str()), "Unknown");
    let activity = if view.is_some() { 99 } else { 0 };
    let mut event = head(Class::Base, activity, unknown, Severity::Informational);
    event.insert("severity_id".into(), 0.into());
    event.insert("severity".into(), severity.into());
    event.insert("time".into(), view.map_or(0, |view| view.at_ms).into());
    event.insert("metadata".into(), metadata(recorded, view));
    let mut unmapped = Map::new();
    position(&mut unmapped, recorded);
    event.insert("unmapped".into(), Value::Object(unmapped));
    raw(&mut event, recorded);
    event
}

/// What every event begins with.
fn head(class: Class, activity: u32, name: &str, severity: Severity) -> Map<String, Value> {
    let (class_uid, class_name, category_uid, category_name) = class.names();
    let (severity_id, severity) = severity.named();
    let Value::Object(head) = json!({
        "category_uid": category_uid, "category_name": category_name,
        "class_uid": class_uid, "class_name": class_name,
        "activity_id": activity, "activity_name": name,
        "type_uid": u64::from(class_uid) * 100 + u64::from(activity),
        "type_name": format!("{class_name}: {}", if activity == 99 { "Other" } else { name }),
        "severity_id": severity_id, "severity": severity,
    }) else {
        return Map::new();
    };
    head
}

fn message(view: &EntryView) -> String {
    match &view.resource.id {
        Value::String(id) => format!("{} {}/{id}", view.verb, view.resource.kind),
        _ => format!("{} {}", view.verb, view.resource.kind),
    }
}

/// Where the event comes from: the product, the log, the entry, its place and its request.
fn metadata(recorded: &Recorded<'_>, view: Option<&EntryView>) -> Value {
    let product = json!({
        "name": "Casemate", "vendor_name": "Casemate", "version": env!("CARGO_PKG_VERSION"),
    });
    let mut metadata = Map::from_iter([
        ("version".to_owned(), Value::from(OCSF_VERSION)),
        ("product".to_owned(), product),
        ("log_provider".to_owned(), "casemate".into()),
    ]);
    let mut set = |name: &str, value: Value| drop(metadata.insert(name.to_owned(), value));
    if let Some(view) = view {
        set("uid", view.entry.as_str().into());
        set("log_name", view.stream.as_str().into());
        set("log_version", view.format.to_string().into());
        set("tenant_uid", view.unit.as_str().into());
        set("event_code", view.verb.as_str().into());
        set("correlation_uid", view.request.as_str().into());
        set("logged_time", view.at_ms.into());
    }
    if let Some(index) = recorded.index {
        set("sequence", index.into());
    }
    Value::Object(metadata)
}

fn position(unmapped: &mut Map<String, Value>, recorded: &Recorded<'_>) {
    unmapped.insert("leaf_hash".into(), HEXLOWER.encode(recorded.leaf).into());
    if let Some(index) = recorded.index {
        unmapped.insert("leaf_index".into(), index.into());
    }
}

/// What the schema has no place for. `placed` are the personal fields that found one.
fn unmapped(recorded: &Recorded<'_>, view: &EntryView, placed: &[&str]) -> Value {
    let mut unmapped = Map::new();
    position(&mut unmapped, recorded);
    unmapped.insert("actor".into(), view.actor.clone());
    unmapped.insert("resource".into(), json!(view.resource));
    for (name, value) in [("old", &view.old), ("new", &view.new)] {
        if let Some(value) = value {
            unmapped.insert(name.into(), value.clone());
        }
    }
    let (mut values, mut withheld) = (Map::new(), Vec::new());
    for field in view.personal.keys() {
        match recorded.personal(field) {
            None => withheld.push(Value::from(field.as_str())),
            Some(_) if placed.contains(&field.as_str()) => {}
            Some(value) => drop(values.insert(field.clone(), value.into())),
        }
    }
    if !values.is_empty() {
        unmapped.insert("personal".into(), Value::Object(values));
    }
    if !withheld.is_empty() {
        unmapped.insert("withheld".into(), Value::Array(withheld));
    }
    Value::Object(unmapped)
}

/// The bytes themselves; an entry of ours is text.
fn raw(event: &mut Map<String, Value>, recorded: &Recorded<'_>) {
    event.insert("raw_data".into(), String::from_utf8_lossy(recorded.bytes).into());
    event.insert("raw_data_size".into(), recorded.bytes.len().into());
}
