//! Sessions bound to a key, over HTTP: how they begin, what opens, and what a thief gets.

use serde_json::json;

use crate::house::{Answer, HolderKey, House, code_of, holder, request};

const WHOAMI: (&str, &str) = ("GET", "/v1/whoami");

/// Signs in with a proof; the tokens.
async fn signed_in(house: &House, key: &HolderKey) -> Answer {
    let body = house.acme().guest.sign_in(house.now_ms());
    let request = key.request(house, ("POST", "/v1/sessions"), None, Some(&body));
    house.send(request).await.ok()
}

#[tokio::test]
async fn a_sign_in_with_a_proof_is_bound_and_one_without_is_not() {
    let house = House::open().await;
    let key = HolderKey::new(1);
    let tokens = signed_in(&house, &key).await;
    assert_eq!(tokens.text_at("token_type"), "DPoP");
    let token = tokens.text_at("access_token").to_owned();
    house.send(key.request(&house, WHOAMI, Some(&token), None)).await.ok();

    let borne = house.call(WHOAMI.0, WHOAMI.1, Some(&token), None).await;
    let borne = borne.refused(401, "auth.proof_needed");
    assert!(borne.header("www-authenticate").unwrap().starts_with("DPoP algs="));
    let thief = house.send(HolderKey::new(2).request(&house, WHOAMI, Some(&token), None)).await;
    let thief = thief.refused(401, "auth.proof_invalid");
    assert!(thief.header("www-authenticate").unwrap().contains("invalid_dpop_proof"));

    let unbound = house.acme().owner.access.clone();
    let posing = house.send(key.request(&house, WHOAMI, Some(&unbound), None)).await;
    posing.refused(401, "auth.invalid");
    house.call(WHOAMI.0, WHOAMI.1, Some(&unbound), None).await.ok();
}

#[tokio::test]
async fn a_proof_is_for_this_servers_own_address_whatever_the_host_header_says() {
    let house = House::open().await;
    let key = HolderKey::new(1);
    let token = signed_in(&house, &key).await.text_at("access_token").to_owned();
    for url in [
        "https://evil.example/v1/whoami",
        "https://casemate.example/v1/keys",
        "https://casemate.example/v1/whoami?x=1",
        "http://casemate.example/v1/whoami",
    ] {
        let proof = key.proof(&house, "GET", url, Some(&token));
        let mut sent =
            holder::with_proof(request("GET", "/v1/whoami", None, None), Some(&token), &proof);
        sent.headers_mut().insert("host", "evil.example".parse().unwrap());
        house.send(sent).await.refused(401, "auth.proof_invalid");
    }
    let proof = key.proof(&house, "GET", "https://casemate.example/v1/whoami", Some(&token));
    let send = async |path| {
        let sent = holder::with_proof(request("GET", path, None, None), Some(&token), &proof);
        house.send(sent).await
    };
    send("/v1/whoami?x=1").await.ok();
    send("/v1/whoami").await.refused(401, "auth.proof_invalid");
}

#[tokio::test]
async fn a_refresh_of_a_bound_session_needs_a_proof_by_its_key() {
    let house = House::open().await;
    let key = HolderKey::new(1);
    let tokens = signed_in(&house, &key).await;
    let refresh = ("POST", "/v1/sessions/refresh");
    let body = json!({ "refresh_token": tokens.text_at("refresh_token") });
    let stolen = house.call(refresh.0, refresh.1, None, Some(&body)).await;
    stolen.refused(401, "auth.proof_needed");
    let thief = HolderKey::new(2).request(&house, refresh, None, Some(&body));
    house.send(thief).await.refused(401, "auth.proof_needed");
    let next = house.send(key.request(&house, refresh, None, Some(&body))).await.ok();
    assert_eq!(next.text_at("token_type"), "DPoP");
}

#[tokio::test]
async fn two_proofs_are_none() {
    let house = House::open().await;
    let key = HolderKey::new(1);
    let token = signed_in(&house, &key).await.text_at("access_token").to_owned();
    let mut sent = key.request(&house, WHOAMI, Some(&token), None);
    let again = sent.headers()["dpop"].clone();
    sent.headers_mut().append("dpop", again);
    house.send(sent).await.refused(401, "auth.proof_invalid");
}

#[tokio::test]
async fn the_first_session_of_a_new_account_is_bound_as_any_other() {
    let house = House::open().await;
    let key = HolderKey::new(1);
    let (id, seed) = &house.template.enrolment;
    let confirm = format!("/v1/enrolments/{id}/confirm");
    let body = json!({ "totp_code": code_of(seed, house.now_ms()) });
    let request = key.request(&house, ("POST", &confirm), None, Some(&body));
    let born = house.send(request).await.ok();
    assert_eq!(born.text_at("token_type"), "DPoP");
    let token = born.text_at("access_token");
    house.call(WHOAMI.0, WHOAMI.1, Some(token), None).await.refused(401, "auth.proof_needed");
    house.send(key.request(&house, WHOAMI, Some(token), None)).await.ok();
}
