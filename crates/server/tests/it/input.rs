//! Bad input: each gives one clear problem, and changes nothing.

use axum::body::Body;
use http::{Request, header};
use serde_json::{Value, json};

use crate::house::{Answer, House};

async fn post(house: &House, media: Option<&str>, body: impl Into<Body>) -> Answer {
    let mut builder = Request::builder().method("POST").uri("/v1/projects");
    builder =
        builder.header(header::AUTHORIZATION, format!("Bearer {}", house.acme().owner.access));
    if let Some(media) = media {
        builder = builder.header(header::CONTENT_TYPE, media);
    }
    house.send(builder.body(body.into()).unwrap()).await
}

const JSON: Option<&str> = Some("application/json");

#[tokio::test]
async fn bodies_that_cannot_be_read_are_refused_by_their_fault() {
    let house = House::open().await;
    let before = projects(&house).await;
    for (media, body, status, code) in [
        (JSON, b"{".to_vec(), 400, "input.malformed"),
        (JSON, b"".to_vec(), 400, "input.malformed"),
        (JSON, b"{\"name\":\"\xff\"}".to_vec(), 400, "input.malformed"),
        (JSON, b"\xef\xbb\xbf{\"name\":\"a\"}".to_vec(), 400, "input.malformed"),
        (JSON, [b"[".repeat(33), b"]".repeat(33)].concat(), 400, "input.too_deep"),
        (JSON, b"[".repeat(100_000), 400, "input.too_deep"),
        (JSON, vec![b' '; 256 * 1024 + 1], 413, "input.too_large"),
        (None, b"{\"name\":\"a\"}".to_vec(), 415, "input.media_type"),
        (Some("text/plain"), b"{\"name\":\"a\"}".to_vec(), 415, "input.media_type"),
        (Some("application/x-www-form-urlencoded"), b"name=a".to_vec(), 415, "input.media_type"),
        (JSON, b"null".to_vec(), 422, "input.invalid"),
        (JSON, b"[]".to_vec(), 422, "input.invalid"),
        (JSON, b"{}".to_vec(), 422, "input.invalid"),
        (JSON, b"{\"name\":1}".to_vec(), 422, "input.invalid"),
        (JSON, b"{\"name\":\"UPPER\"}".to_vec(), 422, "input.invalid"),
        (JSON, b"{\"name\":\"a\",\"name\":\"b\"}".to_vec(), 422, "input.invalid"),
        (JSON, b"{\"name\":\"a\",\"owner\":\"x\"}".to_vec(), 422, "input.invalid"),
        (JSON, b"{\"name\":1e999}".to_vec(), 400, "input.malformed"),
    ] {
        let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        let answer = post(&house, media, body).await;
        assert_eq!(answer.verdict(), format!("{status} {code}"), "{shown}: {}", answer.text());
    }
    assert_eq!(projects(&house).await, before, "something was changed");
}

async fn projects(house: &House) -> Value {
    house.call("GET", "/v1/projects", Some(&house.acme().owner.access), None).await.ok().json
}

#[tokio::test]
async fn a_body_without_an_announced_length_is_cut_off_at_the_limit() {
    let house = House::open().await;
    let chunks = (0..100).map(|_| Ok::<_, std::io::Error>(vec![b' '; 10_000]));
    let body = Body::from_stream(futures_util::stream::iter(chunks));
    post(&house, JSON, body).await.refused(413, "input.too_large");
}

#[tokio::test]
async fn a_refused_field_is_named() {
    let house = House::open().await;
    let path = format!("/v1/teams/{}/members", house.acme().id);
    let body = json!({ "email": "no-address", "role": "viewer" });
    let owner = Some(house.acme().owner.access.as_str());
    let answer = house.call("POST", &path, owner, Some(&body)).await.refused(422, "input.invalid");
    assert_eq!(answer.json["errors"][0]["field"], "email");
    assert_eq!(answer.json["errors"][0]["detail"], "it is not of the expected form");
}

#[tokio::test]
async fn a_password_is_not_repeated_by_the_refusal_of_its_neighbour() {
    let house = House::open().await;
    let password = "hunter2 hunter2";
    let body = json!({ "email": "a@b.example", "password": password, "factor": password });
    let answer = house.call("POST", "/v1/sessions", None, Some(&body)).await;
    assert!(!answer.refused(422, "input.invalid").text().contains("hunter2"));
}

