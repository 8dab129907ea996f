//! Breaking the glass through the process: two of the staff, named records, a while, and nothing
//! besides.

use broker::{Broker, GlassNote, GlassTerms};
use broker::{BrokerError, Grant, Purpose, Realm, RecordName, Refusal};
use domain::limits::{GLASS_MS_MAX, GRANT_MS};
use domain::{Clock, GlassHand, Sealed};
use seal::SystemClock;

use crate::house::{House, id, secret};

const NOT_STANDING: BrokerError = BrokerError::Refused(Refusal::GlassNotStanding);

fn hand() -> GlassHand {
    GlassHand { user: id(), session: id(), passkey: id() }
}

/// What two of the staff agree on about one of ann's secrets.
fn terms(house: &House, records: Vec<RecordName>) -> GlassTerms {
    let note = GlassNote {
        glass: id(),
        asked_by: hand(),
        approved_by: hand(),
        reason: "incident 7".to_owned(),
        until: SystemClock.now().plus_ms(GLASS_MS_MAX - 1_000),
    };
    let Realm::Tenant(tenant) = house.ann.realm() else { unreachable!() };
    GlassTerms { tenant, records, note }
}

fn grant(terms: &GlassTerms) -> Grant {
    Grant {
        realm: Realm::Tenant(terms.tenant),
        purpose: Purpose::BreakGlass,
        actor: format!("user:{}", terms.note.asked_by.user),
        request: id(),
        expires_at: SystemClock.now().plus_ms(GRANT_MS - 1_000),
    }
}

async fn sealed(house: &House, broker: &Broker) -> (RecordName, Sealed) {
    let name = house.ann.name();
    let mut sealed = broker.seal(house.ann.realm(), vec![(name, secret("ann's"))]).await.unwrap();
    (name, sealed.remove(0))
}

#[tokio::test]
async fn an_approval_is_in_the_journal_first_and_opens_what_it_names_for_who_asked() {
    let (house, broker) = House::running().await;
    let record = sealed(&house, &broker).await;
    let terms = terms(&house, vec![record.0]);
    let glass = terms.note.glass;
    let early = broker.open_glass(glass, grant(&terms), std::slice::from_ref(&record)).await.err();
    assert_eq!(early, Some(NOT_STANDING), "nobody approved");
    assert_eq!(broker.status().await.unwrap().journal_seq, 0);
    broker.approve_glass(terms.clone(), id()).await.unwrap();
    broker.approve_glass(terms.clone(), id()).await.unwrap();
    let opened =
        broker.open_glass(glass, grant(&terms), std::slice::from_ref(&record)).await.unwrap();
    assert_eq!(opened.values[0].expose_text(), Some("ann's"));
    broker.end_glass(glass, "user:ann".to_owned(), id()).await.unwrap();
    broker.end_glass(glass, "user:ann".to_owned(), id()).await.unwrap();
    let late = broker.open_glass(glass, grant(&terms), &[record]).await.err();
    assert_eq!(late, Some(NOT_STANDING));
    let journal = broker.journal_after(0, 10).await.unwrap();
    let told: Vec<_> = journal.iter().map(|entry| entry.purpose).collect();
    assert_eq!(told, [Purpose::BreakGlassApproved, Purpose::BreakGlass, Purpose::BreakGlassEnded,]);
    assert!(journal.iter().all(|entry| entry.glass.as_ref() == Some(&terms.note)));
    assert_eq!(journal[0].actor, format!("user:{}", terms.note.approved_by.user));
    assert_eq!(journal[2].actor, "user:ann");
}

