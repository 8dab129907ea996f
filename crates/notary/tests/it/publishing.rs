//! Checkpoints on their way into the log of checkpoints.

use ledger::{BlindedCheckpoint, Stream};
use notary::{NotaryError, Publisher, checkpoint_log};
use store::{Caller, Commit, QuietReason, Unit};

use crate::ground::on_each_engine;
use crate::house::{House, Workspace};
use crate::witnessed::{Reader, TestWitness, cosign, publish};

on_each_engine! {
    every_log_with_entries_gets_one_leaf_and_a_quiet_log_no_second_one
    a_busy_log_costs_one_leaf_in_a_period
    a_leaf_names_no_workspace_and_each_workspace_opens_its_own_only
    what_was_cut_off_between_opening_and_leaf_is_finished
    publishers_at_the_same_time_make_each_leaf_once
    an_export_leads_up_to_the_cosigned_log_of_checkpoints
    a_member_without_the_right_gets_no_opening
}

fn publisher(house: &House, period_ms: i64) -> Publisher {
    Publisher::new(house.store.clone(), house.broker.clone(), period_ms)
}

async fn leaves(house: &House) -> Vec<BlindedCheckpoint> {
    house
        .store
        .platform_read::<_, NotaryError>(|tx| Ok(tx.checkpoint_log().leaves(0, 1_000)?))
        .await
        .unwrap()
}

async fn openings(house: &House, workspace: Workspace) -> Vec<ledger::Opening> {
    let scope = house.scope(workspace);
    let listed = notary::list_openings(&house.store, &scope, Stream::Workspace, 0, 1_000);
    listed.await.unwrap().items
}

async fn grow(house: &House, workspace: Workspace) {
    house.write(workspace, 1).await;
    house.sequence(workspace).await.unwrap();
}

async fn every_log_with_entries_gets_one_leaf_and_a_quiet_log_no_second_one(house: House) {
    let mut publisher = publisher(&house, 0);
    let first = publisher.round().await.unwrap();
    assert_eq!((first.leaves, first.size), (0, 0), "nothing is sequenced, an empty head is signed");
    assert!(checkpoint_log::head(&house.store).await.unwrap().unwrap().contains("\n0\n"));
    for workspace in [house.ours, house.theirs] {
        house.sequence(workspace).await.unwrap();
    }
    assert_eq!(publisher.round().await.unwrap().leaves, 2);
    assert_eq!(publisher.round().await.unwrap().leaves, 0);
    // A publisher that has just started finds them as well.
    assert_eq!(publish(&house).await.leaves, 0);
    let caller = Caller::system("operator", house.store.mint().id());
    let told = house.store.unit_write::<_, NotaryError>(Unit::Platform, &caller, |_| {
        let event = ledger::AuditEvent::new(ledger::Verb::AuditExported, "log", "platform");
        Ok(Commit::audited(event, ()))
    });
    told.await.unwrap();
    house.worker().sweep().await;
    let platform = publisher.round().await.unwrap();
    assert!(platform.leaves > 0, "the platform's own log is published too");
    assert_eq!(leaves(&house).await.len() as u64, platform.size);
}

async fn a_busy_log_costs_one_leaf_in_a_period(house: House) {
    let mut publisher = publisher(&house, 3_600_000);
    for _ in 0..5 {
        grow(&house, house.ours).await;
        publisher.round().await.unwrap();
    }
    assert_eq!(openings(&house, house.ours).await.len(), 1);
    assert_eq!(leaves(&house).await.len(), 1);
}

async fn a_leaf_names_no_workspace_and_each_workspace_opens_its_own_only(house: House) {
    for workspace in [house.ours, house.theirs] {
        grow(&house, workspace).await;
    }
    publish(&house).await;
    grow(&house, house.ours).await;
    publish(&house).await;
    let (leaves, ours) = (leaves(&house).await, openings(&house, house.ours).await);
    let theirs = openings(&house, house.theirs).await;
    assert_eq!((ours.len(), theirs.len(), leaves.len()), (2, 1, 3));
    assert_eq!(ours[0].pseudonym, ours[1].pseudonym, "the name stays");
    assert_ne!(ours[0].pseudonym, theirs[0].pseudonym);
    for opening in ours.iter().chain(&theirs) {
        assert!(leaves.contains(&opening.blinded()));
    }
    let shown: String = leaves.iter().map(BlindedCheckpoint::text).collect();
    for workspace in [house.ours, house.theirs] {
        assert!(!shown.contains(&workspace.tenant.to_string()));
    }
}

