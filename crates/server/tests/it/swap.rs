//! Ids of one workspace in requests of the other, at every place of a path and of a body.

use serde_json::{Value, json};

use crate::house::{Answer, House, Team};
use crate::operations;

#[track_caller]
fn shows_nothing_of(rival: &Team, sent: &str, answer: &Answer) {
    let text = answer.text();
    for private in rival.private() {
        // What was sent may come back in a refusal's own words; nothing else may.
        assert!(sent.contains(private) || !text.contains(private), "{sent}: {text}");
    }
}

/// Every name of every path, one at a time and all at once, stands for the neighbour's thing; the
/// caller is acme's owner, who may do everything in acme.
#[tokio::test]
async fn a_neighbours_id_in_a_path_is_not_found() {
    let house = House::open().await;
    let (acme, rival) = (house.acme(), house.rival());
    let (mut tried, mut found) = (0, Vec::new());
    for operation in operations::all().values().filter(|operation| operation.guarded) {
        let ours = operation.places(&house, acme);
        let theirs = operation.places(&house, rival);
        let names: Vec<&str> = ours
            .keys()
            .copied()
            .filter(|name| operation.path.contains(&format!("{{{name}}}")))
            .filter(|name| *name != "index")
            .collect();
        let one_each = names.iter().map(|name| vec![*name]);
        for swapped in one_each.chain((names.len() > 1).then(|| names.clone())) {
            // The person an invitation was sent to is acme's owner when it is rival's: that one is
            // theirs to accept.
            if operation.id == "invitations_accept" {
                continue;
            }
            // A way to a provider is a browser's by its cookie, and no workspace's.
            if ["identities_confirm", "sessions_step_up_confirm"].contains(&&*operation.id) {
                continue;
            }
            let mut places = ours.clone();
            for name in &swapped {
                places.insert(name, theirs[name].clone());
            }
            let target = operation.target(&places);
            let body = operation.body(&house, acme, &acme.owner);
            let answer = house
                .call(&operation.method, &target, Some(&acme.owner.access), body.as_ref())
                .await;
            shows_nothing_of(rival, &target, &answer);
            if answer.verdict() != "404 not_found" {
                found.push(format!("{} {swapped:?}: {}", operation.id, answer.verdict()));
            }
            tried += 1;
        }
    }
    assert!(found.is_empty(), "{found:#?}");
    assert!(tried >= 35, "{tried} paths were tried");
}

async fn refused_with(house: &House, method: &str, path: &str, body: Value) -> String {
    let owner = &house.acme().owner.access;
    let answer = house.call(method, path, Some(owner), Some(&body)).await;
    assert!(answer.status.is_client_error(), "{path} {body}: {}", answer.text());
    shows_nothing_of(house.rival(), &body.to_string(), &answer);
    answer.verdict()
}

#[tokio::test]
async fn a_neighbours_id_in_a_body_opens_nothing() {
    let house = House::open().await;
    let (acme, rival) = (house.acme(), house.rival());
    let team = format!("/v1/teams/{}", acme.id);
    let project = format!("/v1/projects/{}", acme.project);
    for (path, body) in [
        (format!("{team}/transfer"), json!({ "to": rival.admin.user })),
        (format!("{project}/members"), json!({ "user": rival.viewer.user })),
        ("/v1/sessions/current/workspace".to_owned(), json!({ "workspace": rival.id })),
    ] {
        assert_eq!(refused_with(&house, "POST", &path, body).await, "404 not_found", "{path}");
    }
    let mut sign_in = acme.guest.sign_in(house.now_ms());
    sign_in["workspace"] = json!(rival.id);
    assert_eq!(refused_with(&house, "POST", "/v1/sessions", sign_in).await, "404 not_found");
}

#[tokio::test]
async fn a_neighbours_project_in_an_invitation_or_override_gives_nobody_anything_there() {
    let house = House::open().await;
    let (acme, rival) = (house.acme(), house.rival());
    let owner = Some(acme.owner.access.as_str());
    let members = format!("/v1/teams/{}/members", acme.id);
    let invite =
        json!({ "email": "x@acme.example", "role": "viewer", "projects": [rival.project] });
    let invited = house.call("POST", &members, owner, Some(&invite)).await;
    shows_nothing_of(rival, &invite.to_string(), &invited);
    let change = json!({ "overrides": [
        { "act": "project.read", "effect": "grant", "project": rival.project }
    ] });
    let path = format!("{members}/{}", acme.viewer.user);
    let changed = house.call("PATCH", &path, owner, Some(&change)).await;
    shows_nothing_of(rival, &change.to_string(), &changed);
    let target = format!("/v1/projects/{}", rival.project);
    house.call("GET", &target, Some(&acme.viewer.access), None).await.refused(404, "not_found");
}

/// A cursor is a place to start at, in one's own listing.
#[tokio::test]
async fn a_neighbours_cursor_shows_ones_own_things_only() {
    let house = House::open().await;
    let (acme, rival) = (house.acme(), house.rival());
    for path in ["/v1/projects", "/v1/keys", "/v1/audit/entries"] {
        let page = format!("{path}?limit=1");
        let theirs = house.call("GET", &page, Some(&rival.owner.access), None).await.ok();
        let cursor = theirs.text_at("next_cursor");
        let with = format!("{path}?cursor={cursor}");
        let answer = house.call("GET", &with, Some(&acme.owner.access), None).await.ok();
        shows_nothing_of(rival, "", &answer);
    }
}

/// A key of one workspace is as blind as its people.
#[tokio::test]
async fn a_key_reads_its_own_workspace_only() {
    let house = House::open().await;
    let (acme, rival) = (house.acme(), house.rival());
    let body = json!({ "name": "reader", "scopes": ["project.read", "secret.list"] });
    let made = house.call("POST", "/v1/keys", Some(&acme.owner.access), Some(&body)).await.ok();
    let key = made.text_at("key");
    let own = house.call("GET", "/v1/projects", Some(key), None).await.ok();
    assert!(own.text().contains(&acme.project));
    shows_nothing_of(rival, "", &own);
    let target = format!("/v1/projects/{}", rival.project);
    house.call("GET", &target, Some(key), None).await.refused(404, "not_found");
}
