//! Receipts: every act that writes is answered with one, each verifies, and each entry gets its
//! place in the log.

use std::collections::BTreeSet;

use data_encoding::HEXLOWER;
use domain::limits;
use ledger::{Evidence, Receipt, Stream, Verdict, VerifierKey};
use serde_json::json;

use crate::house::{Answer, Engine, House, Relay, Template};
use crate::operations;

async fn log_key(house: &House) -> VerifierKey {
    let answer = house.call("GET", "/v1/audit/key", None, None).await.ok();
    VerifierKey::parse(answer.text_at("key")).unwrap()
}

fn receipts(answer: &Answer, key: &VerifierKey) -> Vec<Receipt> {
    let header = answer.header("casemate-receipt").unwrap_or_default();
    let parts = header.split(',').filter(|part| !part.is_empty());
    parts.map(|part| Receipt::open_header(part, key).unwrap()).collect()
}

fn stream(receipt: &Receipt) -> Stream {
    let (_, _, stream) = receipt.origin.parts().unwrap();
    stream
}

/// Every operation that writes, by acme's owner (or nobody, where nobody asks), gives receipts that
/// verify.
#[tokio::test]
async fn every_act_that_writes_is_answered_with_a_receipt_that_verifies() {
    // A refresh changes no right, opening an invitation of somebody else's is refused to the owner,
    // and the answer to a report does not tell whether it was one.
    let without = ["sessions_refresh", "invitations_accept", "key_reports_create"];
    // A receipt would tell that there is such an account; the others need a code of a letter, or
    // change nothing yet.
    let without = without.into_iter().chain([
        "password_resets_create",
        "password_resets_complete",
        "recoveries_create",
        "recoveries_start",
        "recoveries_complete",
        "account_recoveries_cancel",
        "account_totp_start",
        "account_totp_confirm",
    ]);
    let without: Vec<&str> = without.collect();
    let mut held = 0;
    for (id, operation) in operations::all() {
        if operation.method == "GET" || without.contains(&id.as_str()) {
            continue;
        }
        let house = House::open().await;
        let key = log_key(&house).await;
        let acme = house.acme();
        if id == "sessions_revoke_others" {
            let body = acme.owner.sign_in(house.now_ms());
            house.call("POST", "/v1/sessions", None, Some(&body)).await.ok();
        }
        let target = operation.target(&operation.places(&house, acme));
        let body = operation.body(&house, acme, &acme.owner);
        let credential = operation.guarded.then_some(acme.owner.access.as_str());
        let answer = house.call(&operation.method, &target, credential, body.as_ref()).await.ok();
        let found = receipts(&answer, &key);
        assert!(!found.is_empty(), "{id} gave no receipt");
        for receipt in found {
            assert_eq!(receipt.merge_by.since_ms(receipt.at), 3_600_000, "{id}");
            held += 1;
        }
        house.close().await;
    }
    assert!(held >= 20, "{held} receipts");
}

#[tokio::test]
async fn a_receipts_entry_is_in_the_log_and_the_proof_leads_to_the_signed_root() {
    let house = House::open().await;
    let key = log_key(&house).await;
    let owner = Some(house.acme().owner.access.as_str());
    let mut promised = BTreeSet::new();
    for name in ["one", "two", "three"] {
        let body = json!({ "name": name });
        let answer = house.call("POST", "/v1/projects", owner, Some(&body)).await.ok();
        for receipt in receipts(&answer, &key) {
            assert_eq!(stream(&receipt), Stream::Workspace);
            promised.insert((receipt.entry.to_string(), HEXLOWER.encode(&receipt.hash)));
        }
    }
    house.sequence().await;
    let listed = house.call("GET", "/v1/audit/entries?limit=200", owner, None).await.ok();
    let checkpoint = house.call("GET", "/v1/audit/checkpoint", owner, None).await.ok();
    let size = checkpoint.json["size"].as_u64().unwrap();
    let root = hash(checkpoint.text_at("root"));
    for entry in listed.json["items"].as_array().unwrap() {
        let (id, leaf) = (entry["id"].as_str().unwrap(), entry["hash"].as_str().unwrap());
        if !promised.remove(&(id.to_owned(), leaf.to_owned())) {
            continue;
        }
        let index = entry["index"].as_u64().expect("an entry was not sequenced");
        let path = format!("/v1/audit/proofs/inclusion?index={index}&size={size}");
        let proof = house.call("GET", &path, owner, None).await.ok();
        assert_eq!(proof.text_at("leaf"), leaf);
        let siblings: Vec<[u8; 32]> = proof.json["path"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| hash(one.as_str().unwrap()))
            .collect();
        assert!(ledger::tree::verify_inclusion(index, size, &hash(leaf), &siblings, &root));
    }
    assert!(promised.is_empty(), "not in the log: {promised:?}");
}

