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

/// Operations whose answer here holds no receipt: the first step of something, which is an entry
/// when it is done (a challenge, a way to a provider, an authenticator that waits, a look at who
/// asks); an answer that must not tell whether anything was found (a report, a reset, a recovery);
/// a label of one's own; a refresh; and what this request cannot do, since it needs a code, a
/// cookie, a key or an authenticator that no example holds, which their own tests do.
const WITHOUT: &[&str] = &[
    "account_recoveries_cancel",
    "account_totp_confirm",
    "account_totp_start",
    "authorizations_redeem",
    "break_glass_approve",
    "break_glass_ask",
    "break_glass_end",
    "break_glass_end_of_team",
    "break_glass_reveal",
    "device_grants_approve",
    "device_grants_deny",
    "device_grants_look",
    "device_grants_redeem",
    "domains_prove",
    "identities_begin",
    "identities_confirm",
    "identities_unlink",
    "invitations_accept",
    "key_reports_create",
    "passkey_challenges_create",
    "passkeys_challenge",
    "passkeys_create",
    "passkeys_rename",
    "password_resets_complete",
    "password_resets_create",
    "recoveries_complete",
    "recoveries_create",
    "recoveries_start",
    "sessions_passkey",
    "sessions_refresh",
    "sessions_step_up_begin",
    "sessions_step_up_confirm",
    "sso_begin",
    "sso_redeem",
];

/// Every operation that writes, by acme's owner (or nobody, where nobody asks), gives receipts that
/// verify; those that do not are listed with their reason.
#[tokio::test]
async fn every_act_that_writes_is_answered_with_a_receipt_that_verifies() {
    let (mut held, mut lacking) = (0, Vec::new());
    for (id, operation) in operations::all() {
        if operation.method == "GET" {
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
        let answer = house.call(&operation.method, &target, credential, body.as_ref()).await;
        let found = receipts(&answer, &key);
        if found.is_empty() {
            lacking.push(id.clone());
        }
        for receipt in found {
            assert_eq!(receipt.merge_by.since_ms(receipt.at), 3_600_000, "{id}");
            held += 1;
        }
        house.close().await;
    }
    assert_eq!(lacking, WITHOUT);
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
        ledger::verify_export(bytes, Evidence { keys, receipts: &receipts, ..Evidence::default() })
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
