//! The broker's journal in the logs of those whose records were opened.

use broker::{DataScope, GlassNote, GlassTerms, Realm, RecordKind, RecordName};
use domain::{GlassHand, SecretId};
use ledger::{EntryView, Verb};
use notary::{NotaryError, copy_journal};
use store::{EntryFilter, Page, StoreError, Unit};

use crate::ground::{Ground, on_each_engine};
use crate::house::House;

on_each_engine! {
    a_tenant_sees_who_opened_what_and_a_neighbour_sees_nothing
    an_opening_of_a_persons_record_is_in_the_platforms_log
    an_opening_of_a_workspace_without_data_is_not_lost
    copiers_at_once_copy_each_opening_once
    openings_that_are_offered_again_are_not_copied_again
    copies_are_entries_like_any_other_and_verify
    an_opening_that_nobody_asked_for_is_told_to_the_owner
    broken_glass_names_both_people_and_what_the_log_did_not_announce_is_told
}

/// The copies of openings in a unit's log.
async fn copies(house: &House, unit: Unit) -> Vec<EntryView> {
    let filter = EntryFilter { verb: Some(Verb::KeyOpened), ..EntryFilter::default() };
    let read = house.store.unit_read::<_, StoreError>(unit, move |tx| {
        let listing = tx.audit().list(&filter, Page::first(200))?;
        assert!(!listing.more);
        Ok(listing.items)
    });
    let entries = read.await.unwrap();
    entries.iter().map(|entry| EntryView::read(&entry.body).unwrap()).collect()
}

async fn a_tenant_sees_who_opened_what_and_a_neighbour_sees_nothing(house: House) {
    let realm = Realm::Tenant(house.ours.tenant);
    let seq = house.open_a_secret(realm, house.ours.environment).await;
    let unit = Unit::Tenant(house.ours.tenant);
    assert_eq!(copy_journal(&house.store, &house.broker).await.unwrap().units, [unit]);
    let seen = copies(&house, unit).await;
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].resource.id, seq.to_string());
    let opening = seen[0].new.as_ref().unwrap();
    assert_eq!(opening["actor"], "user:ada");
    assert_eq!(opening["purpose"], "reveal");
    let scope = format!("environment/{}", house.ours.environment);
    let record = opening["records"][scope][0].as_str().unwrap();
    assert!(record.starts_with("secret_value/") && record.ends_with("@1"), "{record}");
    assert!(!opening.to_string().contains("correct horse"));
    assert!(copies(&house, Unit::Tenant(house.theirs.tenant)).await.is_empty());
    assert_eq!(house.broker.status().await.unwrap().journal_lag, 0, "the broker knows");
}

async fn an_opening_of_a_persons_record_is_in_the_platforms_log(house: House) {
    let realm = Realm::Person(house.ours.owner);
    house.open_a_secret(realm, house.ours.environment).await;
    copy_journal(&house.store, &house.broker).await.unwrap();
    assert_eq!(copies(&house, Unit::Platform).await.len(), 1);
    assert!(copies(&house, Unit::Tenant(house.ours.tenant)).await.is_empty());
}

async fn an_opening_of_a_workspace_without_data_is_not_lost(house: House) {
    let gone = house.store.mint().id();
    let realm = Realm::Tenant(gone);
    house.broker.create_realm(realm).await.unwrap();
    house.open_a_secret(realm, house.ours.environment).await;
    house.open_a_secret(Realm::Person(house.ours.owner), house.ours.environment).await;
    copy_journal(&house.store, &house.broker).await.unwrap();
    // Without a file there is only the platform's log; a table keeps rows under any id.
    let kept = match house.ground {
        Ground::Folder => copies(&house, Unit::Platform).await,
        Ground::Database { .. } => copies(&house, Unit::Tenant(gone)).await,
    };
    assert!(kept.iter().any(|entry| entry.resource.id == "1"), "{kept:?}");
    assert_eq!(house.broker.status().await.unwrap().journal_lag, 0);
}

