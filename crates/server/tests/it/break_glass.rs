//! Breaking the glass through the API: what each hand needs, and what the workspace sees.

use std::sync::Arc;

use identity::passkeys::HardwareRoots;
use identity::staff;
use serde_json::{Value, json};

use crate::house::{Answer, Authenticator, House, Person, registered_key, vendor};
use crate::passkeys::{answered, signs_in};

const STAFF: &str = "/v1/staff/break_glass";

/// Somebody who was made staff, signed in by a security key.
async fn hand(house: &House, person: &Person) -> (Authenticator, String) {
    let roots = Arc::new(HardwareRoots::read(&vendor().root, &[]).unwrap());
    staff::add(house.house.store(), roots, person.email.parse().unwrap()).await.unwrap();
    let (mut key, _) = registered_key(house.router(), &person.access).await;
    let body = answered(house, &mut key, None).await;
    let access = signs_in(house, &body).await.ok().text_at("access_token").to_owned();
    (key, access)
}

async fn secret_of(house: &House) -> String {
    let acme = house.acme();
    let path = format!("/v1/projects/{}/environments/{}/secrets", acme.project, acme.development);
    let listed = house.call("GET", &path, Some(&acme.owner.access), None).await.ok();
    let items = listed.json["items"].as_array().unwrap();
    let found = items.iter().find(|one| one["name"] == acme.secret.as_str()).unwrap();
    found["id"].as_str().unwrap().to_owned()
}

async fn posts(house: &House, path: &str, access: &str, body: Option<&Value>) -> Answer {
    house.call("POST", path, Some(access), body).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_security_keys_open_a_secret_and_the_owner_sees_and_ends_it() {
    let house = House::open().await;
    let (acme, rival) = (house.acme(), house.rival());
    let secret = secret_of(&house).await;
    let (_, ada) = hand(&house, &rival.owner).await;
    let (_, bea) = hand(&house, &rival.admin).await;
    let wish = json!({
        "workspace": acme.id, "secrets": [secret], "reason": "incident 7", "minutes": 30,
    });
    posts(&house, STAFF, &acme.owner.access, Some(&wish)).await.refused(404, "not_found");
    posts(&house, STAFF, &rival.owner.access, Some(&wish))
        .await
        .refused(403, "staff.passkey_needed");
    let asked = posts(&house, STAFF, &ada, Some(&wish)).await.ok();
    assert_eq!(asked.status, 201);
    let glass = format!("{STAFF}/{}", asked.text_at("id"));
    let (approve, reveal) = (format!("{glass}/approve"), format!("{glass}/reveal"));
    let which = json!({ "secret": secret });
    posts(&house, &approve, &ada, None).await.refused(403, "glass.two_people");
    posts(&house, &reveal, &ada, Some(&which)).await.refused(409, "glass.not_open");
    let agreed = posts(&house, &approve, &bea, None).await.ok();
    assert!(agreed.header("casemate-receipt").is_some());
    let shown = posts(&house, &reveal, &ada, Some(&which)).await.ok();
    let value = data_encoding::BASE64.decode(shown.text_at("value_base64").as_bytes()).unwrap();
    assert_eq!(value, acme.secret_value.as_bytes());
    posts(&house, &reveal, &bea, Some(&which)).await.refused(404, "not_found");

    let of_team = format!("/v1/teams/{}/break_glass", acme.id);
    let listed = house.call("GET", &of_team, Some(&acme.owner.access), None).await.ok();
    assert_eq!(listed.json["items"][0]["reason"], "incident 7");
    assert_eq!(listed.json["items"][0]["records"][0]["secret"], secret.as_str());
    let path = format!("/v1/teams/{}/break_glass", rival.id);
    let theirs = house.call("GET", &path, Some(&rival.owner.access), None).await.ok();
    assert_eq!(theirs.json["items"].as_array().unwrap().len(), 0);
    let end = format!("{of_team}/{}/end", asked.text_at("id"));
    posts(&house, &end, &acme.viewer.access, None).await.refused(403, "act.not_held");
    posts(&house, &end, &acme.owner.access, None).await.ok();
    posts(&house, &reveal, &ada, Some(&which)).await.refused(409, "glass.not_open");
    let all = house.call("GET", STAFF, Some(&bea), None).await.ok();
    assert!(all.json["items"][0]["ended_at_ms"].is_i64());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_whose_last_passkey_is_no_hardware_is_no_hand() {
    let house = House::open().await;
    let rival = house.rival();
    let (mut phone, _) = crate::house::registered(house.router(), &rival.owner.access).await;
    let (mut key, access) = hand(&house, &rival.owner).await;
    house.call("GET", STAFF, Some(&access), None).await.ok();
    let access = steps_up(&house, &access, &mut phone).await;
    let refused = house.call("GET", STAFF, Some(&access), None).await;
    refused.refused(403, "staff.hardware_needed");
    let access = steps_up(&house, &access, &mut key).await;
    house.call("GET", STAFF, Some(&access), None).await.ok();
}

async fn steps_up(house: &House, access: &str, with: &mut Authenticator) -> String {
    let purpose = json!({ "purpose": "step_up" });
    let path = "/v1/account/passkeys/challenges";
    let asked = house.call("POST", path, Some(access), Some(&purpose)).await.ok();
    let credential = with.answers(&asked.json["options"]);
    let passkey = json!({ "challenge": asked.text_at("challenge"), "credential": credential });
    let body = json!({ "passkey": passkey });
    let risen = posts(house, "/v1/sessions/current/step-up", access, Some(&body)).await.ok();
    risen.text_at("access_token").to_owned()
}
