//! What fails inside is answered with a request id and nothing else, and only to whom it concerns.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use domain::Mint;
use serde_json::json;
use store::{Store, StoreConfig};

use crate::house::{Answer, Engine, House, Random, Template, WIDE, request, sent, served};

/// A body with the fields of every problem, and no word of what is behind it.
#[track_caller]
fn says_nothing(answer: &Answer) {
    let fields: Vec<&String> = answer.json.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["code", "request_id", "status", "title", "type"]);
    let text = answer.text().to_lowercase();
    for word in ["sqlite", "tenants", ".db", "/tmp", "corrupt", "damaged", "panick", "sealed"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
}

#[tokio::test]
async fn a_damaged_workspace_is_an_inner_failure_and_its_neighbour_goes_on() {
    let template = Template::get(Engine::Sqlite).await;
    let folder = tempfile::tempdir().unwrap();
    template.ground.copy_data(folder.path());
    let file = folder.path().join(format!("tenants/{}.db", template.acme.id));
    let length = std::fs::metadata(&file).unwrap().len();
    std::fs::write(&file, vec![7; usize::try_from(length).unwrap()]).unwrap();

    let mint = Mint::new(template.clock(), Arc::new(Random));
    let config = StoreConfig::Sqlite { folder: folder.path().to_path_buf() };
    let store = Store::open(config, mint).await.unwrap();
    let house = served(store, template.ground.broker().await, WIDE).await;
    let router = server::router::router(house);
    let ask = async |credential: &str| {
        sent(&router, request("GET", "/v1/projects", Some(credential), None)).await
    };
    let answer = ask(&template.acme.owner.access).await.refused(500, "internal");
    says_nothing(&answer);
    let neighbour = ask(&template.rival.owner.access).await.ok();
    assert!(neighbour.text().contains(&template.rival.project));
}

#[tokio::test]
async fn a_panic_in_a_handler_is_an_inner_failure() {
    async fn handler() -> &'static str {
        panic!("a value of somebody: hunter2")
    }
    let house = House::open().await;
    let frame = axum::middleware::from_fn_with_state(house.house.clone(), server::frame::frame);
    let router = Router::new().route("/v1/broken", get(handler)).layer(frame);
    let answer = sent(&router, request("GET", "/v1/broken", None, None)).await;
    let answer = answer.refused(500, "internal");
    says_nothing(&answer);
    assert!(!answer.text().contains("hunter2"));
}

/// An answer of the router's own, without a problem beside it, is one all the same.
#[tokio::test]
async fn a_bare_refusal_gets_the_form_of_a_problem() {
    async fn handler() -> (http::StatusCode, &'static str) {
        (http::StatusCode::BAD_GATEWAY, "upstream said: hunter2")
    }
    let house = House::open().await;
    let frame = axum::middleware::from_fn_with_state(house.house.clone(), server::frame::frame);
    let router = Router::new().route("/v1/bare", get(handler)).layer(frame);
    let answer = sent(&router, request("GET", "/v1/bare", None, None)).await;
    says_nothing(&answer.refused(500, "internal"));
}

#[tokio::test]
async fn a_refused_use_case_leaves_no_entry_and_no_change() {
    let house = House::open().await;
    let acme = house.acme();
    let owner = Some(acme.owner.access.as_str());
    let before = house.call("GET", "/v1/audit/entries?limit=1", owner, None).await.ok();
    let path = format!("/v1/teams/{}/members/{}", acme.id, acme.owner.user);
    let body = json!({ "role": "viewer" });
    let answer = house.call("PATCH", &path, Some(&acme.admin.access), Some(&body)).await;
    answer.refused(403, "rank.ownership_moves_by_transfer_only");
    let after = house.call("GET", "/v1/audit/entries?limit=1", owner, None).await.ok();
    assert_eq!(before.json["items"][0]["id"], after.json["items"][0]["id"]);
}
