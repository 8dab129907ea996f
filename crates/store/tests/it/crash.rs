//! A process that is killed in the middle of its work: no action without its entry, no entry
//! without its action, and nothing that was answered is lost. The killed process is this test
//! binary, run again as a worker.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use domain::Sealed;
use ledger::{AuditEvent, Verb};
use store::{Commit, EntryFilter, Page, Store, StoreConfig, StoreError};

use crate::cluster::Database;
use crate::house::{House, Kind, Workspace, mint, scope, set_permit};

/// How often the worker of each engine is killed.
const KILLS: u32 = 6;
/// What the worker needs to find the house: `sqlite <folder>` or `postgres <database>`, and the
/// workspace's ids.
const WORK: &str = "CASEMATE_TEST_STORE_WORK";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_leaves_actions_and_entries_together_on_sqlite() {
    let house = House::open(Kind::Sqlite).await;
    let place = format!("sqlite {}", house.folder().display());
    killed_again_and_again(&house, &place).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_leaves_actions_and_entries_together_on_postgres() {
    let house = House::open(Kind::Postgres).await;
    let place = format!("postgres {}", house.database().name);
    killed_again_and_again(&house, &place).await;
}

async fn killed_again_and_again(house: &House, place: &str) {
    let Workspace { tenant, owner, session, project, environment } = house.ours;
    let work = format!("{place} {tenant} {owner} {session} {project} {environment}");
    let mut answered = BTreeSet::new();
    for kill in 0..KILLS {
        let seed: [u8; 1] = house.store.mint().bytes();
        let after = Duration::from_millis(40 + u64::from(seed[0]));
        println!("kill {kill} after {after:?}");
        let mut worker = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::the_worker", "--nocapture", "--test-threads=1"])
            .env(WORK, &work)
            .env("CASEMATE_TEST_POSTGRES", crate::cluster::superuser_for_worker(house))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(worker.stdout.take().unwrap()).lines();
        let begun = lines.by_ref().map_while(Result::ok).find(|line| line.contains("answered "));
        assert!(begun.is_some(), "the worker never answered");
        let killing = tokio::task::spawn_blocking(move || {
            std::thread::sleep(after);
            // SIGKILL: nothing of it can clean up.
            worker.kill().unwrap();
            worker.wait().unwrap();
        });
        answered.extend(begun.into_iter().chain(lines.map_while(Result::ok)).filter_map(|line| {
            line.split_once("answered ").map(|(_, name)| name.trim().to_owned())
        }));
        killing.await.unwrap();
        check(house, &answered).await;
    }
    assert!(answered.len() > 10, "only {} writes were answered", answered.len());
}

/// Actions and entries are the same set, and hold everything that was answered.
async fn check(house: &House, answered: &BTreeSet<String>) {
    let ours = house.ours;
    let (secrets, entries) = house
        .store
        .read::<_, StoreError>(&house.scope(ours), move |tx| {
            let mut secrets = BTreeSet::new();
            let mut page = Page::first(200);
            loop {
                let listing = tx.secrets().list(ours.project, ours.environment, page)?;
                secrets.extend(listing.items.iter().map(|secret| secret.name.to_string()));
                match listing.items.last().filter(|_| listing.more) {
                    Some(last) => page = Page::after(last.id, 200),
                    None => break,
                }
            }
            let mut entries = BTreeSet::new();
            let filter = EntryFilter { verb: Some(Verb::SecretSet), ..Default::default() };
            let mut page = Page::first(200);
            loop {
                let listing = tx.audit().list(&filter, page)?;
                for entry in &listing.items {
                    let body: serde_json::Value = serde_json::from_slice(&entry.body).unwrap();
                    entries.insert(body["resource"]["id"].as_str().unwrap().to_owned());
                }
                match listing.items.last().filter(|_| listing.more) {
                    Some(last) => page = Page::after(last.entry, 200),
                    None => break,
                }
            }
            Ok((secrets, entries))
        })
        .await
        .unwrap();
    assert_eq!(secrets, entries, "an action without its entry, or an entry without its action");
    let lost: Vec<_> = answered.difference(&secrets).collect();
    assert!(lost.is_empty(), "answered and lost: {lost:?}");
}

/// Not a test of its own: the process that is killed. Without its work it has nothing to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_worker() {
    let Ok(work) = std::env::var(WORK) else { return };
    let words: Vec<&str> = work.split(' ').collect();
    let [kind, place, tenant, owner, session, project, environment] = words[..] else {
        panic!("{work}");
    };
    let ours = Workspace {
        tenant: tenant.parse().unwrap(),
        owner: owner.parse().unwrap(),
        session: session.parse().unwrap(),
        project: project.parse().unwrap(),
        environment: environment.parse().unwrap(),
    };
    let config = match kind {
        "sqlite" => StoreConfig::Sqlite { folder: place.into() },
        _ => Database::existing(place).config(),
    };
    let store = Store::open(config, mint().1).await.unwrap();
    let mut writing = tokio::task::JoinSet::new();
    for _ in 0..4 {
        writing.spawn(write_for_ever(store.clone(), ours));
    }
    writing.join_all().await;
}

async fn write_for_ever(store: Store, ours: Workspace) {
    loop {
        let random: [u8; 8] = store.mint().bytes();
        let secret = format!("S{}", u64::from_be_bytes(random));
        let wanted = secret.clone();
        let written = store
            .write::<_, StoreError>(&scope(&store, ours), move |tx| {
                let permit = set_permit(ours, tx.now(), &wanted);
                let id = tx.mint().id();
                tx.secrets().set(permit, id, ours.owner, &Sealed::from_envelope(vec![1; 200]))?;
                let event = AuditEvent::new(Verb::SecretSet, "secret", &wanted);
                Ok(Commit::audited(event, ()))
            })
            .await;
        if written.is_ok() {
            println!("answered {secret}");
        }
    }
}
