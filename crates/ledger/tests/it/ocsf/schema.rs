//! The published schema, and a validator that is as strict as it: unknown attributes, types, enums,
//! required attributes and constraints, all the way down.
//!
//! Source: OCSF 1.8.0 as the schema's own server exports it; fetched from the package index once,
//! pinned by its hash.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

/// The compiled schema. Panics, with what went wrong, when it cannot be had: nothing is skipped.
pub(super) fn schema() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let text = std::fs::read_to_string(fetched()).unwrap();
        let schema: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(schema["version"], ledger::ocsf::OCSF_VERSION);
        schema
    })
}

fn fetched() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ocsf-json-schema-1.2.0");
    let file = folder.join("schema-1.8.0.json");
    if file.exists() {
        return file;
    }
    let must = |command: &mut Command| {
        let status = command.status().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        assert!(status.success(), "{command:?}: {status}; the schema cannot be had");
    };
    must(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/ocsf/requirements.txt");
    must(
        Command::new(folder.join("bin/pip"))
            .args(["install", "--quiet", "--disable-pip-version-check", "--no-deps"])
            .args(["--only-binary", ":all:", "--require-hashes", "-r"])
            .arg(list),
    );
    let found = std::fs::read_dir(folder.join("lib")).unwrap().next().unwrap().unwrap().path();
    let inside = found.join("site-packages/ocsf_json_schema/ocsf/1.8.0.json");
    std::fs::copy(inside, &file).unwrap();
    file
}

/// Everything that is wrong with an event; empty when it is valid.
pub(super) fn faults(event: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let classes = schema()["classes"].as_object().unwrap();
    let class = classes.values().find(|class| class["uid"] == event["class_uid"]);
    let Some(class) = class else { return vec!["class_uid: no such class".into()] };
    check_object(class, event, class["name"].as_str().unwrap(), &mut faults);
    let uid = event["class_uid"].as_u64().unwrap() * 100 + event["activity_id"].as_u64().unwrap();
    for (field, wanted) in [
        ("type_uid", Value::from(uid)),
        ("category_uid", class["category_uid"].clone()),
        ("class_name", class["caption"].clone()),
    ] {
        // The base event's category has no number of its own in the export.
        if !wanted.is_null() && event[field] != wanted {
            faults.push(format!("{field}: {} is not {wanted}", event[field]));
        }
    }
    siblings(class, event, &mut faults);
    faults
}

/// A number's name is the schema's, unless the number says that the name is the source's own.
fn siblings(class: &Value, event: &Value, faults: &mut Vec<String>) {
    for (name, attribute) in class["attributes"].as_object().unwrap() {
        let (Some(sibling), Some(number)) = (attribute["sibling"].as_str(), event.get(name)) else {
            continue;
        };
        let caption = &attribute["enum"][number.to_string()]["caption"];
        if number != 99 && event.get(sibling).is_some() && event[sibling] != *caption {
            faults.push(format!("{sibling}: {} is not {caption}", event[sibling]));
        }
    }
}

fn check_object(kind: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    let Some(value) = value.as_object() else {
        return faults.push(format!("{at}: no object"));
    };
    let attributes = kind["attributes"].as_object().unwrap();
    // What belongs to a profile is there only for events that name the profile, and ours name none.
    let plain = |attribute: &Value| attribute.get("profiles").is_none_or(Value::is_null);
    for (name, attribute) in attributes.iter().filter(|(_, attribute)| plain(attribute)) {
        if attribute["requirement"] == "required" && !value.contains_key(name) {
            faults.push(format!("{at}.{name}: required"));
        }
    }
    for (name, inner) in value {
        let at = format!("{at}.{name}");
        match attributes.get(name).filter(|attribute| plain(attribute)) {
            None => faults.push(format!("{at}: unknown attribute")),
            Some(attribute) if attribute.get("@deprecated").is_some() => {
                faults.push(format!("{at}: deprecated"));
            }
            Some(attribute) => check_attribute(attribute, inner, &at, faults),
        }
    }
    let there: BTreeSet<&str> = value.keys().map(String::as_str).collect();
    for (rule, at_most) in [("at_least_one", usize::MAX), ("just_one", 1)] {
        let Some(names) = kind["constraints"][rule].as_array() else { continue };
        let count = names.iter().filter(|name| there.contains(name.as_str().unwrap())).count();
        if count == 0 || count > at_most {
            faults.push(format!("{at}: {rule} of {names:?}"));
        }
    }
}

fn check_attribute(attribute: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    if attribute["is_array"] != true {
        return check_value(attribute, value, at, faults);
    }
    let Some(items) = value.as_array() else {
        return faults.push(format!("{at}: no array"));
    };
    for (index, item) in items.iter().enumerate() {
        check_value(attribute, item, &format!("{at}[{index}]"), faults);
    }
}

fn check_value(attribute: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    if let Some(allowed) = attribute["enum"].as_object() {
        let written = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if !allowed.contains_key(&written) {
            faults.push(format!("{at}: {written} is not of the enum"));
        }
    }
    let kind = attribute["type"].as_str().unwrap();
    if kind == "object_t" {
        // An object without attributes of its own takes any.
        let object = &schema()["objects"][attribute["object_type"].as_str().unwrap()];
        assert!(object.is_object(), "{at}");
        if attribute["object_type"] == "object" {
            if !value.is_object() {
                faults.push(format!("{at}: no object"));
            }
            return;
        }
        return check_object(object, value, at, faults);
    }
    if !fits(kind, value) {
        faults.push(format!("{at}: {value} is not of {kind}"));
    }
}

fn fits(kind: &str, value: &Value) -> bool {
    let base = schema()["dictionary"]["types"]["attributes"][kind]["type"].as_str();
    let text = value.as_str();
    match kind {
        "boolean_t" => value.is_boolean(),
        "integer_t" => value.as_i64().is_some(),
        "long_t" => value.as_i64().is_some(),
        "float_t" => value.is_number(),
        "string_t" => text.is_some(),
        "json_t" => true,
        "ip_t" => text.is_some_and(|ip| ip.parse::<IpAddr>().is_ok()),
        "email_t" => text.is_some_and(|email| {
            email.split_once('@').is_some_and(|(local, domain)| {
                !local.is_empty() && domain.contains('.') && email.is_ascii()
            })
        }),
        other => match base {
            Some(base) if base != other => fits(base, value),
            _ => panic!("a type that this validator does not know: {other}"),
        },
    }
}
