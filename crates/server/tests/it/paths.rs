//! Every path to a session: each operation whose answer can hold tokens, with the factors behind
//! it. An operation that is not in the table fails.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::document::document;
use crate::house::House;

/// What somebody has presented by the time they hold these tokens. `a session` was begun by one of
/// the paths above it.
const PATHS: &[(&str, &str)] = &[
    ("account_backup_codes", "a session, a second factor given within five minutes"),
    ("account_password", "a session, a second factor within five minutes, the old password"),
    ("account_totp_confirm", "a session, a second factor within five minutes, the new one's code"),
    (
        "authorizations_redeem",
        "a session of two factors, one of them fresh, the code, its verifier, the key",
    ),
    (
        "device_grants_redeem",
        "a session of two factors, one of them fresh, the device code, the key",
    ),
    ("enrolments_confirm", "link and code, the password just chosen, the authenticator's code"),
    ("sessions_create", "password, second factor"),
    ("sessions_enter_workspace", "a session"),
    ("sessions_passkey", "the authenticator that holds the passkey, which verified its person"),
    ("sessions_refresh", "a session"),
    ("sessions_step_up", "a session, second factor"),
    (
        "sessions_step_up_confirm",
        "a live session on a provider's word, and its factors given there again",
    ),
    ("sso_redeem", "a provider's word, and a factor of one's own or one the workspace counts"),
];

/// Operations of people who lost something: they get a factor back, never a session.
const LOST: &[&str] = &[
    "password_resets_complete",
    "password_resets_create",
    "recoveries_approve",
    "recoveries_complete",
    "recoveries_create",
    "recoveries_list",
    "recoveries_start",
];

/// The names of every field that an answer of this schema can have, however deep.
fn fields(document: &Value, schema: &Value, seen: &mut BTreeSet<String>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if let Some(name) = schema["$ref"].as_str().and_then(|text| text.rsplit('/').next()) {
        if seen.insert(name.to_owned()) {
            found.extend(fields(document, &document["components"]["schemas"][name], seen));
        }
        return found;
    }
    for (name, part) in schema["properties"].as_object().into_iter().flatten() {
        found.insert(name.clone());
        found.extend(fields(document, part, seen));
    }
    for list in ["allOf", "oneOf", "anyOf"] {
        for part in schema[list].as_array().into_iter().flatten() {
            found.extend(fields(document, part, seen));
        }
    }
    if schema["items"].is_object() {
        found.extend(fields(document, &schema["items"], seen));
    }
    found
}

/// Every operation with the fields of its successful answers.
fn answers() -> BTreeMap<String, BTreeSet<String>> {
    let document = document();
    let mut all = BTreeMap::new();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            let mut found = BTreeSet::new();
            for (status, answer) in operation["responses"].as_object().unwrap() {
                if status.starts_with('2') {
                    let schema = &answer["content"]["application/json"]["schema"];
                    found.extend(fields(&document, schema, &mut BTreeSet::new()));
                }
            }
            all.insert(id, found);
        }
    }
    all
}

#[test]
fn every_answer_that_can_hold_tokens_is_in_the_table_of_its_factors() {
    let found: Vec<String> = answers()
        .into_iter()
        .filter(|(_, fields)| fields.contains("refresh_token") || fields.contains("access_token"))
        .map(|(id, _)| id)
        .collect();
    let table: Vec<&str> = PATHS.iter().map(|(id, _)| *id).collect();
    assert_eq!(found, table, "write down which factors are behind a new path to a session");
    for (id, factors) in PATHS {
        assert!(factors.contains("session") || factors.contains(", "), "{id} has one factor");
    }
}

#[test]
fn resets_and_recoveries_answer_with_no_token() {
    let answers = answers();
    let theirs: Vec<&String> = answers
        .keys()
        .filter(|id| id.starts_with("password_resets_") || id.starts_with("recoveries_"))
        .collect();
    assert_eq!(theirs, LOST, "a new one needs a look at what it answers with");
    for id in LOST {
        for field in &answers[*id] {
            let token = field.contains("token") || field.contains("session");
            assert!(!token, "{id} answers with {field}");
        }
    }
}

#[tokio::test]
async fn the_real_answers_to_somebody_who_lost_something_tell_nothing() {
    let house = House::open().await;
    let (acme, rival) = (house.acme(), house.rival());
    let asks = async |path: &str, body: Value| {
        let answer = house.call("POST", path, None, Some(&body)).await;
        (answer.status, answer.text(), answer.headers.contains_key("casemate-receipt"))
    };
    let reset = |email: &str| serde_json::json!({ "email": email });
    let known = asks("/v1/password_resets", reset(&acme.viewer.email)).await;
    let unknown = asks("/v1/password_resets", reset("nobody@acme.example")).await;
    assert_eq!(known, unknown);
    assert_eq!((known.0.as_u16(), known.2), (202, false));
    let recovery =
        |email: &str, place: &str| serde_json::json!({ "email": email, "workspace": place });
    let known = asks("/v1/recoveries", recovery(&acme.admin.email, &acme.id)).await;
    let elsewhere = asks("/v1/recoveries", recovery(&acme.guest.email, &rival.id)).await;
    let unknown = asks("/v1/recoveries", recovery("nobody@acme.example", &acme.id)).await;
    assert!(known == elsewhere && known == unknown);
}
