//! API keys, sessions and the security log as their people meet them over HTTP.

use domain::limits;
use serde_json::json;

use crate::house::House;

#[tokio::test]
async fn a_leaked_key_is_ended_by_whoever_reports_it() {
    let house = House::open().await;
    let acme = house.acme();
    let key = acme.key.as_str();
    house.call("GET", "/v1/whoami", Some(key), None).await.ok();
    let mut bodies = Vec::new();
    for text in [key, key, "cm_live_nothing", "hunter2"] {
        let body = json!({ "key": text });
        let answer = house.call("POST", "/v1/key-reports", None, Some(&body)).await;
        assert_eq!(answer.status, 202, "{text}");
        bodies.push(answer.text());
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "the answer tells nothing");
    house.call("GET", "/v1/whoami", Some(key), None).await.refused(401, "auth.invalid");
    let rival = house.rival().key.as_str();
    house.call("GET", "/v1/whoami", Some(rival), None).await.ok();
}

#[tokio::test]
async fn a_sensitive_act_makes_a_session_move_on_without_signing_it_out() {
    let house = House::alone().await;
    let owner = &house.acme().owner;
    let body = json!({ "name": "moving", "scopes": [] });
    house.call("POST", "/v1/keys", Some(&owner.access), Some(&body)).await.ok();
    house.call("GET", "/v1/keys", Some(&owner.access), None).await.ok();
    house.advance(limits::SESSION_MOVE_MS);
    let refused = async {
        loop {
            let answer = house.call("GET", "/v1/keys", Some(&owner.access), None).await;
            if answer.status != 200 {
                return answer;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    refused.await.refused(401, "auth.revoked");
    let body = json!({ "refresh_token": owner.refresh });
    let next = house.call("POST", "/v1/sessions/refresh", None, Some(&body)).await.ok();
    let access = next.text_at("access_token").to_owned();
    house.call("GET", "/v1/keys", Some(&access), None).await.ok();
}

#[tokio::test]
async fn sign_ins_reach_the_owner_and_the_person_and_no_neighbour() {
    let house = House::open().await;
    let (acme, rival) = (house.acme(), house.rival());
    house.sequence().await;
    house.sequence().await;
    let security = "/v1/audit/entries?stream=security&limit=200";
    let ours = house.call("GET", security, Some(&acme.owner.access), None).await.ok();
    let told = |text: &str| text.contains(&acme.viewer.user);
    assert!(told(&ours.text()), "the owner sees that the viewer signed in");
    assert_eq!(ours.json["security_kept_days"], 90);
    let theirs = house.call("GET", security, Some(&rival.owner.access), None).await.ok();
    assert!(!told(&theirs.text()));
    for person in [&acme.operator, &acme.viewer] {
        let refused = house.call("GET", security, Some(&person.access), None).await;
        refused.refused(403, "act.not_held");
    }
    let own = "/v1/account/security-log";
    let viewer = house.call("GET", own, Some(&acme.viewer.access), None).await.ok();
    assert!(viewer.text().contains(&acme.viewer.session));
    assert_eq!(viewer.json["kept_days"], 90);
    let other = house.call("GET", own, Some(&rival.viewer.access), None).await.ok();
    assert!(!other.text().contains(&acme.viewer.session));
    house.call("GET", own, Some(&acme.key), None).await.refused(403, "person.needed");
}
