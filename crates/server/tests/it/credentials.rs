//! Credentials that are forged, expired, replayed, revoked, or of another time.

use serde_json::{Value, json};

use crate::house::{Answer, House};

async fn whoami(house: &House, credential: &str) -> Answer {
    house.call("GET", "/v1/whoami", Some(credential), None).await
}

#[tokio::test]
async fn what_is_no_credential_of_ours_is_invalid() {
    let house = House::open().await;
    let good = &house.acme().owner.access;
    let parts: Vec<&str> = good.split('.').collect();
    let none = data_encoding::BASE64URL_NOPAD.encode(b"{\"alg\":\"none\",\"typ\":\"at+jwt\"}");
    for forged in [
        "x".to_owned(),
        format!("{good}x"),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{none}.{}.", parts[1]),
        format!(
            "{}.{}.{}",
            parts[0],
            parts[1],
            house.rival().owner.access.rsplit('.').next().unwrap()
        ),
        "cm_live_0000_0000".to_owned(),
        house.acme().key[..house.acme().key.len() - 1].to_owned(),
        house.acme().owner.refresh.clone(),
        "a".repeat(5_000),
    ] {
        whoami(&house, &forged).await.refused(401, "auth.invalid");
    }
}

#[tokio::test]
async fn an_access_token_ends_after_five_minutes_and_a_refresh_gives_the_next() {
    let house = House::alone().await;
    let owner = &house.acme().owner;
    house.advance(5 * 60_000 - 1_000 - 60_000);
    whoami(&house, &owner.access).await.ok();
    house.advance(70_000);
    whoami(&house, &owner.access).await.refused(401, "auth.expired");
    let body = json!({ "refresh_token": owner.refresh });
    let next = house.call("POST", "/v1/sessions/refresh", None, Some(&body)).await.ok();
    whoami(&house, next.text_at("access_token")).await.ok();
}

/// A server whose clock went back by an hour believes no token that it has not made yet.
#[tokio::test]
async fn a_token_from_the_future_is_not_believed() {
    let house = House::alone().await;
    house.advance(-3_600_000);
    whoami(&house, &house.acme().owner.access).await.refused(401, "auth.invalid");
}

#[tokio::test]
async fn a_replayed_refresh_token_ends_its_session() {
    let house = House::alone().await;
    let first = json!({ "refresh_token": house.acme().owner.refresh });
    let refresh =
        async |body: &Value| house.call("POST", "/v1/sessions/refresh", None, Some(body)).await;
    let next = refresh(&first).await.ok();
    house.advance(11_000);
    refresh(&first).await.refused(401, "auth.revoked");
    let second = json!({ "refresh_token": next.text_at("refresh_token") });
    refresh(&second).await.refused(401, "auth.revoked");
}

#[tokio::test]
async fn a_totp_code_works_once() {
    let house = House::open().await;
    let guest = &house.acme().guest;
    let body = guest.sign_in(house.now_ms());
    house.call("POST", "/v1/sessions", None, Some(&body)).await.ok();
    house.call("POST", "/v1/sessions", None, Some(&body)).await.refused(401, "auth.invalid");
}

#[tokio::test]
async fn a_backup_code_works_once() {
    let house = House::open().await;
    let guest = &house.acme().guest;
    let factor = json!({ "kind": "backup_code", "code": guest.backup_codes[0] });
    let body =
        json!({ "email": guest.email, "password": crate::house::PASSWORD, "factor": factor });
    house.call("POST", "/v1/sessions", None, Some(&body)).await.ok();
    house.call("POST", "/v1/sessions", None, Some(&body)).await.refused(401, "auth.invalid");
}

/// Address, password and code are not told apart, and guessing slows the guesser down.
#[tokio::test]
async fn a_wrong_sign_in_says_nothing_and_guessing_is_slowed() {
    let house = House::open().await;
    let guest = &house.acme().guest;
    let with = |field: &str, value: &str| {
        let mut body = guest.sign_in(house.now_ms());
        body[field] = json!(value);
        body
    };
    let mut seen = Vec::new();
    for body in [with("email", "nobody@acme.example"), with("password", "another password")] {
        let answer = house.call("POST", "/v1/sessions", None, Some(&body)).await;
        let answer = answer.refused(401, "auth.invalid");
        seen.push((answer.json["detail"].clone(), answer.json["title"].clone()));
    }
    assert_eq!(seen[0], seen[1]);
    let guess = with("password", "another password");
    let mut slowed = None;
    for _ in 0..20 {
        let answer = house.call("POST", "/v1/sessions", None, Some(&guess)).await;
        if answer.status == 429 {
            slowed = Some(answer);
            break;
        }
    }
    let slowed = slowed.expect("twenty guesses were let through").refused(429, "auth.throttled");
    assert!(slowed.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
}

#[tokio::test]
async fn a_session_that_is_ended_is_over_for_its_tokens() {
    let house = House::open().await;
    let admin = &house.acme().admin;
    let path = format!("/v1/sessions/{}", admin.session);
    house.call("DELETE", &path, Some(&admin.access), None).await.ok();
    // The row is asked by everything that concerns the account itself; the view is read every 250
    // ms.
    house.call("GET", "/v1/sessions", Some(&admin.access), None).await.refused(401, "auth.revoked");
    let body = json!({ "refresh_token": admin.refresh });
    let refreshed = house.call("POST", "/v1/sessions/refresh", None, Some(&body)).await;
    refreshed.refused(401, "auth.revoked");
}

#[tokio::test]
async fn a_revoked_key_and_a_removed_member_are_nobody_at_once() {
    let house = House::open().await;
    let acme = house.acme();
    let owner = Some(acme.owner.access.as_str());
    let who = whoami(&house, &acme.key).await.ok();
    let key = format!("/v1/keys/{}", who.json["key"]["id"].as_str().unwrap());
    house.call("DELETE", &key, owner, None).await.ok();
    whoami(&house, &acme.key).await.refused(401, "auth.invalid");
    let member = format!("/v1/teams/{}/members/{}", acme.id, acme.viewer.user);
    house.call("DELETE", &member, owner, None).await.ok();
    let viewer = Some(acme.viewer.access.as_str());
    house.call("GET", "/v1/projects", viewer, None).await.refused(404, "not_found");
}

#[tokio::test]
async fn an_act_that_needs_a_fresh_factor_waits_for_one() {
    let house = House::alone().await;
    let acme = house.acme();
    house.advance(4 * 60_000);
    let body = json!({ "refresh_token": acme.owner.refresh });
    let tokens = house.call("POST", "/v1/sessions/refresh", None, Some(&body)).await.ok();
    house.advance(90_000);
    let path = format!(
        "/v1/projects/{}/environments/{}/secrets/{}/reveal",
        acme.project, acme.development, acme.secret
    );
    let reason = json!({ "reason": "looking" });
    let access = tokens.text_at("access_token");
    house.call("POST", &path, Some(access), Some(&reason)).await.refused(403, "factor.not_fresh");
    let code = json!({ "code": crate::house::code_of(&acme.owner.seed, house.now_ms()) });
    let stepped = "/v1/sessions/current/step-up";
    let tokens = house.call("POST", stepped, Some(access), Some(&code)).await.ok();
    let access = tokens.text_at("access_token");
    let revealed = house.call("POST", &path, Some(access), Some(&reason)).await.ok();
    let value = data_encoding::BASE64.decode(revealed.text_at("value_base64").as_bytes()).unwrap();
    assert_eq!(String::from_utf8(value).unwrap(), acme.secret_value);
}