async fn copiers_at_once_copy_each_opening_once(house: House) {
    let mut copiers = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let (store, broker) = (house.store.clone(), house.broker.clone());
        copiers.spawn(async move {
            for _ in 0..80 {
                match copy_journal(&store, &broker).await {
                    // A copier that was overtaken asks for a position that is gone.
                    Ok(_) | Err(NotaryError::Broker(_)) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        });
    }
    for _ in 0..30 {
        house.open_a_secret(Realm::Tenant(house.ours.tenant), house.ours.environment).await;
    }
    copiers.join_all().await;
    copy_journal(&house.store, &house.broker).await.unwrap();
    let seen = copies(&house, Unit::Tenant(house.ours.tenant)).await;
    let mut seqs: Vec<u64> =
        seen.iter().map(|entry| entry.resource.id.as_str().unwrap().parse().unwrap()).collect();
    seqs.sort_unstable();
    assert_eq!(seqs, (1..=30).collect::<Vec<u64>>());
}

/// The broker forgets that the copies were made, as it does when it is killed before it was told.
async fn openings_that_are_offered_again_are_not_copied_again(mut house: House) {
    let (realm, environment) = (Realm::Tenant(house.ours.tenant), house.ours.environment);
    for _ in 0..3 {
        house.open_a_secret(realm, environment).await;
    }
    house.kill_broker();
    let (kept, folder) = (house.folder().join("kept"), house.folder().join("broker"));
    copy_folder(&folder, &kept);
    house.restart_broker().await;
    copy_journal(&house.store, &house.broker).await.unwrap();
    house.kill_broker();
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::rename(&kept, &folder).unwrap();
    house.restart_broker().await;
    assert_eq!(house.broker.status().await.unwrap().journal_lag, 3, "they are offered again");
    house.open_a_secret(realm, environment).await;
    copy_journal(&house.store, &house.broker).await.unwrap();
    assert_eq!(copies(&house, Unit::Tenant(house.ours.tenant)).await.len(), 4);
    assert_eq!(house.broker.status().await.unwrap().journal_lag, 0);
}

fn copy_folder(source: &std::path::Path, target: &std::path::Path) {
    std::fs::create_dir(target).unwrap();
    for entry in std::fs::read_dir(source).unwrap() {
        let entry = entry.unwrap();
        let target = target.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

async fn copies_are_entries_like_any_other_and_verify(house: House) {
    house.open_a_secret(Realm::Tenant(house.ours.tenant), house.ours.environment).await;
    house.worker().sweep().await;
    assert_eq!(house.verdict(house.ours).await.word(), "VERIFIED");
}

/// A value was opened: the workspace's log has the announcing entry of the same request, or the
/// owner is told that it has none.
async fn an_opening_that_nobody_asked_for_is_told_to_the_owner(house: House) {
    let realm = Realm::Tenant(house.ours.tenant);
    let unit = Unit::Tenant(house.ours.tenant);
    let seq = house.open_a_secret(realm, house.ours.environment).await;
    copy_journal(&house.store, &house.broker).await.unwrap();
    let told = unasked(&house, unit).await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].resource.id, seq.to_string());
    assert_eq!(told[0].new.as_ref().unwrap()["purpose"], "reveal");

    let opening = house.announce_and_open_a_secret(realm, house.ours.environment).await;
    copy_journal(&house.store, &house.broker).await.unwrap();
    assert_eq!(copies(&house, unit).await.len(), 2);
    let told = unasked(&house, unit).await;
    let asked = serde_json::Value::from(opening.to_string());
    assert!(told.iter().all(|entry| entry.resource.id != asked), "{told:?}");
    assert!(unasked(&house, Unit::Tenant(house.theirs.tenant)).await.is_empty());
}

async fn unasked(house: &House, unit: Unit) -> Vec<EntryView> {
    let verb = Some(Verb::SealingOpenedUnasked);
    let filter = EntryFilter { verb, ..EntryFilter::default() };
    let read = house.store.unit_read::<_, StoreError>(unit, move |tx| {
        Ok(tx.audit().list(&filter, Page::first(200))?.items)
    });
    let entries = read.await.unwrap();
    entries.iter().map(|entry| EntryView::read(&entry.body).unwrap()).collect()
}

async fn broken_glass_names_both_people_and_what_the_log_did_not_announce_is_told(house: House) {
    let (tenant, mint) = (house.ours.tenant, house.store.mint());
    let hand = || GlassHand { user: mint.id(), session: mint.id(), passkey: mint.id() };
    let note = GlassNote {
        glass: mint.id(),
        asked_by: hand(),
        approved_by: hand(),
        reason: "incident 7".to_owned(),
        until: mint.now().plus_ms(60_000),
    };
    let scope = DataScope::Environment(house.ours.environment);
    let kind = RecordKind::SecretValue;
    let name = RecordName { scope, kind, id: mint.id::<SecretId>().uuid(), version: 1 };
    let terms = GlassTerms { tenant, records: vec![name], note: note.clone() };
    house.broker.approve_glass(terms, mint.id()).await.unwrap();
    copy_journal(&house.store, &house.broker).await.unwrap();
    let unit = Unit::Tenant(tenant);
    let seen = copies(&house, unit).await;
    let said = seen.last().unwrap().new.clone().unwrap();
    assert_eq!(said["purpose"], "break_glass_approved");
    let agreed = &said["break_glass"];
    assert_eq!(agreed["glass"], note.glass.to_string().as_str());
    for (field, hand) in [("asked_by", note.asked_by), ("approved_by", note.approved_by)] {
        assert_eq!(agreed[field], serde_json::to_value(hand).unwrap(), "{field}");
    }
    assert_eq!(agreed["until_ms"], note.until.0);
    // No entry of the workspace's log announced it.
    let told = unasked(&house, unit).await;
    assert_eq!(told.last().unwrap().new.as_ref().unwrap()["purpose"], "break_glass_approved");
    assert!(copies(&house, Unit::Tenant(house.theirs.tenant)).await.is_empty());
}