async fn what_was_cut_off_between_opening_and_leaf_is_finished(house: House) {
    grow(&house, house.ours).await;
    let caller = Caller::system("publisher", house.store.mint().id());
    let unit = Unit::Tenant(house.ours.tenant);
    let begun = house.store.unit_write::<_, NotaryError>(unit, &caller, |tx| {
        let newest = tx.tree().checkpoint(Stream::Workspace)?.unwrap();
        tx.openings().name(Stream::Workspace, [7; 16])?;
        tx.openings().add(Stream::Workspace, newest.size, newest.root, [8; 32])?;
        Ok(Commit::quiet(QuietReason::Publishing, ()))
    });
    begun.await.unwrap();
    // Killed here. Whoever comes next makes this very leaf, and makes it once.
    assert_eq!(publish(&house).await.leaves, 1);
    assert_eq!(publish(&house).await.leaves, 0);
    let opening = openings(&house, house.ours).await.remove(0);
    assert_eq!((opening.pseudonym, opening.nonce), ([7; 16], [8; 32]));
    assert_eq!(leaves(&house).await, [opening.blinded()]);
}

async fn publishers_at_the_same_time_make_each_leaf_once(house: House) {
    for workspace in [house.ours, house.theirs] {
        grow(&house, workspace).await;
    }
    let round = |mut publisher: Publisher| async move { publisher.round().await };
    let both = tokio::join!(round(publisher(&house, 0)), round(publisher(&house, 0)));
    for outcome in [both.0, both.1] {
        assert!(matches!(outcome, Ok(_) | Err(NotaryError::Raced)), "{outcome:?}");
    }
    let left = publish(&house).await;
    let (leaves, mut once) = (leaves(&house).await, leaves(&house).await);
    once.sort_by_key(|leaf| leaf.commitment);
    once.dedup();
    assert_eq!(once.len(), leaves.len());
    assert_eq!(left.size, 2);
}

async fn an_export_leads_up_to_the_cosigned_log_of_checkpoints(house: House) {
    let mut witness = TestWitness::new("witness.example/w1");
    for workspace in [house.theirs, house.ours] {
        grow(&house, workspace).await;
    }
    publish(&house).await;
    assert!(cosign(&house, &mut witness).await);
    let export = house.export(house.ours).await.unwrap();
    let reader = Reader::new(&house, house.ours, &witness).await;
    let verdict = reader.verdict(&house, &export).await;
    let text = verdict.to_string();
    assert!(text.starts_with("VERIFIED as of size 3, up to size 2 cosigned by 1 of 1"), "{text}");
    // A newer head that nobody has cosigned yet does not take the place of the cosigned one.
    publish(&house).await;
    let verdict = reader.verdict(&house, &house.export(house.ours).await.unwrap()).await;
    assert!(verdict.to_string().contains("cosigned by 1 of 1"), "{verdict}");
}

async fn a_member_without_the_right_gets_no_opening(house: House) {
    grow(&house, house.ours).await;
    publish(&house).await;
    let outsider = house.scope(Workspace { tenant: house.theirs.tenant, ..house.ours });
    let listed = notary::list_openings(&house.store, &outsider, Stream::Workspace, 0, 10).await;
    assert_eq!(listed.err(), Some(NotaryError::NotFound));
    let viewer = house.join(house.ours, domain::authz::Role::Viewer).await;
    let listed = notary::list_openings(&house.store, &viewer, Stream::Security, 0, 10).await;
    assert!(matches!(listed, Err(NotaryError::Denied(_) | NotaryError::NotFound)), "{listed:?}");
}
