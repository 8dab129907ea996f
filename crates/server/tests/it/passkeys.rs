//! Passkeys and staff through the API: the four ways to use one, and who is shown what.

use std::sync::Arc;

use identity::passkeys::HardwareRoots;
use identity::staff;
use serde_json::{Value, json};

use crate::house::{
    Answer, Authenticator, House, ORIGIN, PASSWORD, registered, registered_key, vendor,
};

const PASSKEYS: &str = "/v1/account/passkeys";

/// A challenge to sign in, and this authenticator's answer to it.
pub(crate) async fn answered(
    house: &House,
    phone: &mut Authenticator,
    email: Option<&str>,
) -> Value {
    let body = email.map_or_else(|| json!({}), |email| json!({ "email": email }));
    let asked = house.call("POST", "/v1/passkey-challenges", None, Some(&body)).await.ok();
    let credential = phone.answers(&asked.json["options"]);
    json!({ "challenge": asked.text_at("challenge"), "credential": credential })
}

pub(crate) async fn signs_in(house: &House, body: &Value) -> Answer {
    house.call("POST", "/v1/sessions/passkey", None, Some(body)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_passkey_signs_in_alone_beside_a_password_and_again() {
    let house = House::open().await;
    let owner = &house.acme().owner;
    let (mut phone, id) = registered(house.router(), &owner.access).await;
    let body = answered(&house, &mut phone, None).await;
    let tokens = signs_in(&house, &body).await.ok();
    assert_eq!(tokens.status, 201);
    signs_in(&house, &body).await.refused(401, "auth.invalid");

    let answer = answered(&house, &mut phone, Some(&owner.email)).await;
    let mut factor = answer.clone();
    factor["kind"] = json!("passkey");
    let body = json!({ "email": owner.email, "password": PASSWORD, "factor": factor });
    house.call("POST", "/v1/sessions", None, Some(&body)).await.ok();
    house.call("POST", "/v1/sessions", None, Some(&body)).await.refused(401, "auth.invalid");

    let access = tokens.text_at("access_token");
    let purpose = json!({ "purpose": "step_up" });
    let path = format!("{PASSKEYS}/challenges");
    let asked = house.call("POST", &path, Some(access), Some(&purpose)).await.ok();
    let credential = phone.answers(&asked.json["options"]);
    let passkey = json!({ "challenge": asked.text_at("challenge"), "credential": credential });
    let body = json!({ "passkey": passkey });
    let path = "/v1/sessions/current/step-up";
    let risen = house.call("POST", path, Some(access), Some(&body)).await.ok();

    let access = risen.text_at("access_token");
    let listed = house.call("GET", PASSKEYS, Some(access), None).await.ok();
    let items = listed.json["items"].as_array().unwrap();
    let one = items.iter().find(|one| one["id"] == id.as_str()).unwrap();
    assert_eq!((&one["name"], &one["backed_up"]), (&json!("phone"), &json!(false)));
    assert_eq!(one["transports"], json!(["internal"]));
    assert!(one["last_used_at_ms"].is_i64());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_factor_is_a_code_or_a_passkey_and_never_half_of_one() {
    let house = House::open().await;
    let owner = &house.acme().owner;
    let challenge = "01890a5d-ac96-774b-bcce-b302099a8057";
    for factor in [
        json!({ "kind": "passkey", "code": "123456" }),
        json!({ "kind": "passkey", "challenge": challenge }),
        json!({ "kind": "totp" }),
        json!({ "kind": "totp", "code": "123456", "challenge": challenge, "credential": {} }),
        json!({ "kind": "passkey", "challenge": challenge, "credential": {} }),
    ] {
        let body = json!({ "email": owner.email, "password": PASSWORD, "factor": factor });
        let answer = house.call("POST", "/v1/sessions", None, Some(&body)).await;
        answer.refused(422, "input.invalid");
    }
    for body in [json!({}), json!({ "passkey": { "challenge": challenge, "credential": {} } })] {
        let path = "/v1/sessions/current/step-up";
        let answer = house.call("POST", path, Some(&owner.access), Some(&body)).await;
        answer.refused(422, "input.invalid");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_passkey_is_renamed_and_removed_by_its_person_alone() {
    let house = House::open().await;
    let (owner, id) = (&house.acme().owner, &house.acme().passkey);
    let path = format!("{PASSKEYS}/{id}");
    let body = json!({ "name": "old phone" });
    for stranger in [&house.rival().owner, &house.acme().admin] {
        let credential = Some(stranger.access.as_str());
        house.call("PATCH", &path, credential, Some(&body)).await.refused(404, "not_found");
        house.call("DELETE", &path, credential, None).await.refused(404, "not_found");
    }
    house.call("PATCH", &path, Some(&owner.access), Some(&body)).await.ok();
    let listed = house.call("GET", PASSKEYS, Some(&owner.access), None).await.ok();
    assert_eq!(listed.json["items"][0]["name"], "old phone");
    house.call("DELETE", &path, Some(&owner.access), None).await.ok();
    house.call("DELETE", &path, Some(&owner.access), None).await.refused(404, "not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registration_for_another_page_is_refused() {
    let house = House::open().await;
    let owner = &house.acme().owner;
    let purpose = json!({ "purpose": "register" });
    let path = format!("{PASSKEYS}/challenges");
    let asked = house.call("POST", &path, Some(&owner.access), Some(&purpose)).await.ok();
    let elsewhere = format!("{ORIGIN}.evil.example");
    let (_, credential) = Authenticator::registers(&asked.json["options"], &elsewhere);
    let challenge = asked.text_at("challenge");
    let body = json!({ "name": "phone", "challenge": challenge, "credential": credential });
    let answer = house.call("POST", PASSKEYS, Some(&owner.access), Some(&body)).await;
    answer.refused(422, "passkey.refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_platforms_log_is_for_staff_with_a_passkey_and_is_not_there_for_anybody_else() {
    let house = House::open().await;
    let owner = &house.acme().owner;
    let (mut phone, _) = registered(house.router(), &owner.access).await;
    let (mut key, id) = registered_key(house.router(), &owner.access).await;
    let reads =
        async |access: &str| house.call("GET", "/v1/staff/log?limit=200", Some(access), None).await;
    reads(&owner.access).await.refused(404, "not_found");
    let email = owner.email.parse().unwrap();
    let roots = HardwareRoots::read(&vendor().root, &[]).unwrap();
    staff::add(house.house.store(), Arc::new(roots), email).await.unwrap();
    reads(&owner.access).await.refused(403, "staff.passkey_needed");
    let body = answered(&house, &mut phone, None).await;
    let by_phone = signs_in(&house, &body).await.ok();
    reads(by_phone.text_at("access_token")).await.refused(403, "staff.hardware_needed");
    let body = answered(&house, &mut key, None).await;
    let tokens = signs_in(&house, &body).await.ok();
    let access = tokens.text_at("access_token");
    let listed = house.call("GET", PASSKEYS, Some(access), None).await.ok();
    for one in listed.json["items"].as_array().unwrap() {
        assert_eq!(one["hardware"], one["id"] == id.as_str(), "{one}");
    }
    let log = reads(access).await.ok();
    assert!(log.header("casemate-receipt").is_some(), "the reading is an entry itself");
    let text = log.text();
    assert!(text.contains("staff.added") && text.contains("session.started"), "{text}");
    for private in [&owner.email, &house.acme().secret, &house.acme().secret_value] {
        assert!(!text.contains(private.as_str()), "{private} is shown");
    }
    let path = "/v1/staff/log?verb=staff.added";
    let answer = house.call("GET", path, Some(access), None).await.ok();
    assert_eq!(answer.json["items"].as_array().unwrap().len(), 1);
    let answer = house.call("GET", "/v1/staff/log?verb=x", Some(access), None).await;
    answer.refused(422, "input.invalid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_registers_hardware_and_is_told_what_is_none() {
    let house = House::open().await;
    let owner = &house.acme().owner;
    let roots = HardwareRoots::read(&vendor().root, &[]).unwrap();
    staff::add(house.house.store(), Arc::new(roots), owner.email.parse().unwrap()).await.unwrap();
    let purpose = json!({ "purpose": "register" });
    let path = format!("{PASSKEYS}/challenges");
    let asked = house.call("POST", &path, Some(&owner.access), Some(&purpose)).await.ok();
    assert_eq!(asked.json["options"]["attestation"], "direct");
    let (_, credential) = Authenticator::registers(&asked.json["options"], ORIGIN);
    let challenge = asked.text_at("challenge");
    let body = json!({ "name": "phone", "challenge": challenge, "credential": credential });
    let answer = house.call("POST", PASSKEYS, Some(&owner.access), Some(&body)).await;
    answer.refused(422, "passkey.not_hardware");
    let rival = &house.rival().owner;
    let asked = house.call("POST", &path, Some(&rival.access), Some(&purpose)).await.ok();
    assert_eq!(asked.json["options"]["attestation"], "none", "a neighbour is not asked");
    registered_key(house.router(), &owner.access).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_run_their_own_scripts_alone_and_are_kept_nowhere() {
    let house = House::open().await;
    for (path, kind) in [
        ("/passkeys", "text/html; charset=utf-8"),
        ("/pages/passkeys.js", "text/javascript; charset=utf-8"),
        ("/pages/webauthn.js", "text/javascript; charset=utf-8"),
        ("/pages/style.css", "text/css; charset=utf-8"),
    ] {
        let page = house.call("GET", path, None, None).await.ok();
        assert_eq!(page.header("content-type"), Some(kind));
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"));
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    }
    for path in ["/pages/", "/pages/../Cargo.toml", "/pages/mod.rs", "/passkeys.html"] {
        house.call("GET", path, None, None).await.refused(404, "not_found");
    }
}
