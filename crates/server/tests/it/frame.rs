//! What surrounds every request: ids, methods, headers, rates.

use server::config::LimitsConfig;

use crate::house::{House, request};

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let house = House::open().await;
    for path in
        ["/", "/v2/projects", "/v1", "/v1/projects/", "/v1//projects", "/metrics", "/healthz"]
    {
        house.call("GET", path, None, None).await.refused(404, "not_found");
    }
    let answer = house.call("PUT", "/v1/projects", None, None).await;
    let answer = answer.refused(405, "method.not_allowed");
    let allowed = answer.header("allow").unwrap();
    assert!(allowed.contains("GET") && allowed.contains("POST"), "{allowed}");
    house.call("OPTIONS", "/v1/projects", None, None).await.refused(405, "method.not_allowed");
    house.call("TRACE", "/v1/projects", None, None).await.refused(405, "method.not_allowed");
}

#[tokio::test]
async fn head_is_get_without_its_body() {
    let house = House::open().await;
    let answer = house.call("HEAD", "/v1/audit/key", None, None).await.ok();
    assert!(answer.bytes.is_empty());
    let refused = house.call("HEAD", "/v1/projects", None, None).await;
    assert_eq!((refused.status.as_u16(), refused.bytes.len()), (401, 0));
}

#[tokio::test]
async fn every_request_has_an_id_of_its_own_whatever_the_client_sends() {
    let house = House::open().await;
    let mut ids = std::collections::BTreeSet::new();
    for _ in 0..3 {
        let mut sent = request("GET", "/v1/whoami", None, None);
        sent.headers_mut().insert("casemate-request-id", http::HeaderValue::from_static("mine"));
        sent.headers_mut().insert("x-request-id", http::HeaderValue::from_static("mine"));
        let answer = house.send(sent).await;
        ids.insert(answer.header("casemate-request-id").unwrap().to_owned());
        assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"casemate\""));
    }
    assert_eq!(ids.len(), 3);
    assert!(!ids.contains("mine"));
}

#[tokio::test]
async fn no_answer_may_be_kept_framed_or_guessed() {
    let house = House::open().await;
    for path in ["/v1/whoami", "/v1/audit/key", "/v1/openapi.json", "/nothing"] {
        let answer = house.call("GET", path, None, None).await;
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
    }
}

#[tokio::test]
async fn the_document_and_the_security_contact_are_public() {
    let house = House::open().await;
    let document = house.call("GET", "/v1/openapi.json", None, None).await.ok();
    assert_eq!(document.text(), server::document());
    let contact = house.call("GET", "/.well-known/security.txt", None, None).await.ok();
    assert_eq!(
        contact.text(),
        "Contact: mailto:security@casemate.example\nExpires: 2027-01-31T00:00:00Z\n\
         Preferred-Languages: en\n"
    );
}

const NARROW: LimitsConfig = LimitsConfig {
    connections_max: 256,
    anonymous_per_minute: 60,
    caller_per_minute: 30,
    network_per_minute: 6_000,
};

#[tokio::test]
async fn an_anonymous_network_is_slowed_and_told_when_to_come_again() {
    let house = House::with_limits(NARROW).await;
    let mut answers = Vec::new();
    for _ in 0..11 {
        answers.push(house.call("GET", "/v1/audit/key", None, None).await);
    }
    assert!(answers[..10].iter().all(|answer| answer.status.is_success()));
    assert_eq!(answers[0].header("ratelimit-limit"), Some("10"));
    assert_eq!(answers[0].header("ratelimit-remaining"), Some("9"));
    let refused = answers.pop().unwrap().refused(429, "rate.limited");
    assert_eq!(refused.header("retry-after"), Some("2"));
    assert_eq!(refused.header("ratelimit-remaining"), Some("0"));
    // Somebody with a credential is not in the anonymous bucket.
    house.call("GET", "/v1/whoami", Some(&house.acme().owner.access), None).await.ok();
    house.advance(2_000);
    house.call("GET", "/v1/audit/key", None, None).await.ok();
}

#[tokio::test]
async fn one_callers_burst_leaves_the_others_their_share() {
    let house = House::with_limits(NARROW).await;
    let (acme, rival) = (house.acme(), house.rival());
    for _ in 0..5 {
        house.call("GET", "/v1/whoami", Some(&acme.owner.access), None).await.ok();
    }
    let more = house.call("GET", "/v1/whoami", Some(&acme.owner.access), None).await;
    more.refused(429, "rate.limited");
    for other in [&acme.admin.access, &rival.owner.access, &acme.key] {
        house.call("GET", "/v1/whoami", Some(other), None).await.ok();
    }
}

#[tokio::test]
async fn an_export_is_a_stream_with_a_receipt() {
    let house = House::open().await;
    let answer =
        house.call("GET", "/v1/audit/export", Some(&house.acme().owner.access), None).await;
    let answer = answer.ok();
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    assert!(answer.header("casemate-receipt").is_some());
    assert!(answer.text().lines().count() > 5);
}
