//! Requests that are sent twice, and updates that are meant for one version.

use http::HeaderValue;
use serde_json::{Value, json};

use crate::house::{Answer, House, request};

async fn keyed(house: &House, path: &str, key: &str, body: &Value) -> Answer {
    let mut sent = request("POST", path, Some(&house.acme().owner.access), Some(body));
    sent.headers_mut().insert("idempotency-key", HeaderValue::from_str(key).unwrap());
    house.send(sent).await
}

#[tokio::test]
async fn a_repeated_create_happens_once_and_gets_the_same_answer() {
    let house = House::open().await;
    let body = json!({ "name": "twice" });
    let first = keyed(&house, "/v1/projects", "k-1", &body).await.ok();
    let second = keyed(&house, "/v1/projects", "k-1", &body).await.ok();
    assert_eq!(first.json, second.json);
    assert_eq!(first.header("idempotency-replayed"), None);
    assert_eq!(second.header("idempotency-replayed"), Some("true"));
    assert_eq!(first.header("casemate-receipt"), second.header("casemate-receipt"));
    keyed(&house, "/v1/projects", "k-2", &body).await.refused(409, "conflict.exists");
}

#[tokio::test]
async fn a_repetition_never_shows_again_what_is_shown_once() {
    let house = House::open().await;
    let acme = house.acme();
    let key = json!({ "name": "deploy", "scopes": ["secret.list"] });
    let invite = json!({ "email": "once@acme.example", "role": "viewer" });
    let members = format!("/v1/teams/{}/members", acme.id);
    for (path, body, shown_once) in [("/v1/keys", key, "key"), (members.as_str(), invite, "code")] {
        let first = keyed(&house, path, shown_once, &body).await.ok();
        let secret = first.text_at(shown_once).to_owned();
        let second = keyed(&house, path, shown_once, &body).await.ok();
        assert_eq!(second.json["id"], first.json["id"]);
        assert!(second.json.get(shown_once).is_none());
        assert!(!second.text().contains(&secret));
    }
}

#[tokio::test]
async fn repeated_backup_codes_are_neither_shown_again_nor_made_again() {
    let house = House::open().await;
    let (path, body) = ("/v1/account/backup_codes", json!({}));
    let mut sent = request("POST", path, Some(&house.acme().viewer.access), Some(&body));
    sent.headers_mut().insert("idempotency-key", HeaderValue::from_static("codes"));
    let first = house.send(sent).await.ok();
    let codes = first.json["backup_codes"].as_array().unwrap().clone();
    assert_eq!(codes.len(), 10);
    let renewed = first.json["tokens"]["access_token"].as_str().unwrap();
    let mut again = request("POST", path, Some(renewed), Some(&body));
    again.headers_mut().insert("idempotency-key", HeaderValue::from_static("codes"));
    let second = house.send(again).await.ok();
    assert_eq!(second.header("idempotency-replayed"), Some("true"));
    assert!(second.json.get("backup_codes").is_none() && second.json.get("tokens").is_none());
    let text = second.text();
    assert!(codes.iter().all(|code| !text.contains(code.as_str().unwrap())));
}

#[tokio::test]
async fn a_key_of_another_request_is_refused() {
    let house = House::open().await;
    keyed(&house, "/v1/projects", "k", &json!({ "name": "one" })).await.ok();
    for (path, body) in [
        ("/v1/projects", json!({ "name": "two" })),
        ("/v1/keys", json!({ "name": "one", "scopes": [] })),
    ] {
        keyed(&house, path, "k", &body).await.refused(422, "idempotency.reused");
    }
    // Somebody else's key is somebody else's.
    let mut sent = request(
        "POST",
        "/v1/projects",
        Some(&house.acme().admin.access),
        Some(&json!({ "name": "two" })),
    );
    sent.headers_mut().insert("idempotency-key", HeaderValue::from_static("k"));
    house.send(sent).await.ok();
}

