//! Sealing and opening through the process, and every way in which a grant must not open.

use broker::{BrokerError, DataScope, OpenFault, Purpose, Realm, RecordKind, RecordName, Refusal};
use domain::limits::{GRANT_MS, RECORDS_PER_GRANT_MAX, SECRET_BYTES_MAX};
use domain::{Clock, Sealed};
use seal::SystemClock;

use crate::house::{House, id, random, request_of, secret};

#[tokio::test]
async fn values_come_back_in_order_and_the_opening_is_in_the_journal() {
    let (house, broker) = House::running().await;
    let names = [house.ann.name(), house.ann.name(), house.ann.name()];
    let values = ["postgres://one", "", "three \u{1f511}"];
    let records = names.iter().zip(values).map(|(name, value)| (*name, secret(value)));
    let sealed = broker.seal(house.ann.realm(), records.collect()).await.unwrap();
    for (sealed, value) in sealed.iter().zip(values) {
        let found = sealed.as_bytes().windows(value.len().max(1)).any(|at| at == value.as_bytes());
        assert!(!found, "a value lies in clear in its envelope");
    }

    let grant = house.ann.grant();
    let records = names.iter().copied().zip(sealed).collect();
    let opened = broker.open(grant.clone(), records).await.unwrap();
    let texts: Vec<_> = opened.values.iter().map(|value| value.expose_text().unwrap()).collect();
    assert_eq!(texts, values);

    let journal = broker.journal_after(0, 10).await.unwrap();
    let entry = journal.last().unwrap();
    assert_eq!(entry.seq, opened.journal_seq);
    assert_eq!(entry.records, names);
    assert_eq!((entry.realm, entry.purpose), (grant.realm, Purpose::Reveal));
    assert_eq!((entry.actor.as_str(), entry.request), ("user:ann", request_of(&grant)));
}

#[tokio::test]
async fn what_one_tenant_sealed_never_opens_for_the_other_not_even_under_its_own_name() {
    let (house, broker) = House::running().await;
    let name = house.ann.name();
    let sealed = broker.seal(house.ann.realm(), vec![(name, secret("ann's"))]).await.unwrap();
    let under_bobs_scope =
        RecordName { scope: DataScope::Environment(house.bob.environment), ..name };
    for named in [name, under_bobs_scope] {
        let refused = broker.open(house.bob.grant(), vec![(named, sealed[0].clone())]).await;
        let fault = BrokerError::CannotOpen(OpenFault::UnknownKey);
        assert_eq!(refused.err(), Some(fault));
    }
    let mut grant = house.ann.grant();
    grant.realm = Realm::Person(house.user);
    let refused = broker.open(grant, vec![(name, sealed[0].clone())]).await.err();
    assert_eq!(refused, Some(BrokerError::CannotOpen(OpenFault::UnknownKey)));
}

#[tokio::test]
async fn a_record_opens_under_its_own_name_only() {
    let (house, broker) = House::running().await;
    let name = house.ann.name();
    let realm = house.ann.realm();
    let other = house.ann.name();
    let records = vec![(name, secret("one")), (other, secret("two"))];
    let sealed = broker.seal(realm, records).await.unwrap();
    let moved = [
        other,
        RecordName { id: random(), ..name },
        RecordName { version: 2, ..name },
        RecordName { version: 0, ..name },
        RecordName { kind: RecordKind::PersonalField, ..name },
    ];
    for wrong in moved {
        let refused = broker.open(house.ann.grant(), vec![(wrong, sealed[0].clone())]).await.err();
        assert_eq!(refused, Some(BrokerError::CannotOpen(OpenFault::NotThisRecord)), "{wrong:?}");
    }
    for scope in [DataScope::Whole, DataScope::Project(id()), DataScope::Environment(id())] {
        let wrong = RecordName { scope, ..name };
        let refused = broker.open(house.ann.grant(), vec![(wrong, sealed[0].clone())]).await.err();
        assert_eq!(refused, Some(BrokerError::CannotOpen(OpenFault::UnknownKey)), "{wrong:?}");
    }
    assert!(broker.open(house.ann.grant(), vec![(name, sealed[0].clone())]).await.is_ok());
}

