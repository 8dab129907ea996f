//! Attacks on retention: cutting a log without a boundary, dropping what is young, and reaching for
//! the workspace's log.

use domain::Reason;
use domain::authz::Role;
use ledger::verify::{BoundaryFault, Finding};
use ledger::{Evidence, Verdict, verify_export};
use notary::holds::{lift_hold, lift_unit_hold, list_holds, place_hold, place_unit_hold};
use notary::{NotaryError, Retained};
use store::Unit;

use crate::ground::on_each_engine;
use crate::house::House;
use crate::retention::{retained, security_export, sequenced, verdict, written};

on_each_engine! {
    a_beginning_that_is_cut_off_without_a_boundary_is_tampering
    a_head_that_claims_a_boundary_of_its_own_is_tampering
    no_statement_reaches_the_workspaces_log
    no_drop_reaches_beyond_the_boundary_or_under_a_hold
    only_the_owner_with_a_fresh_factor_places_and_lifts_a_hold
}

const DAY_MS: i64 = 24 * 3_600 * 1_000;

fn finding(verdict: Verdict) -> Finding {
    match verdict {
        Verdict::Tampered(finding) => finding,
        other => panic!("not tampered: {other}"),
    }
}

async fn a_beginning_that_is_cut_off_without_a_boundary_is_tampering(house: House) {
    written(&house, house.ours, 100 * DAY_MS, 8).await;
    written(&house, house.ours, DAY_MS, 8).await;
    sequenced(&house, house.ours).await;
    let owner = house.owner_of(house.ours).await;
    owner.drop_guards().await;
    owner
        .change(
            "delete from audit_leaves where tenant_id = {ours} and stream = 'security' \
             and leaf_index < 7",
        )
        .await;
    let found = verdict(&house, house.ours, &[]).await;
    assert!(matches!(found, Verdict::Tampered(_)), "{found}");
}

/// Takes the entries before the boundary out of an honest export of a log that has none, and gives
/// it the head of one that begins there.
async fn a_head_that_claims_a_boundary_of_its_own_is_tampering(house: House) {
    written(&house, house.ours, 100 * DAY_MS, 8).await;
    written(&house, house.ours, DAY_MS, 3).await;
    sequenced(&house, house.ours).await;
    let file = String::from_utf8(security_export(&house, house.ours).await).unwrap();
    let lines: Vec<&str> = file.lines().collect();
    let leaf = |line: &&str| -> ledger::Hash {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = line["leaf"].as_str().unwrap();
        data_encoding::BASE64.decode(text.as_bytes()).unwrap().try_into().unwrap()
    };
    let mut edge = ledger::Frontier::new();
    lines[1..9].iter().for_each(|line| edge.append(leaf(line), |_, _| {}));
    let peaks: Vec<String> =
        edge.peaks().iter().map(|peak| data_encoding::BASE64.encode(peak)).collect();
    let peaks = serde_json::json!(peaks);
    let boundary = format!("{{\"first_index\":8,\"epoch\":0,\"peaks\":{peaks}}}");
    let head = lines[0].strip_suffix('}').unwrap();
    let cut = format!("{head},\"boundary\":{boundary}}}\n{}\n", lines[9..].join("\n"));
    let key = house.key().await;
    let found = verify_export(cut.as_bytes(), Evidence { keys: &[key], ..Evidence::default() });
    let unrecorded = BoundaryFault::Unrecorded { first_index: 8 };
    assert_eq!(finding(found), Finding::Boundary(unrecorded));
}