#[tokio::test]
async fn a_refused_create_gives_its_key_back() {
    let house = House::open().await;
    let taken = json!({ "name": "acme-shop" });
    keyed(&house, "/v1/projects", "k", &taken).await.refused(409, "conflict.exists");
    keyed(&house, "/v1/projects", "k", &json!({ "name": "other" })).await.ok();
}

#[tokio::test]
async fn of_two_at_once_one_does_the_work() {
    let house = House::open().await;
    let body = json!({ "name": "both" });
    let (one, two) = tokio::join!(
        keyed(&house, "/v1/projects", "k", &body),
        keyed(&house, "/v1/projects", "k", &body)
    );
    for answer in [one, two] {
        let verdict = answer.verdict();
        assert!(verdict == "201" || verdict == "409 idempotency.running", "{verdict}");
    }
    let listed = house.call("GET", "/v1/projects", Some(&house.acme().owner.access), None).await;
    assert_eq!(listed.text().matches("\"both\"").count(), 1);
}

#[tokio::test]
async fn a_key_is_short_and_visible() {
    let house = House::open().await;
    let body = json!({ "name": "one" });
    for key in ["", " ", "a b", &"k".repeat(65)] {
        let answer = keyed(&house, "/v1/projects", key, &body).await;
        answer.refused(422, "input.invalid");
    }
    keyed(&house, "/v1/projects", &"k".repeat(64), &body).await.ok();
}

async fn matching(house: &House, (method, path): (&str, &str), tag: &str, body: &Value) -> Answer {
    let mut sent = request(method, path, Some(&house.acme().owner.access), Some(body));
    sent.headers_mut().insert("if-match", HeaderValue::from_str(tag).unwrap());
    house.send(sent).await
}

#[tokio::test]
async fn a_secret_is_rotated_from_the_version_that_was_seen() {
    let house = House::open().await;
    let acme = house.acme();
    let path = format!(
        "/v1/projects/{}/environments/{}/secrets/{}/versions",
        acme.project, acme.development, acme.secret
    );
    let (place, body) = (("POST", path.as_str()), json!({ "value_base64": "aHVudGVyMg==" }));
    let rotated = matching(&house, place, "\"1\"", &body).await.ok();
    assert_eq!(rotated.json["version"], 2);
    matching(&house, place, "\"1\"", &body).await.refused(412, "conflict.version");
    matching(&house, place, "*", &body).await.ok();
    matching(&house, place, "1", &body).await.refused(422, "input.invalid");
}

#[tokio::test]
async fn settings_and_members_are_changed_as_they_were_seen() {
    let house = House::open().await;
    let acme = house.acme();
    let workspace = format!("/v1/workspaces/{}", acme.id);
    let seen = house.call("GET", &workspace, Some(&acme.owner.access), None).await.ok();
    let tag = seen.header("etag").unwrap().to_owned();
    house.advance(1_000);
    let (place, body) = (("PATCH", workspace.as_str()), json!({ "production_local_use": true }));
    matching(&house, place, &tag, &body).await.ok();
    matching(&house, place, &tag, &body).await.refused(412, "conflict.version");

    let members = format!("/v1/teams/{}/members", acme.id);
    let listed = house.call("GET", &members, Some(&acme.owner.access), None).await.ok();
    let items = listed.json["items"].as_array().unwrap();
    let operator = items.iter().find(|one| one["user_id"] == acme.operator.user.as_str()).unwrap();
    let tag = format!("\"{}\"", operator["version"]);
    let path = format!("{members}/{}", acme.operator.user);
    let (place, body) = (("PATCH", path.as_str()), json!({ "role": "viewer" }));
    matching(&house, place, &tag, &body).await.ok();
    matching(&house, place, &tag, &body).await.refused(412, "conflict.version");
}

#[tokio::test]
async fn a_member_is_changed_in_one_way_at_a_time() {
    let house = House::open().await;
    let acme = house.acme();
    let path = format!("/v1/teams/{}/members/{}", acme.id, acme.operator.user);
    for body in [json!({}), json!({ "role": "viewer", "overrides": [] })] {
        let answer = house.call("PATCH", &path, Some(&acme.owner.access), Some(&body)).await;
        answer.refused(422, "input.invalid");
    }
}
