//! What was shredded stays unreadable, whatever is restored.

use std::path::{Path, PathBuf};

use broker::{Broker, BrokerError, OpenFault, RecordName, Refusal, ShredTarget};
use domain::Sealed;
use ledger::{ShredCertificate, ShredOwner, VerifierKey};

use crate::house::{House, Tenant, secret};

async fn sealed(broker: &Broker, tenant: &Tenant) -> (RecordName, Sealed) {
    let name = tenant.name();
    let sealed = broker.seal(tenant.realm(), vec![(name, secret("value"))]).await.unwrap();
    (name, sealed[0].clone())
}

async fn opens(broker: &Broker, tenant: &Tenant, record: &(RecordName, Sealed)) {
    let opened = broker.open(tenant.grant(), vec![record.clone()]).await.unwrap();
    assert_eq!(opened.values[0].expose(), b"value");
}

async fn refusal(broker: &Broker, tenant: &Tenant, record: &(RecordName, Sealed)) -> BrokerError {
    broker.open(tenant.grant(), vec![record.clone()]).await.err().unwrap()
}

const SHREDDED: BrokerError = BrokerError::Refused(Refusal::RealmShredded);

/// A copy of the data folder, as a backup makes it.
fn back_up(house: &House) -> Vec<(PathBuf, Vec<u8>)> {
    crate::house::all_files(&house.path("data"))
}

fn restore(house: &House, backup: &[(PathBuf, Vec<u8>)]) {
    for (path, _) in crate::house::all_files(&house.path("data")) {
        std::fs::remove_file(path).unwrap();
    }
    for (path, bytes) in backup {
        std::fs::write(path, bytes).unwrap();
    }
}

#[tokio::test]
async fn a_shredded_workspace_stays_unreadable_after_its_backup_is_restored() {
    let (mut house, broker) = House::running().await;
    let (ours, theirs) = (sealed(&broker, &house.ann).await, sealed(&broker, &house.bob).await);
    drop(broker);
    house.kill();
    let backup = back_up(&house);
    let broker = house.start().await;
    opens(&broker, &house.ann, &ours).await;
    broker.shred(ShredTarget::Realm(house.ann.realm())).await.unwrap();
    assert_eq!(refusal(&broker, &house.ann, &ours).await, SHREDDED);
    opens(&broker, &house.bob, &theirs).await;
    drop(broker);
    house.kill();

    restore(&house, &backup);
    let broker = house.start().await;
    assert_eq!(refusal(&broker, &house.ann, &ours).await, SHREDDED);
    assert_eq!(broker.create_realm(house.ann.realm()).await.err(), Some(SHREDDED));
    assert_eq!(broker.keys(house.ann.realm()).await.err(), Some(SHREDDED));
    let sealing = broker.seal(house.ann.realm(), vec![(house.ann.name(), secret("v"))]).await;
    assert_eq!(sealing.err(), Some(SHREDDED));
    opens(&broker, &house.bob, &theirs).await;
}

#[tokio::test]
async fn a_shredded_key_stays_dead_after_a_restore_and_its_neighbours_live() {
    let (mut house, broker) = House::running().await;
    let ours = sealed(&broker, &house.ann).await;
    let other = Tenant { environment: house.bob.environment, ..house.ann };
    let elsewhere = sealed(&broker, &other).await;
    drop(broker);
    house.kill();
    let backup = back_up(&house);
    let broker = house.start().await;
    let key = seal::envelope::key_id(ours.1.as_bytes()).unwrap();
    let target = ShredTarget::Key { realm: house.ann.realm(), key };
    broker.shred(target).await.unwrap();
    drop(broker);
    house.kill();
    restore(&house, &backup);
    let broker = house.start().await;
    let gone = refusal(&broker, &house.ann, &ours).await;
    assert_eq!(gone, BrokerError::CannotOpen(OpenFault::RetiredKey));
    opens(&broker, &other, &elsewhere).await;
    // The scope goes on with a new key.
    let new = sealed(&broker, &house.ann).await;
    opens(&broker, &house.ann, &new).await;
}

#[tokio::test]
async fn nothing_of_a_shredded_realm_is_left_in_any_file() {
    let (mut house, broker) = House::running().await;
    sealed(&broker, &house.ann).await;
    let store = rusqlite::Connection::open(house.path("data/keys.db")).unwrap();
    let (seed, wrapped): (Vec<u8>, Vec<u8>) = store
        .query_row(
            "SELECT seed, wrapped FROM realms JOIN data_keys ON realm_id = realms.id
             WHERE realms.id = ?1",
            [house.ann.id.to_bytes()],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    drop(store);
    let left = |folder: &Path| {
        let files = crate::house::all_files(folder);
        let holds = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|seen| seen == part);
        files
            .iter()
            .filter(|(_, bytes)| holds(bytes, &seed) || holds(bytes, &wrapped[30..62]))
            .count()
    };
    assert!(left(&house.path("data")) > 0, "the search finds nothing to begin with");
    broker.shred(ShredTarget::Realm(house.ann.realm())).await.unwrap();
    assert_eq!(left(&house.path("")), 0);
    house.kill();
}