#[tokio::test]
async fn one_bad_record_in_the_list_opens_none_of_them() {
    let (house, broker) = House::running().await;
    let names = [house.ann.name(), house.ann.name()];
    let records = names.iter().map(|name| (*name, secret("value"))).collect();
    let mut sealed = broker.seal(house.ann.realm(), records).await.unwrap();
    let mut bytes = sealed[1].as_bytes().to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    sealed[1] = Sealed::from_envelope(bytes);
    let records = names.iter().copied().zip(sealed).collect();
    let refused = broker.open(house.ann.grant(), records).await;
    assert_eq!(refused.err(), Some(BrokerError::CannotOpen(OpenFault::Damaged)));
    // The try is in the journal all the same: what was tried is never under-reported.
    assert_eq!(broker.journal_after(0, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn grants_that_are_over_too_long_or_anonymous_open_nothing_and_leave_no_entry() {
    let (house, broker) = House::running().await;
    let name = house.ann.name();
    let records = vec![(name, secret("value"))];
    let sealed = broker.seal(house.ann.realm(), records).await.unwrap().remove(0);
    let now = SystemClock.now();
    for (expires_at, actor, refusal) in [
        (now.plus_ms(-1), "user:ann", Refusal::GrantExpired),
        (now.plus_ms(GRANT_MS + 60_000), "user:ann", Refusal::GrantExpired),
        (domain::TimeMs(i64::MAX), "user:ann", Refusal::GrantExpired),
        (domain::TimeMs(i64::MIN), "user:ann", Refusal::GrantExpired),
        (now.plus_ms(10_000), "", Refusal::OutsideLimits),
        (now.plus_ms(10_000), &"x".repeat(129), Refusal::OutsideLimits),
    ] {
        let mut grant = house.ann.grant();
        grant.expires_at = expires_at;
        grant.actor = actor.to_owned();
        let refused = broker.open(grant, vec![(name, sealed.clone())]).await.err();
        assert_eq!(refused, Some(BrokerError::Refused(refusal)), "{expires_at:?} {actor:?}");
    }
    let none = broker.open(house.ann.grant(), Vec::new()).await.err();
    assert_eq!(none, Some(BrokerError::Refused(Refusal::OutsideLimits)));
    let many = vec![(name, sealed); RECORDS_PER_GRANT_MAX + 1];
    let too_many = broker.open(house.ann.grant(), many).await.err();
    assert_eq!(too_many, Some(BrokerError::Refused(Refusal::OutsideLimits)));
    assert_eq!(broker.status().await.unwrap().journal_seq, 0);
}

#[tokio::test]
async fn a_realm_that_was_never_created_seals_and_opens_nothing() {
    let (house, broker) = House::running().await;
    let unknown = Realm::Tenant(id());
    let name = house.ann.name();
    let refused = broker.seal(unknown, vec![(name, secret("value"))]).await.err();
    assert_eq!(refused, Some(BrokerError::Refused(Refusal::RealmUnknown)));
    let sealed = broker.seal(house.ann.realm(), vec![(name, secret("v"))]).await.unwrap();
    let mut grant = house.ann.grant();
    grant.realm = unknown;
    let refused = broker.open(grant, vec![(name, sealed[0].clone())]).await.err();
    assert_eq!(refused, Some(BrokerError::Refused(Refusal::RealmUnknown)));
}

#[tokio::test]
async fn creating_a_realm_twice_keeps_its_keys() {
    let (house, broker) = House::running().await;
    let name = house.ann.name();
    let sealed = broker.seal(house.ann.realm(), vec![(name, secret("kept"))]).await.unwrap();
    broker.create_realm(house.ann.realm()).await.unwrap();
    let opened = broker.open(house.ann.grant(), vec![(name, sealed[0].clone())]).await.unwrap();
    assert_eq!(opened.values[0].expose_text(), Some("kept"));
}

#[tokio::test]
async fn a_totp_seed_is_never_handed_out() {
    let (house, broker) = House::running().await;
    let (sealed, _uri) = broker.new_totp(house.user, "ann@example.org").await.unwrap();
    let realm = Realm::Person(house.user);
    let name = RecordName {
        scope: DataScope::Whole,
        kind: RecordKind::TotpSeed,
        id: house.user.uuid(),
        version: 1,
    };
    let mut grant = house.ann.grant();
    grant.realm = realm;
    let refused = broker.open(grant.clone(), vec![(name, sealed.clone())]).await.err();
    assert_eq!(refused, Some(BrokerError::Refused(Refusal::KindStaysInside)));
    let renamed = RecordName { kind: RecordKind::SecretValue, ..name };
    let refused = broker.open(grant, vec![(renamed, sealed)]).await.err();
    assert_eq!(refused, Some(BrokerError::CannotOpen(OpenFault::NotThisRecord)));
}

#[tokio::test]
async fn a_value_at_the_limit_seals_and_one_byte_more_does_not() {
    let (house, broker) = House::running().await;
    let name = house.ann.name();
    let largest = "x".repeat(SECRET_BYTES_MAX);
    let sealed = broker.seal(house.ann.realm(), vec![(name, secret(&largest))]).await.unwrap();
    let opened = broker.open(house.ann.grant(), vec![(name, sealed[0].clone())]).await.unwrap();
    assert_eq!(opened.values[0].expose(), largest.as_bytes());
    let larger = format!("{largest}x");
    let refused = broker.seal(house.ann.realm(), vec![(name, secret(&larger))]).await.err();
    assert_eq!(refused, Some(BrokerError::Refused(Refusal::OutsideLimits)));
}

#[tokio::test]
async fn a_full_environment_opens_in_one_call() {
    let (house, broker) = House::running().await;
    let names: Vec<_> = (0..RECORDS_PER_GRANT_MAX).map(|_| house.ann.name()).collect();
    let value = "y".repeat(16 * 1024);
    let records = names.iter().map(|name| (*name, secret(&value))).collect();
    let sealed = broker.seal(house.ann.realm(), records).await.unwrap();
    let records = names.iter().copied().zip(sealed).collect();
    let opened = broker.open(house.ann.grant(), records).await.unwrap();
    assert!(opened.values.iter().all(|opened| opened.expose() == value.as_bytes()));
}

#[tokio::test]
async fn keys_survive_a_kill_at_once_after_sealing() {
    let (mut house, broker) = House::running().await;
    let name = house.bob.name();
    let sealed = broker.seal(house.bob.realm(), vec![(name, secret("kept"))]).await.unwrap();
    house.kill();
    let restarted = house.start().await;
    let opened = restarted.open(house.bob.grant(), vec![(name, sealed[0].clone())]).await.unwrap();
    assert_eq!(opened.values[0].expose_text(), Some("kept"));
    // The old client mends its connections by itself.
    assert!(broker.status().await.is_ok());
}