#[tokio::test]
async fn an_approval_opens_nothing_else_for_nobody_else() {
    let (house, broker) = House::running().await;
    let (record, other) = (sealed(&house, &broker).await, sealed(&house, &broker).await);
    let terms = terms(&house, vec![record.0]);
    let glass = terms.note.glass;
    broker.approve_glass(terms.clone(), id()).await.unwrap();
    let theirs = grant(&terms);
    let newer = (RecordName { version: 2, ..record.0 }, record.1.clone());
    for records in [vec![other.clone()], vec![record.clone(), other], vec![newer]] {
        let refused = broker.open_glass(glass, theirs.clone(), &records).await.err();
        assert_eq!(refused, Some(NOT_STANDING), "{records:?}");
    }
    let approver = format!("user:{}", terms.note.approved_by.user);
    for wrong in [
        Grant { actor: approver, ..theirs.clone() },
        Grant { realm: house.bob.realm(), ..theirs.clone() },
        Grant { realm: Realm::Person(house.user), ..theirs.clone() },
        Grant { purpose: Purpose::Reveal, ..theirs.clone() },
    ] {
        let refused =
            broker.open_glass(glass, wrong.clone(), std::slice::from_ref(&record)).await.err();
        assert_eq!(refused, Some(NOT_STANDING), "{wrong:?}");
    }
    let another =
        broker.open_glass(id(), theirs.clone(), std::slice::from_ref(&record)).await.err();
    assert_eq!(another, Some(NOT_STANDING));
    // The ordinary way in knows no such purpose.
    for purpose in [Purpose::BreakGlass, Purpose::BreakGlassApproved, Purpose::BreakGlassEnded] {
        let asked = Grant { purpose, ..theirs.clone() };
        let refused = broker.open(asked, vec![record.clone()]).await.err();
        assert_eq!(refused, Some(BrokerError::Refused(Refusal::KindStaysInside)));
    }
    assert_eq!(broker.status().await.unwrap().journal_seq, 1, "the approval alone");
    assert!(broker.open_glass(glass, theirs, &[record]).await.is_ok());
}

#[tokio::test]
async fn two_hands_of_one_person_and_terms_without_bounds_are_refused_and_leave_no_entry() {
    let (house, broker) = House::running().await;
    let record = sealed(&house, &broker).await;
    let changes: [fn(&mut GlassTerms); 5] = [
        |terms| terms.note.approved_by.user = terms.note.asked_by.user,
        |terms| terms.note.approved_by.session = terms.note.asked_by.session,
        |terms| terms.note.approved_by.passkey = terms.note.asked_by.passkey,
        |terms| terms.note.until = terms.note.until.plus_ms(60_000),
        |terms| terms.note.reason = " ".to_owned(),
    ];
    for change in changes {
        let mut terms = terms(&house, vec![record.0]);
        change(&mut terms);
        let refused = broker.approve_glass(terms.clone(), id()).await.err();
        assert_eq!(refused, Some(BrokerError::Refused(Refusal::GlassTerms)), "{terms:?}");
        let glass = terms.note.glass;
        let opened =
            broker.open_glass(glass, grant(&terms), std::slice::from_ref(&record)).await.err();
        assert_eq!(opened, Some(NOT_STANDING));
    }
    assert_eq!(broker.status().await.unwrap().journal_seq, 0);
}

#[tokio::test]
async fn an_approval_does_not_outlive_the_broker_and_what_ended_is_not_revived() {
    let (mut house, broker) = House::running().await;
    let record = sealed(&house, &broker).await;
    let ended = terms(&house, vec![record.0]);
    broker.approve_glass(ended.clone(), id()).await.unwrap();
    broker.end_glass(ended.note.glass, "user:ann".to_owned(), id()).await.unwrap();
    let again = broker.approve_glass(ended, id()).await.err();
    assert_eq!(again, Some(NOT_STANDING));
    let terms = terms(&house, vec![record.0]);
    broker.approve_glass(terms.clone(), id()).await.unwrap();
    house.kill();
    let broker = house.start().await;
    let refused = broker.open_glass(terms.note.glass, grant(&terms), &[record]).await.err();
    assert_eq!(refused, Some(NOT_STANDING), "the journal remembers, and opens nothing");
    let journal = broker.journal_after(0, 10).await.unwrap();
    assert_eq!(journal.len(), 3);
    assert_eq!(journal[2].glass.as_ref(), Some(&terms.note));
}
