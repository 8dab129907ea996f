//! The log of checkpoints as strangers fetch it: headers, limits, and another implementation that
//! reads the tree back.

use ledger::tiles::split_entry;
use ledger::{BlindedCheckpoint, TreeHead, VerifierKey};
use notary::Publisher;
use tlog_tiles::{HashReader, Tile, TileHashReader, TileReader};

use crate::house::House;

async fn publish(house: &House) {
    house.sequence().await;
    let (store, broker) = (house.house.store().clone(), house.house.broker().clone());
    Publisher::new(store, broker, 0).round().await.unwrap();
}

/// Tiles that were fetched, as the oracle asks for them.
struct Fetched(Vec<(String, Vec<u8>)>);

impl TileReader for Fetched {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let found = |tile: &Tile| {
            let path = tile.path();
            let (_, bytes) = self.0.iter().find(|(name, _)| *name == path).unwrap();
            bytes.clone()
        };
        Ok(tiles.iter().map(found).collect())
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

#[tokio::test]
async fn strangers_read_the_whole_log_of_checkpoints_and_find_it_signed() {
    let house = House::open().await;
    publish(&house).await;
    let head = house.call("GET", "/log/checkpoint", None, None).await.ok();
    assert_eq!(head.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(head.header("cache-control"), Some("public, max-age=2"));
    let key = house.call("GET", "/v1/audit/key", None, None).await.ok();
    let key = VerifierKey::parse(key.text_at("key")).unwrap();
    let note = head.text();
    let text = ledger::Note::parse(&note).unwrap().open(&[key]).unwrap();
    let TreeHead { size, root, .. } = TreeHead::parse(text).unwrap();
    assert!(size >= 2, "both workspaces' logs are there");

    let mut fetched = Vec::new();
    for tile in Tile::new_tiles(8, 0, size) {
        let path = tile.path();
        let address = format!("/log/tile/{}", path.strip_prefix("tile/8/").unwrap());
        let answer = house.call("GET", &address, None, None).await.ok();
        assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
        assert_eq!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"));
        fetched.push((path, answer.bytes));
    }
    let bundle = format!("/log/tile/entries/000.p/{size}");
    let bundle = house.call("GET", &bundle, None, None).await.ok();
    let (fetched, mut rest) = (Fetched(fetched), &bundle.bytes[..]);
    let reader = TileHashReader::new(size, tlog_tiles::Hash(root), &fetched);
    for index in 0..size {
        let (entry, after) = split_entry(rest).unwrap();
        assert!(BlindedCheckpoint::parse(entry).is_ok());
        let stored = tlog_tiles::stored_hash_index(0, index);
        // The oracle has checked every tile against the signed root.
        let hash = reader.read_hashes(&[stored]).unwrap()[0];
        assert_eq!(hash.0, tlog_tiles::record_hash(entry).0, "leaf {index}");
        rest = after;
    }
    assert!(rest.is_empty());
}

#[tokio::test]
async fn what_no_head_covers_and_what_is_no_path_is_not_there() {
    let house = House::open().await;
    publish(&house).await;
    for path in [
        "/log/tile/0/000",
        "/log/tile/0/001.p/1",
        "/log/tile/63/000",
        "/log/tile/entries/000",
        "/log/tile/entries/000.p/255",
        "/log/tile/entries/x001/000",
        "/log/tile/0/000.p/0",
        "/log/tile/0/../../v1/whoami",
        "/log/tile/0/%2e%2e",
        "/log/tile/",
        "/log/tile",
        "/log",
        "/log/",
    ] {
        house.call("GET", path, None, None).await.refused(404, "not_found");
    }
    house.call("POST", "/log/checkpoint", None, None).await.refused(405, "method.not_allowed");
}

#[tokio::test]
async fn a_workspace_opens_its_own_leaves_and_the_neighbour_does_not() {
    let house = House::open().await;
    publish(&house).await;
    let mut seen = Vec::new();
    for team in [house.acme(), house.rival()] {
        let owner = Some(team.owner.access.as_str());
        let answer = house.call("GET", "/v1/audit/openings", owner, None).await.ok();
        let answer: serde_json::Value = serde_json::from_slice(&answer.bytes).unwrap();
        let opening = answer["items"][0]["opening"].as_str().unwrap().to_owned();
        assert!(opening.contains(&team.id), "{opening}");
        let opening = ledger::Opening::parse(opening.as_bytes()).unwrap();
        seen.push(opening.blinded());
        let after = format!("/v1/audit/openings?after={}", answer["items"][0]["size"]);
        let rest = house.call("GET", &after, owner, None).await.ok();
        let rest: serde_json::Value = serde_json::from_slice(&rest.bytes).unwrap();
        assert_eq!(rest, serde_json::json!({ "items": [], "more": false }));
    }
    assert_ne!(seen[0].pseudonym, seen[1].pseudonym);
}
