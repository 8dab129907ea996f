//! Listings, page by page.

use std::collections::BTreeSet;

use serde_json::json;

use crate::house::House;

/// Everything of a listing, `limit` at a time.
async fn all(house: &House, path: &str, limit: u32) -> Vec<String> {
    let mut found = Vec::new();
    let mut next = String::new();
    loop {
        let page = format!("{path}?limit={limit}{next}");
        let answer = house.call("GET", &page, Some(&house.acme().owner.access), None).await.ok();
        let items = answer.json["items"].as_array().unwrap();
        assert!(items.len() <= limit as usize);
        found.extend(items.iter().map(|one| one.to_string()));
        match answer.json["next_cursor"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => return found,
        }
    }
}

#[tokio::test]
async fn pages_hold_everything_once_whatever_their_size() {
    let house = House::open().await;
    for name in ["aa", "bb", "cc"] {
        let body = json!({ "name": name });
        let owner = Some(house.acme().owner.access.as_str());
        house.call("POST", "/v1/projects", owner, Some(&body)).await.ok();
    }
    let members = format!("/v1/teams/{}/members", house.acme().id);
    let invitations = format!("/v1/teams/{}/invitations", house.acme().id);
    for (path, least) in [
        ("/v1/projects", 5),
        ("/v1/keys", 2),
        ("/v1/audit/entries", 10),
        ("/v1/audit/search", 10),
        (members.as_str(), 5),
        (invitations.as_str(), 2),
    ] {
        let whole = all(&house, path, 200).await;
        assert!(whole.len() >= least, "{path}: {}", whole.len());
        for limit in [1, 2, 3] {
            assert_eq!(all(&house, path, limit).await, whole, "{path} by {limit}");
        }
        assert_eq!(whole.iter().collect::<BTreeSet<_>>().len(), whole.len());
    }
}
