//! Keys of a tenant get successors while their records go on being opened.

use broker::{Broker, BrokerError, Grant, KeyState, OpenFault, Purpose, RecordName, Refusal};
use domain::Sealed;

use crate::house::{House, Tenant, secret};

fn rotation_grant(tenant: &Tenant) -> Grant {
    Grant { purpose: Purpose::KeyRotation, ..tenant.grant() }
}

async fn sealed(broker: &Broker, tenant: &Tenant, value: &str) -> (RecordName, Sealed) {
    let name = tenant.name();
    let sealed = broker.seal(tenant.realm(), vec![(name, secret(value))]).await.unwrap();
    (name, sealed[0].clone())
}

async fn opens(broker: &Broker, tenant: &Tenant, record: &(RecordName, Sealed), value: &str) {
    let opened = broker.open(tenant.grant(), vec![record.clone()]).await.unwrap();
    assert_eq!(opened.values[0].expose(), value.as_bytes());
}

fn key_of(sealed: &Sealed) -> seal::KeyId {
    seal::envelope::key_id(sealed.as_bytes()).unwrap()
}

#[tokio::test]
async fn a_new_epoch_wraps_the_keys_anew_and_touches_no_record() {
    let (mut house, broker) = House::running().await;
    let ours = sealed(&broker, &house.ann, "ours").await;
    let theirs = sealed(&broker, &house.bob, "theirs").await;
    let before = broker.keys(house.ann.realm()).await.unwrap();
    let after = broker.rotate_realm(house.ann.realm(), before.epoch).await.unwrap();
    assert_eq!((before.epoch, after.epoch), (1, 2));
    let ids = |keys: &broker::RealmKeys| keys.keys.iter().map(|key| key.id).collect::<Vec<_>>();
    assert_eq!(ids(&before), ids(&after));
    assert_eq!(broker.keys(house.bob.realm()).await.unwrap().epoch, 1);
    opens(&broker, &house.ann, &ours, "ours").await;
    // From the disk as well, where the keys were wrapped anew.
    house.kill();
    let broker = house.start().await;
    opens(&broker, &house.ann, &ours, "ours").await;
    opens(&broker, &house.bob, &theirs, "theirs").await;
}

#[tokio::test]
async fn two_callers_with_one_wish_make_one_epoch_and_one_key() {
    let (house, broker) = House::running().await;
    let record = sealed(&broker, &house.ann, "v").await;
    let realm = house.ann.realm();
    let (one, two) = tokio::join!(broker.rotate_realm(realm, 1), broker.rotate_realm(realm, 1));
    assert_eq!((one.unwrap().epoch, two.unwrap().epoch), (2, 2));
    let (scope, from) = (record.0.scope, key_of(&record.1));
    let (one, two) = tokio::join!(
        broker.rotate_data_key(realm, scope, from),
        broker.rotate_data_key(realm, scope, from)
    );
    one.unwrap();
    two.unwrap();
    let keys = broker.keys(realm).await.unwrap();
    assert_eq!((keys.active().count(), keys.retiring().count()), (1, 1));
}

/// The old key opens what it sealed until somebody has counted that nothing is under it.
#[tokio::test]
async fn a_retired_key_opens_what_it_sealed_and_seals_nothing_more() {
    let (house, broker) = House::running().await;
    let old = sealed(&broker, &house.ann, "old").await;
    let realm = house.ann.realm();
    broker.rotate_data_key(realm, old.0.scope, key_of(&old.1)).await.unwrap();
    let new = sealed(&broker, &house.ann, "new").await;
    assert_ne!(key_of(&old.1), key_of(&new.1));
    opens(&broker, &house.ann, &old, "old").await;
    opens(&broker, &house.ann, &new, "new").await;

    let again =
        broker.reseal(rotation_grant(&house.ann), std::slice::from_ref(&old)).await.unwrap();
    assert_eq!(key_of(&again[0]), key_of(&new.1));
    opens(&broker, &house.ann, &(old.0, again[0].clone()), "old").await;
    let settled = (old.0, again[0].clone());
    let same =
        broker.reseal(rotation_grant(&house.ann), std::slice::from_ref(&settled)).await.unwrap();
    assert_eq!(same[0], settled.1, "what is under the active key stays as it is");

    let keys = broker.destroy_key(realm, key_of(&old.1)).await.unwrap();
    assert_eq!(keys.keys[0].state, KeyState::Destroyed);
    let gone = broker.open(house.ann.grant(), vec![old]).await.err();
    assert_eq!(gone, Some(BrokerError::CannotOpen(OpenFault::RetiredKey)));
    opens(&broker, &house.ann, &settled, "old").await;
}