#[tokio::test]
async fn what_is_no_id_is_not_found_and_what_is_no_parameter_is_refused() {
    let house = House::open().await;
    let owner = Some(house.acme().owner.access.as_str());
    let upper = house.acme().project.to_ascii_uppercase();
    for path in [
        "/v1/projects/nothing".to_owned(),
        format!("/v1/projects/{upper}"),
        format!("/v1/projects/{}%00", house.acme().project),
        "/v1/projects/%2e%2e".to_owned(),
        "/v1/audit/entries/-1".to_owned(),
        "/v1/audit/entries/99999999999999999999".to_owned(),
        "/v1/audit/entries/18446744073709551615".to_owned(),
    ] {
        house.call("GET", &path, owner, None).await.refused(404, "not_found");
    }
    for path in [
        "/v1/projects?limit=0",
        "/v1/projects?limit=201",
        "/v1/projects?limit=x",
        "/v1/projects?limit=-1",
        "/v1/projects?cursor=%20",
        "/v1/projects?cursor=AAAA",
        "/v1/projects?sort=name",
        "/v1/projects?limit=1&limit=2",
        "/v1/audit/entries?verb=nothing.done",
        "/v1/audit/entries?resource=member",
        "/v1/audit/openings?after=9007199254740992",
        "/v1/audit/openings?after=-1",
        "/v1/audit/search?verb=nothing.done",
        "/v1/audit/search?verb=nothing.*",
        "/v1/audit/search?verb=*",
        "/v1/audit/search?actor=ada",
        "/v1/audit/search?actor=user/ada",
        "/v1/audit/search?from_ms=now",
        "/v1/audit/search?from_ms=9223372036854775808",
        "/v1/audit/search?request=1",
        "/v1/audit/search?ip=localhost",
        "/v1/audit/search?cursor=AAAA",
        "/v1/audit/search?limit=201",
        "/v1/audit/search?sql=1",
        "/v1/audit/entry/0?stream=else",
        "/v1/audit/checkpoint?stream=else",
        "/v1/audit/proofs/inclusion?index=0",
        "/v1/audit/proofs/inclusion?index=0&size=1e3",
    ] {
        let answer = house.call("GET", path, owner, None).await;
        let expected = if path.contains("/entry/") { "404 not_found" } else { "422 input.invalid" };
        assert_eq!(answer.verdict(), expected, "{path}: {}", answer.text());
    }
}

#[tokio::test]
async fn proofs_beyond_the_signed_log_are_not_found() {
    let house = House::open().await;
    let owner = Some(house.acme().owner.access.as_str());
    for path in [
        "/v1/audit/proofs/inclusion?index=5&size=5",
        "/v1/audit/proofs/inclusion?index=0&size=0",
        "/v1/audit/proofs/inclusion?index=0&size=18446744073709551615",
        "/v1/audit/proofs/consistency?from=2&to=1",
        "/v1/audit/proofs/consistency?from=0&to=9007199254740991",
    ] {
        house.call("GET", path, owner, None).await.refused(404, "not_found");
    }
}

#[tokio::test]
async fn values_that_are_no_secrets_are_refused_and_not_repeated() {
    let house = House::open().await;
    let acme = house.acme();
    let path = format!("/v1/projects/{}/environments/{}/secrets", acme.project, acme.development);
    let large = data_encoding::BASE64.encode(&vec![7_u8; 64 * 1024 + 1]);
    for value in ["", "hunter2!", "aHVudGVyMg", large.as_str()] {
        let body = json!({ "name": "NEW", "value_base64": value });
        let answer = house.call("POST", &path, Some(&acme.owner.access), Some(&body)).await;
        let answer = answer.refused(422, "input.invalid");
        assert_eq!(answer.json["errors"][0]["field"], "value_base64");
        assert!(value.is_empty() || !answer.text().contains(value));
    }
    let largest = data_encoding::BASE64.encode(&vec![7_u8; 64 * 1024]);
    let body = json!({ "name": "NEW", "value_base64": largest });
    house.call("POST", &path, Some(&acme.owner.access), Some(&body)).await.ok();
}