/// Killed between the order and the deed: the next start does it, before it listens.
#[tokio::test]
async fn an_order_that_was_cut_off_is_carried_out_at_the_next_start() {
    for step in ["Ordered:1", "Settled:1"] {
        let (mut house, broker) = House::running().await;
        let ours = sealed(&broker, &house.ann).await;
        drop(broker);
        house.kill();
        let broker = house.start_dying_at(step).await;
        let target = ShredTarget::Realm(house.ann.realm());
        assert_eq!(broker.shred(target).await.err(), Some(BrokerError::Unreachable), "{step}");
        house.wait();
        let broker = house.start().await;
        assert_eq!(refusal(&broker, &house.ann, &ours).await, SHREDDED, "{step}");
        // The certificate is there for the asking, under the one order.
        let note = broker.shred(target).await.unwrap();
        let key = VerifierKey::parse(&broker.log_key().await.unwrap()).unwrap();
        assert_eq!(ShredCertificate::open(&note, &[key]).unwrap().order, 1, "{step}");
    }
}

#[tokio::test]
async fn a_certificate_is_verified_offline_and_says_what_was_destroyed() {
    let (house, broker) = House::running().await;
    sealed(&broker, &house.ann).await;
    let note = broker.shred(ShredTarget::Realm(house.ann.realm())).await.unwrap();
    let key = VerifierKey::parse(&broker.log_key().await.unwrap()).unwrap();
    let certificate = ShredCertificate::open(&note, std::slice::from_ref(&key)).unwrap();
    assert_eq!(certificate.owner, ShredOwner::Tenant(house.ann.id));
    assert_eq!((certificate.instance, certificate.order, certificate.keys), (house.instance, 1, 1));
    assert!(certificate.done_at.0 >= certificate.ordered_at.0);
    let other = House::running().await;
    let stranger = VerifierKey::parse(&other.1.log_key().await.unwrap()).unwrap();
    assert!(ShredCertificate::open(&note, &[stranger]).is_err());
    let forged = note.replace("keys_destroyed 1", "keys_destroyed 9");
    assert!(ShredCertificate::open(&forged, &[key]).is_err());
}

#[tokio::test]
async fn a_person_is_shredded_like_a_workspace() {
    let (house, broker) = House::running().await;
    let (seed, _) = broker.new_totp(house.user, "ann@example.org").await.unwrap();
    let (theirs, _) = broker.new_totp(house.other_user, "bob@example.org").await.unwrap();
    broker.shred(ShredTarget::Realm(broker::Realm::Person(house.user))).await.unwrap();
    let code = || broker::TotpCode::parse("000000").unwrap();
    let checked = broker.check_totp(house.user, seed, code(), None).await;
    assert_eq!(checked.err(), Some(SHREDDED));
    assert!(broker.check_totp(house.other_user, theirs, code(), None).await.is_ok());
}

#[tokio::test]
async fn a_realm_that_never_was_cannot_be_shredded() {
    let (house, broker) = House::running().await;
    let nobody = broker::Realm::Tenant(crate::house::id());
    let refused = broker.shred(ShredTarget::Realm(nobody)).await.err();
    assert_eq!(refused, Some(BrokerError::Refused(Refusal::RealmUnknown)));
    assert!(!house.path("config/shredded.ledger").exists());
}

#[tokio::test]
async fn a_ledger_that_was_cut_changed_or_taken_away_stops_the_start() {
    let (mut house, broker) = House::running().await;
    for tenant in [house.ann, house.bob] {
        broker.shred(ShredTarget::Realm(tenant.realm())).await.unwrap();
    }
    drop(broker);
    house.kill();
    let path = house.path("config/shredded.ledger");
    let whole = std::fs::read(&path).unwrap();
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    assert_eq!(lines.len(), 2);
    let mut flipped = whole.clone();
    flipped[40] = if flipped[40] == b'A' { b'B' } else { b'A' };
    let bad: [&[u8]; 5] = [lines[0], lines[1], &[lines[1], lines[0]].concat(), &flipped, b""];
    for content in bad {
        std::fs::write(&path, content).unwrap();
        let said = house.refused_start();
        assert!(said.contains("shredded.ledger"), "{said}");
    }
    std::fs::remove_file(&path).unwrap();
    let said = house.refused_start();
    assert!(said.contains("fewer orders"), "{said}");
    // A torn last line was never carried out, and is cut off.
    let torn = [whole.as_slice(), &lines[1][..100]].concat();
    std::fs::write(&path, torn).unwrap();
    house.start().await;
    assert_eq!(std::fs::read(&path).unwrap(), whole);
}
