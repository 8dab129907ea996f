//! A browser lets the command line in: over HTTP, from the first request to the first call.

use http::header;
use serde_json::json;

use crate::house::{HolderKey, House};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

#[tokio::test]
async fn a_command_line_is_let_in_by_a_code_at_its_loopback_port() {
    let house = House::open().await;
    let (owner, key) = (&house.acme().owner, HolderKey::new(1));
    let asked = json!({
        "label": "laptop", "code_challenge": CHALLENGE, "redirect_port": 40_123,
        "state": "a-state-nobody-guesses", "dpop_jkt": key.thumbprint(),
    });
    let path = "/v1/authorizations";
    let made = house.call("POST", path, Some(&owner.access), Some(&asked)).await.ok();
    let redirect = made.text_at("redirect_uri").to_owned();
    assert!(redirect.starts_with("http://127.0.0.1:40123/callback?code=ca_"), "{redirect}");
    let code = redirect.split(['=', '&']).nth(1).unwrap();
    let body = json!({ "code": code, "code_verifier": VERIFIER });
    let redeem = ("POST", "/v1/authorizations/redeem");
    house.call(redeem.0, redeem.1, None, Some(&body)).await.refused(401, "auth.proof_needed");
    let tokens = house.send(key.request(&house, redeem, None, Some(&body))).await.ok();
    let token = tokens.text_at("access_token");
    house.send(key.request(&house, ("GET", "/v1/whoami"), Some(token), None)).await.ok();
    let again = house.send(key.request(&house, redeem, None, Some(&body))).await;
    again.refused(401, "auth.invalid");
    for (field, value) in [
        ("redirect_port", json!(80)),
        ("state", json!("short")),
        ("state", json!("@evil.example/aaaaaaaaaaaa")),
    ] {
        let mut wrong = asked.clone();
        wrong[field] = value;
        house
            .call("POST", path, Some(&owner.access), Some(&wrong))
            .await
            .refused(422, "input.invalid");
    }
}

/// RFC 8628 sections 3.2 and 3.5, with problems in place of its error objects.
#[tokio::test]
async fn a_device_is_let_in_by_a_code_that_no_link_carries() {
    let house = House::alone().await;
    let (owner, key) = (&house.acme().owner, HolderKey::new(1));
    let asks =
        json!({ "label": "build-7", "version": "casemate 0.1.0", "dpop_jkt": key.thumbprint() });
    let codes = house.call("POST", "/v1/device_grants", None, Some(&asks)).await.ok();
    assert_eq!(
        (codes.json["expires_in"].as_i64(), codes.json["interval"].as_i64()),
        (Some(300), Some(5))
    );
    assert_eq!(codes.text_at("verification_uri"), "https://casemate.example/device");
    assert!(codes.json.get("verification_uri_complete").is_none());
    let body = json!({ "device_code": codes.text_at("device_code") });
    let redeem = ("POST", "/v1/device_grants/redeem");
    let polls = async || house.send(key.request(&house, redeem, None, Some(&body))).await;
    polls().await.refused(400, "authorization_pending");
    let hasty = polls().await;
    let hasty = hasty.refused(400, "slow_down");
    assert_eq!(hasty.header(header::RETRY_AFTER.as_str()), Some("10"));
    house.call(redeem.0, redeem.1, None, Some(&body)).await.refused(401, "auth.proof_needed");

    let typed = json!({ "user_code": codes.text_at("user_code").to_lowercase() });
    let look = "/v1/device_grants/look";
    let seen = house.call("POST", look, Some(&owner.access), Some(&typed)).await.ok();
    assert_eq!((seen.text_at("label"), seen.text_at("ip")), ("build-7", "127.0.0.1"));
    let approve = format!("/v1/device_grants/{}/approve", seen.text_at("id"));
    house.call("POST", &approve, Some(&owner.access), None).await.ok();
    house.advance(10_000);
    let tokens = polls().await.ok();
    let token = tokens.text_at("access_token");
    house.send(key.request(&house, ("GET", "/v1/whoami"), Some(token), None)).await.ok();
    polls().await.refused(401, "auth.invalid");
}

#[tokio::test]
async fn devices_are_not_asked_for_faster_than_the_instance_allows() {
    let mut limits = crate::house::WIDE;
    limits.anonymous_per_minute = 60;
    let house = House::with_limits(limits).await;
    let key = HolderKey::new(1);
    let asks = json!({ "label": "a", "version": "b", "dpop_jkt": key.thumbprint() });
    let mut refused = 0;
    for _ in 0..20 {
        let answer = house.call("POST", "/v1/device_grants", None, Some(&asks)).await;
        refused += u32::from(answer.status.as_u16() == 429);
    }
    assert!(refused >= 9, "{refused} of twenty");
}