#[tokio::test]
async fn an_active_key_is_never_destroyed() {
    let (house, broker) = House::running().await;
    let record = sealed(&broker, &house.ann, "v").await;
    let refused = broker.destroy_key(house.ann.realm(), key_of(&record.1)).await.err();
    assert_eq!(refused, Some(BrokerError::Refused(Refusal::KeyInUse)));
    // Nor one of a neighbour.
    let refused = broker.destroy_key(house.bob.realm(), key_of(&record.1)).await.err();
    assert_eq!(refused, Some(BrokerError::CannotOpen(OpenFault::UnknownKey)));
    opens(&broker, &house.ann, &record, "v").await;
}

#[tokio::test]
async fn sealing_again_is_in_the_journal_and_never_hands_out_a_value() {
    let (house, broker) = House::running().await;
    let record = sealed(&broker, &house.ann, "v").await;
    let rotation = rotation_grant(&house.ann);
    let refused = broker.open(rotation.clone(), vec![record.clone()]).await.err();
    assert_eq!(refused, Some(BrokerError::Refused(Refusal::KindStaysInside)));
    let refused = broker.reseal(house.ann.grant(), std::slice::from_ref(&record)).await.err();
    assert_eq!(refused, Some(BrokerError::Refused(Refusal::OutsideLimits)));
    assert_eq!(broker.status().await.unwrap().journal_seq, 0);
    broker.reseal(rotation, std::slice::from_ref(&record)).await.unwrap();
    let entry = broker.journal_after(0, 10).await.unwrap().remove(0);
    assert_eq!((entry.purpose, entry.records), (Purpose::KeyRotation, vec![record.0]));
}

#[tokio::test]
async fn an_envelope_of_another_record_is_not_sealed_again() {
    let (house, broker) = House::running().await;
    let one = sealed(&broker, &house.ann, "one").await;
    let other = sealed(&broker, &house.ann, "other").await;
    broker.rotate_data_key(house.ann.realm(), one.0.scope, key_of(&one.1)).await.unwrap();
    let moved = (one.0, other.1.clone());
    let refused = broker.reseal(rotation_grant(&house.ann), &[moved]).await.err();
    assert_eq!(refused, Some(BrokerError::CannotOpen(OpenFault::NotThisRecord)));
    let damaged = {
        let mut bytes = one.1.as_bytes().to_vec();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        (one.0, Sealed::from_envelope(bytes))
    };
    let refused = broker.reseal(rotation_grant(&house.ann), &[damaged]).await.err();
    assert_eq!(refused, Some(BrokerError::CannotOpen(OpenFault::Damaged)));
}

/// Killed right after each change was committed: the change stands, nothing else does, and the
/// caller's repetition finishes.
#[tokio::test]
async fn a_broker_killed_at_any_change_goes_on_from_there() {
    let (mut house, broker) = House::running().await;
    let record = sealed(&broker, &house.ann, "v").await;
    let (realm, scope, from) = (house.ann.realm(), record.0.scope, key_of(&record.1));
    drop(broker);
    house.kill();

    let broker = house.start_dying_at("Committed:1").await;
    assert_eq!(broker.rotate_realm(realm, 1).await.err(), Some(BrokerError::Unreachable));
    house.wait();
    let broker = house.start_dying_at("Committed:2").await;
    assert_eq!(broker.rotate_realm(realm, 1).await.unwrap().epoch, 2);
    let cut = broker.rotate_data_key(realm, scope, from).await.err();
    assert_eq!(cut, Some(BrokerError::Unreachable));
    house.wait();
    let broker = house.start_dying_at("Committed:2").await;
    let keys = broker.rotate_data_key(realm, scope, from).await.unwrap();
    assert_eq!((keys.active().count(), keys.retiring().count()), (1, 1));
    opens(&broker, &house.ann, &record, "v").await;
    let grant = rotation_grant(&house.ann);
    let again = broker.reseal(grant, std::slice::from_ref(&record)).await.unwrap().remove(0);
    assert_eq!(broker.destroy_key(realm, from).await.err(), Some(BrokerError::Unreachable));
    house.wait();
    let broker = house.start().await;
    let keys = broker.destroy_key(realm, from).await.unwrap();
    assert_eq!((keys.active().count(), keys.retiring().count()), (1, 0));
    opens(&broker, &house.ann, &(record.0, again), "v").await;
}
