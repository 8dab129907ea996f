//! Who, from where and about what: the objects of an event, each where its class has it.

use std::net::IpAddr;

use serde_json::{Map, Value, json};

use super::{Class, Recorded};
use crate::read::EntryView;

/// Who somebody is when an entry does not say.
const NOBODY: &str = "unknown";

/// Puts the objects of a class in their places; which personal fields found one.
pub(super) fn place(
    event: &mut Map<String, Value>,
    class: Class,
    recorded: &Recorded<'_>,
    view: &EntryView,
) -> Vec<&'static str> {
    let mut placed = Vec::new();
    if class != Class::DetectionFinding {
        event.insert("actor".into(), actor(view));
        placed.extend(origin(event, class, recorded));
    }
    match class {
        Class::Base => {}
        Class::DetectionFinding => finding(event, view),
        Class::AccountChange | Class::Authentication | Class::AuthorizeSession => {
            placed.extend(person(event, recorded, view));
        }
        Class::EntityManagement => placed.extend(entity(event, recorded, view)),
        Class::UserAccess => {
            event.insert("user".into(), json!({ "uid": subject(view) }));
            event.insert("privileges".into(), privileges(view));
            event.insert("resources".into(), json!([resource(view)]));
        }
        Class::GroupManagement => {
            event.insert("user".into(), json!({ "uid": subject(view) }));
            event.insert("group".into(), group(view));
        }
        Class::ApiActivity => {
            event.insert("api".into(), json!({ "operation": view.verb, "version": "v1" }));
            event.insert("resources".into(), json!([resource(view)]));
        }
    }
    match class {
        Class::Authentication => {
            event.insert("service".into(), json!({ "name": "casemate", "uid": view.unit }));
            event.extend(session(view).map(|session| ("session".into(), session)));
        }
        Class::AuthorizeSession => {
            event.insert("group".into(), json!({ "uid": view.unit, "type": "workspace" }));
            event.extend(session(view).map(|session| ("session".into(), session)));
        }
        _ => {}
    }
    placed
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

/// A text that a use case wrote into the state after, or else into the state before.
fn said<'a>(view: &'a EntryView, name: &str) -> Option<&'a str> {
    [&view.new, &view.old].into_iter().flatten().find_map(|value| text(value, name))
}

fn actor(view: &EntryView) -> Value {
    let said = |name| text(&view.actor, name).unwrap_or(NOBODY);
    match said("kind") {
        "user" => json!({
            "user": { "uid": said("user"), "type_id": 1, "type": "User" },
            "session": { "uid": said("session") },
        }),
        "key" => json!({
            "user": {
                "uid": said("creator"), "type_id": 1, "type": "User",
                "programmatic_credentials": [{ "uid": said("key"), "type": "api_key" }],
            },
        }),
        "job" => json!({
            "user": { "uid": said("principal"), "type_id": 1, "type": "User" },
            "app_name": "casemate/job", "app_uid": said("job"),
        }),
        "system" => json!({ "app_name": format!("casemate/{}", said("part")) }),
        kind => json!({ "user": { "name": kind, "type_id": 0, "type": "Unknown" } }),
    }
}

/// From where, and with what.
fn origin(
    event: &mut Map<String, Value>,
    class: Class,
    recorded: &Recorded<'_>,
) -> Vec<&'static str> {
    let mut placed = Vec::new();
    let ip = recorded.personal("ip").filter(|ip| ip.parse::<IpAddr>().is_ok());
    if let Some(ip) = ip {
        event.insert("src_endpoint".into(), json!({ "ip": ip }));
        placed.push("ip");
    } else if class == Class::ApiActivity {
        // The class requires one; its address was erased, or there was none.
        event.insert("src_endpoint".into(), json!({ "name": NOBODY }));
    }
    if let Some(agent) = recorded.personal("user_agent") {
        event.insert("http_request".into(), json!({ "user_agent": agent }));
        placed.push("user_agent");
    }
    placed
}

/// The id of the person an entry is about.
fn subject(view: &EntryView) -> &str {
    let about = match view.resource.kind.as_str() {
        "user" | "member" => view.resource.id.as_str(),
        _ => None,
    };
    let acted = ["user", "creator", "principal"].into_iter().find_map(|who| text(&view.actor, who));
    about
        .or_else(|| said(view, "user"))
        .or_else(|| said(view, "member"))
        .or(acted)
        .unwrap_or(NOBODY)
}

fn person(
    event: &mut Map<String, Value>,
    recorded: &Recorded<'_>,
    view: &EntryView,
) -> Vec<&'static str> {
    let mut user = Map::from_iter([("uid".to_owned(), Value::from(subject(view)))]);
    let email = recorded.personal("email").filter(|email| is_plain_address(email));
    if let Some(email) = email {
        user.insert("email_addr".into(), email.into());
    }
    event.insert("user".into(), Value::Object(user));
    email.map(|_| "email").into_iter().collect()
}

/// Whether the schema's own pattern takes an address: it knows no quoted and no national ones.
fn is_plain_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let sound = |part: &str, more: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    sound(local, "!#$%&'*+-/=?^_`{|}~.") && sound(domain, "-.") && domain.contains('.')
}

fn id(view: &EntryView) -> String {
    match &view.resource.id {
        Value::String(id) => id.clone(),
        // The digest of an id that was too long.
        other => other.to_string(),
    }
}

fn entity(
    event: &mut Map<String, Value>,
    recorded: &Recorded<'_>,
    view: &EntryView,
) -> Vec<&'static str> {
    let mut entity = Map::from_iter([
        ("uid".to_owned(), Value::from(id(view))),
        ("type".to_owned(), view.resource.kind.as_str().into()),
        ("type_id".to_owned(), 99.into()),
    ]);
    if let Some(name) = said(view, "name") {
        entity.insert("name".into(), name.into());
    }
    event.insert("entity".into(), Value::Object(entity));
    let reason = recorded.personal("reason");
    event.extend(reason.map(|reason| ("comment".into(), reason.into())));
    reason.map(|_| "reason").into_iter().collect()
}

fn resource(view: &EntryView) -> Value {
    json!({ "uid": id(view), "type": view.resource.kind })
}

/// What somebody may do from now on, in the words of the entry.
fn privileges(view: &EntryView) -> Value {
    match said(view, "role") {
        Some(role) => json!([role]),
        None => json!([view.verb]),
    }
}

fn group(view: &EntryView) -> Value {
    match view.resource.kind.as_str() {
        "member" => json!({ "uid": view.unit, "type": "workspace" }),
        "user" => json!({ "name": "staff", "uid": view.unit, "type": "staff" }),
        kind => json!({ "uid": id(view), "type": kind }),
    }
}

fn session(view: &EntryView) -> Option<Value> {
    let about = (view.resource.kind == "session").then(|| view.resource.id.as_str()).flatten();
    about.or_else(|| text(&view.actor, "session")).map(|uid| json!({ "uid": uid }))
}

fn finding(event: &mut Map<String, Value>, view: &EntryView) {
    let info = json!({
        "uid": view.entry, "title": view.verb, "created_time": view.at_ms,
        "types": [view.verb],
    });
    event.insert("finding_info".into(), info);
    event.insert("resources".into(), json!([resource(view)]));
}
