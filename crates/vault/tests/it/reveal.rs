//! Revealing: the entry first, a fresh factor, and nothing else ever shows a value.

use broker::{BrokerError, DataScope, OpenFault, Purpose, Realm};
use domain::authz::{Act, Denied};
use domain::limits;
use ledger::Verb;
use vault::VaultError;
use vault::secrets::{SecretPath, reveal_secret};

use crate::house::{Wire, each_engine, keep, logged, variable, why};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reveal_is_in_the_log_with_who_what_and_why_before_it_is_in_the_brokers_journal() {
    each_engine(async |house| {
        let acme = &house.acme;
        let path = keep(&house, acme, "TOKEN", "acme's own").await;
        let before = house.openings().await.len();
        let fresh = Some(house.now());
        let shown =
            reveal_secret(&house.store, &house.broker, &acme.admin, fresh, path.clone(), why())
                .await
                .unwrap();
        assert_eq!(shown.value.value.expose(), b"acme's own");

        let log = logged(&house.store, &acme.owner, Verb::SecretRevealed).await;
        let [(said, entry)] = log.as_slice() else { panic!("{} entries", log.len()) };
        assert_eq!(said["actor"]["user"], acme.admin.actor().principal().to_string());
        assert_eq!(said["new"]["name"], "TOKEN");
        assert_eq!(said["new"]["version"], 1);
        let reason = entry.personal.iter().find(|personal| personal.field == "reason").unwrap();
        assert_eq!(reason.value, why().as_str());
        assert_eq!(shown.entries[0].hash, entry.hash);

        let openings = house.openings().await;
        assert_eq!(openings.len(), before + 1);
        let opening = openings.last().unwrap();
        assert!(entry.at <= opening.at, "opened at {:?}, said at {:?}", opening.at, entry.at);
        assert_eq!(opening.realm, Realm::Tenant(acme.id));
        assert_eq!(opening.purpose, Purpose::Reveal);
        assert_eq!(opening.actor, acme.admin.actor().to_string());
        assert_eq!(opening.request, Some(acme.admin.origin().request));
        assert_eq!(opening.records.len(), 1);
        assert_eq!(opening.records[0].scope, DataScope::Environment(path.environment));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_fresh_factor_nothing_is_opened_and_nothing_is_said() {
    each_engine(async |house| {
        let acme = &house.acme;
        let path = keep(&house, acme, "TOKEN", "acme's own").await;
        let before = house.openings().await.len();
        let act = Act::SecretReveal;
        let stale = house.now().plus_ms(-limits::FACTOR_FRESH_MS - 1_000);
        let ahead = house.now().plus_ms(3_600_000);
        for (factor_at, denied) in [
            (None, Denied::PersonNeeded(act)),
            (Some(stale), Denied::FactorNotFresh(act)),
            (Some(ahead), Denied::FactorNotFresh(act)),
        ] {
            let (path, store) = (path.clone(), &house.store);
            let answer = reveal_secret(store, &house.broker, &acme.owner, factor_at, path, why());
            assert_eq!(answer.await.err(), Some(VaultError::Denied(denied)));
        }
        assert!(logged(&house.store, &acme.owner, Verb::SecretRevealed).await.is_empty());
        assert_eq!(house.openings().await.len(), before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_broker_does_not_open_a_second_entry_says_so() {
    each_engine(async |house| {
        let acme = &house.acme;
        let path = keep(&house, acme, "TOKEN", "acme's own").await;
        let other = keep(&house, acme, "OTHER", "another value").await;
        house.put_bytes_of(acme, &other, &path).await;
        let fresh = Some(house.now());
        let answer =
            reveal_secret(&house.store, &house.broker, &acme.owner, fresh, path, why()).await;
        let fault = BrokerError::CannotOpen(OpenFault::NotThisRecord);
        assert_eq!(answer.err(), Some(VaultError::Sealing(fault)));
        let log = logged(&house.store, &acme.owner, Verb::SecretRevealed).await;
        let [(announced, _), (outcome, _)] = log.as_slice() else { panic!("{}", log.len()) };
        assert_eq!(announced["new"]["name"], "TOKEN");
        assert_eq!(outcome["new"]["outcome"], "not_opened");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_is_not_there_is_not_found_and_leaves_no_entry() {
    each_engine(async |house| {
        let acme = &house.acme;
        let path = SecretPath { name: variable("token"), ..keep(&house, acme, "TOKEN", "x").await };
        let fresh = Some(house.now());
        let answer =
            reveal_secret(&house.store, &house.broker, &acme.owner, fresh, path, why()).await;
        assert_eq!(answer.err(), Some(VaultError::NotFound));
        assert!(logged(&house.store, &acme.owner, Verb::SecretRevealed).await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_entry_is_in_the_log_when_the_broker_is_asked() {
    each_engine(async |house| {
        let acme = &house.acme;
        let path = keep(&house, acme, "TOKEN", "acme's own").await;
        let wire = Wire::to(house.broker_socket()).await;
        let seen = wire.watch(house.store.clone(), acme.owner.clone(), Verb::SecretRevealed);
        let fresh = Some(house.now());
        reveal_secret(&house.store, &wire.broker, &acme.owner, fresh, path, why()).await.unwrap();
        let seen = seen.lock().unwrap().clone();
        assert!(!seen.is_empty() && seen.iter().all(|entries| *entries == 1), "{seen:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_broker_is_gone_the_log_says_that_it_gave_no_answer() {
    each_engine(async |house| {
        let acme = &house.acme;
        let path = keep(&house, acme, "TOKEN", "acme's own").await;
        let wire = Wire::to(house.broker_socket()).await;
        let broker = wire.cut();
        let fresh = Some(house.now());
        let answer = reveal_secret(&house.store, &broker, &acme.owner, fresh, path, why()).await;
        assert_eq!(answer.err(), Some(VaultError::Sealing(BrokerError::Unreachable)));
        let log = logged(&house.store, &acme.owner, Verb::SecretRevealed).await;
        let outcomes: Vec<_> = log.iter().map(|(said, _)| said["new"]["outcome"].clone()).collect();
        assert_eq!(outcomes, [serde_json::Value::Null, "no_answer".into()]);
    })
    .await;
}