async fn no_statement_reaches_the_workspaces_log(house: House) {
    house.write(house.ours, 20).await;
    house.sequence(house.ours).await.unwrap();
    written(&house, house.ours, 100 * DAY_MS, 40).await;
    sequenced(&house, house.ours).await;
    // With a boundary and a drop that reach far, as the most favourable ground for the attack.
    assert!(matches!(retained(&house, house.ours).await, Retained::Dropped { .. }));
    let owner = house.owner_of(house.ours).await;
    let before = owner.count("audit_entries where stream = 'workspace'").await;
    for attack in [
        "delete from audit_entries where tenant_id = {ours} and stream = 'workspace'",
        "delete from audit_leaves where tenant_id = {ours} and stream = 'workspace'",
        "delete from audit_nodes where tenant_id = {ours} and stream = 'workspace'",
        "delete from audit_personal where tenant_id = {ours}",
        "update audit_entries set stream = 'security' where tenant_id = {ours}",
        "update audit_leaves set stream = 'security' where tenant_id = {ours}",
        "insert into audit_drops (tenant_id, stream, until_index, at_ms) \
         values ({ours}, 'workspace', 5, 1)",
        "insert into audit_boundaries (tenant_id, stream, first_index, root, peaks, at_ms) \
         values ({ours}, 'workspace', 1, {zeros}, {zeros}, 1)",
        "update audit_drops set until_index = 1000 where tenant_id = {ours}",
        "delete from audit_boundaries where tenant_id = {ours}",
    ] {
        assert!(owner.run(attack).await.is_err(), "{attack}");
    }
    assert_eq!(owner.count("audit_entries where stream = 'workspace'").await, before);
    assert!(matches!(house.verdict(house.ours).await, Verdict::Verified(_)));
}

async fn no_drop_reaches_beyond_the_boundary_or_under_a_hold(house: House) {
    written(&house, house.ours, 100 * DAY_MS, 10).await;
    written(&house, house.ours, DAY_MS, 10).await;
    sequenced(&house, house.ours).await;
    let owner = house.owner_of(house.ours).await;
    let drop_to = |index: u64| {
        format!(
            "insert into audit_drops (tenant_id, stream, until_index, at_ms) \
             values ({{ours}}, 'security', {index}, 1)"
        )
    };
    // No boundary at all; one that no entry names.
    assert!(owner.run(&drop_to(5)).await.is_err());
    owner
        .change(
            "insert into audit_boundaries (tenant_id, stream, first_index, root, peaks, at_ms) \
             values ({ours}, 'security', 1, {zeros}, {zeros}, 1)",
        )
        .await;
    assert!(owner.run(&drop_to(1)).await.is_err());
    for index in [2, 10, 15, 1_000] {
        assert!(owner.run(&drop_to(index)).await.is_err(), "{index}");
    }
    let rows = "audit_leaves where stream = 'security'";
    assert_eq!(owner.count(rows).await, 20);
}

async fn only_the_owner_with_a_fresh_factor_places_and_lifts_a_hold(house: House) {
    let store = &house.store;
    let reason = || "the matter of March".parse::<Reason>().unwrap();
    let now = Some(store.mint().now());
    let owner = house.scope(house.ours);
    let admin = house.join(house.ours, Role::Admin).await;
    for (scope, factor) in [(&admin, now), (&owner, None)] {
        let refused = place_hold(store, scope, factor, reason()).await;
        assert!(matches!(refused, Err(NotaryError::Denied(_))), "{refused:?}");
    }
    let hold = place_hold(store, &owner, now, reason()).await.unwrap().value;
    let neighbour = house.scope(house.theirs);
    for (scope, factor) in [(&admin, now), (&owner, None), (&neighbour, now)] {
        let refused = lift_hold(store, scope, factor, hold.id, reason()).await;
        assert!(refused.is_err(), "{refused:?}");
    }
    let unit = Unit::Tenant(house.ours.tenant);
    // The platform's own hold is the platform's to lift, and the owner's is the owner's.
    let platforms = place_unit_hold(store, unit, reason()).await.unwrap().value;
    let wrong = lift_hold(store, &owner, now, platforms.id, reason()).await;
    assert_eq!(wrong.map(drop), Err(NotaryError::NotFound));
    let wrong = lift_unit_hold(store, unit, hold.id, reason()).await;
    assert_eq!(wrong.map(drop), Err(NotaryError::NotFound));
    assert_eq!(list_holds(store, &neighbour).await.unwrap(), vec![]);
    lift_hold(store, &owner, now, hold.id, reason()).await.unwrap();
    assert_eq!(retained(&house, house.ours).await, Retained::Held);
    lift_unit_hold(store, unit, platforms.id, reason()).await.unwrap();
    assert_eq!(retained(&house, house.ours).await, Retained::Nothing);
    let all = list_holds(store, &owner).await.unwrap();
    assert_eq!(all.len(), 2);
    assert!(all.iter().all(|one| one.lifted_at.is_some()));
    sequenced(&house, house.ours).await;
    let log = String::from_utf8(security_export(&house, house.ours).await).unwrap();
    assert_eq!(log.lines().count(), 2 + 4, "each placing and lifting is an entry");
}