fn hash(text: &str) -> [u8; 32] {
    HEXLOWER.decode(text.as_bytes()).unwrap().try_into().unwrap()
}

#[tokio::test]
async fn an_export_of_the_api_is_verified_by_the_key_of_the_api() {
    let house = House::open().await;
    let key = log_key(&house).await;
    let owner = Some(house.acme().owner.access.as_str());
    let body = json!({ "name": "promised" });
    let promised = house.call("POST", "/v1/projects", owner, Some(&body)).await.ok();
    let export = house.call("GET", "/v1/audit/export", owner, None).await.ok();
    let receipts = [promised.header("casemate-receipt").unwrap()];
    let judge = |bytes: &[u8]| {
        let keys = std::slice::from_ref(&key);
        ledger::verify_export(bytes, Evidence { keys, receipts: &receipts, seen: &[] })
    };
    let verdict = judge(&export.bytes);
    assert!(matches!(verdict, Verdict::Verified(_)), "{verdict:?}");
    let tampered = export.text().replacen("\"index\":1,", "\"index\":2,", 1);
    assert_ne!(tampered, export.text());
    let verdict = judge(tampered.as_bytes());
    assert!(matches!(verdict, Verdict::Tampered(_)), "{verdict:?}");
}

/// A person's acts outside of any workspace are logged and receipted like a workspace's.
#[tokio::test]
async fn a_sign_in_has_a_receipt_of_the_platforms_own_log() {
    let house = House::open().await;
    let key = log_key(&house).await;
    let body = house.acme().guest.sign_in(house.now_ms());
    let answer = house.call("POST", "/v1/sessions", None, Some(&body)).await.ok();
    let found = receipts(&answer, &key);
    assert!(found.iter().any(|receipt| stream(receipt) == Stream::Security));
}

#[tokio::test]
async fn a_broker_that_is_away_for_a_moment_still_signs_the_receipt() {
    let template = Template::get(Engine::Sqlite).await;
    let relay = Relay::to(template.ground.socket());
    let house = House::behind(&relay).await;
    let watching = house.house.clone();
    tokio::select! {
        () = watching.identity().watch_revocations() => unreachable!("the watch does not end"),
        () = acts_without_its_broker(&house, &relay) => {}
    }
}

async fn acts_without_its_broker(house: &House, relay: &Relay) {
    // The first reading of revocations may still be under way.
    tokio::time::sleep(std::time::Duration::from_millis(limits::REVOCATION_POLL_MS)).await;
    let key = log_key(house).await;
    let owner = Some(house.acme().owner.access.as_str());
    let project = |name: &str| json!({ "name": name });
    relay.cut();
    let body = project("patient");
    let asked = house.call("POST", "/v1/projects", owner, Some(&body));
    let back = async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        relay.mend();
    };
    let (answer, ()) = tokio::join!(asked, back);
    assert_eq!(receipts(&answer.ok(), &key).len(), 1);

    // One that stays away holds nobody up for ever: the act is done, and its entry is in the log.
    relay.cut();
    let body = project("alone");
    let answer = house.call("POST", "/v1/projects", owner, Some(&body)).await.ok();
    assert_eq!(answer.header("casemate-receipt"), None);
    relay.mend();
    house.sequence().await;
    let listed = house.call("GET", "/v1/audit/entries?limit=2", owner, None).await.ok();
    assert!(listed.json["items"][0]["index"].is_number(), "{}", listed.text());
}
