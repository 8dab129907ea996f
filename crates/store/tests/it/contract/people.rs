//! Accounts: sessions, factors, counters, kept answers. Every race is run as one.

use domain::limits;
use ledger::Verb;
use store::{
    ClientKind, Commit, Enrolment, Kept, LinkKind, NewEnrolment, NewSession, NewUser, Page,
    QuietReason, Revoked, Rotation, StoreError,
};

use crate::contract::on_both_engines;
use crate::house::{House, Kind, as_system, email, event};

on_both_engines! {
    of_many_refreshes_at_once_one_advances_and_nobody_is_signed_out
    a_replayed_refresh_is_told_from_a_repeated_one
    an_idle_or_old_session_is_over
    a_totp_step_is_accepted_once
    a_backup_code_is_used_once
    every_parallel_guess_is_counted
    revocations_are_seen_in_order_without_gaps
    an_idempotency_key_belongs_to_one_request
    an_enrolment_becomes_one_account
    a_bootstrap_link_works_once_and_a_new_one_ends_the_old
    other_sessions_end_together
}

/// Runs the same closure at once many times on the platform's unit.
async fn at_once<T: Send + 'static>(
    house: &House,
    times: usize,
    work: impl Fn(&mut store::PlatformTx<'_>) -> Result<T, StoreError> + Copy + Send + 'static,
) -> Vec<T> {
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..times {
        let store = house.store.clone();
        let caller = as_system(&store);
        running.spawn(async move {
            store
                .platform_write::<_, StoreError>(&caller, move |tx| {
                    Ok(Commit::quiet(QuietReason::GuessCounted, work(tx)?))
                })
                .await
                .unwrap()
                .value
        });
    }
    running.join_all().await
}

async fn once<T: Send + 'static>(
    house: &House,
    work: impl FnOnce(&mut store::PlatformTx<'_>) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    house
        .store
        .platform_write::<_, StoreError>(&as_system(&house.store), move |tx| {
            Ok(Commit::quiet(QuietReason::Hint, work(tx)?))
        })
        .await
        .map(|committed| committed.value)
}

async fn session(house: &House) -> domain::SessionId {
    let user = house.ours.owner;
    let id = house.store.mint().id();
    let begun = house
        .store
        .platform_write::<_, StoreError>(&as_system(&house.store), move |tx| {
            let amr = vec!["pwd".into(), "otp".into()];
            let new = NewSession {
                id,
                user,
                workspace: None,
                amr,
                client: ClientKind::Api,
                sealed: None,
                dpop_jkt: None,
                device: None,
            };
            Ok(Commit::audited(event(Verb::SessionStarted), tx.sessions().create(&new)?))
        })
        .await
        .unwrap();
    assert_eq!(begun.entries.len(), 1);
    assert_eq!(begun.entries[0].unit, store::Unit::Platform);
    begun.value.id
}

async fn of_many_refreshes_at_once_one_advances_and_nobody_is_signed_out(kind: Kind) {
    let house = House::open(kind).await;
    let id = session(&house).await;
    let rotations = at_once(&house, 40, move |tx| tx.sessions().rotate(id, 1)).await;
    let advanced = rotations.iter().filter(|one| matches!(one, Rotation::Advanced(_))).count();
    let repeated = rotations.iter().filter(|one| matches!(one, Rotation::Repeated(_))).count();
    assert_eq!((advanced, repeated), (1, 39));
    for rotation in rotations {
        let (Rotation::Advanced(found) | Rotation::Repeated(found)) = rotation else { panic!() };
        assert_eq!(found.generation, 2, "everybody gets the same successor");
    }
}

async fn a_replayed_refresh_is_told_from_a_repeated_one(kind: Kind) {
    let house = House::open(kind).await;
    let id = session(&house).await;
    macro_rules! rotate {
        ($presented:literal) => {
            once(&house, move |tx| tx.sessions().rotate(id, $presented)).await.unwrap()
        };
    }
    assert!(matches!(rotate!(1), Rotation::Advanced(_)));
    house.clock.advance(limits::REFRESH_GRACE_MS);
    assert!(matches!(rotate!(1), Rotation::Repeated(_)));
    house.clock.advance(1);
    assert!(matches!(rotate!(1), Rotation::Replayed(_)));
    assert!(matches!(rotate!(2), Rotation::Advanced(_)));
    assert!(matches!(rotate!(1), Rotation::Replayed(_)), "two generations old, even in the grace");
    assert!(matches!(rotate!(9), Rotation::Ended), "a generation that never was");
    assert!(once(&house, move |tx| tx.sessions().revoke(id)).await.unwrap());
    assert!(!once(&house, move |tx| tx.sessions().revoke(id)).await.unwrap());
    assert!(matches!(rotate!(3), Rotation::Ended));
}

async fn an_idle_or_old_session_is_over(kind: Kind) {
    let house = House::open(kind).await;
    let idle = session(&house).await;
    house.clock.advance(limits::SESSION_IDLE_MS_MAX);
    let ended = once(&house, move |tx| tx.sessions().rotate(idle, 1)).await.unwrap();
    assert!(matches!(ended, Rotation::Ended));
    let busy = session(&house).await;
    let mut generation = 1;
    let begun = house.store.mint().now();
    while house.store.mint().now().since_ms(begun) + limits::SESSION_IDLE_MS_MAX / 2
        < limits::SESSION_LIFE_MS_MAX
    {
        house.clock.advance(limits::SESSION_IDLE_MS_MAX / 2);
        let g = generation;
        let kept = once(&house, move |tx| tx.sessions().rotate(busy, g)).await.unwrap();
        assert!(matches!(kept, Rotation::Advanced(_)));
        generation += 1;
    }
    house.clock.advance(limits::SESSION_IDLE_MS_MAX / 2);
    let ended = once(&house, move |tx| tx.sessions().rotate(busy, generation)).await.unwrap();
    assert!(matches!(ended, Rotation::Ended), "however much it is used");
}

async fn a_totp_step_is_accepted_once(kind: Kind) {
    let house = House::open(kind).await;
    let user = house.ours.owner;
    let accepted = at_once(&house, 20, move |tx| tx.users().accept_totp_step(user, 100)).await;
    assert_eq!(accepted.into_iter().filter(|yes| *yes).count(), 1);
    assert!(!once(&house, move |tx| tx.users().accept_totp_step(user, 99)).await.unwrap());
    assert!(once(&house, move |tx| tx.users().accept_totp_step(user, 101)).await.unwrap());
}

async fn a_backup_code_is_used_once(kind: Kind) {
    let house = House::open(kind).await;
    let user = house.ours.owner;
    once(&house, move |tx| {
        let codes = [("aa".to_owned(), "hash1".to_owned()), ("bb".into(), "hash2".into())];
        tx.backup_codes().replace(user, &codes)
    })
    .await
    .unwrap();
    let used = at_once(&house, 20, move |tx| tx.backup_codes().use_up(user, "aa")).await;
    assert_eq!(used.into_iter().filter(|yes| *yes).count(), 1);
    let left = once(&house, move |tx| tx.backup_codes().left(user)).await.unwrap();
    assert_eq!(left, 1);
    let other = house.theirs.owner;
    let foreign = once(&house, move |tx| tx.backup_codes().use_up(other, "bb")).await.unwrap();
    assert!(!foreign);
}

async fn every_parallel_guess_is_counted(kind: Kind) {
    let house = House::open(kind).await;
    let mut counts: Vec<u32> =
        at_once(&house, 30, |tx| tx.throttle().count("account:a").map(|state| state.failures))
            .await;
    counts.sort_unstable();
    assert_eq!(counts, (1..=30).collect::<Vec<_>>());
    once(&house, |tx| {
        let now = tx.now();
        assert!(tx.throttle().block("account:a", now.plus_ms(500))?);
        assert!(!tx.throttle().block("account:a", now.plus_ms(100))?, "never made shorter");
        assert_eq!(tx.throttle().find("account:b")?, None);
        assert!(tx.throttle().clear("account:a")?);
        Ok(())
    })
    .await
    .unwrap();
}

async fn revocations_are_seen_in_order_without_gaps(kind: Kind) {
    let house = House::open(kind).await;
    let session = house.ours.session;
    let store = house.store.clone();
    let reader = tokio::spawn(async move {
        let mut seen = 0;
        while seen < 60 {
            let new = store
                .platform_read::<_, StoreError>(move |tx| tx.revocations().after(seen, 100))
                .await
                .unwrap();
            for revocation in new {
                assert_eq!(revocation.seq, seen + 1, "a number was seen before a smaller one");
                seen = revocation.seq;
            }
        }
    });
    at_once(&house, 60, move |tx| tx.revocations().add(Revoked::Session { session, epoch: 3 }))
        .await;
    reader.await.unwrap();
    let last = once(&house, |tx| tx.revocations().last()).await.unwrap();
    assert_eq!(last, 60);
}

async fn an_idempotency_key_belongs_to_one_request(kind: Kind) {
    let house = House::open(kind).await;
    let taken = at_once(&house, 20, |tx| tx.idempotency().take("u1", "key", [1; 32])).await;
    assert_eq!(taken.iter().filter(|kept| **kept == Kept::New).count(), 1);
    assert_eq!(taken.iter().filter(|kept| **kept == Kept::Working).count(), 19);
    let take = |principal: &'static str, hash: u8| {
        once(&house, move |tx| tx.idempotency().take(principal, "key", [hash; 32]))
    };
    assert_eq!(take("u1", 2).await.unwrap(), Kept::Other);
    assert_eq!(take("u2", 2).await.unwrap(), Kept::New, "another principal's key is another key");
    once(&house, |tx| {
        assert!(tx.idempotency().answer("u1", "key", [1; 32], 201, "{}")?);
        assert!(!tx.idempotency().answer("u1", "key", [1; 32], 500, "no")?);
        Ok(())
    })
    .await
    .unwrap();
    let Kept::Answered(answer) = take("u1", 1).await.unwrap() else { panic!() };
    assert_eq!((answer.status, answer.body.as_str()), (201, "{}"));
    house.clock.advance(limits::IDEMPOTENCY_MS);
    assert_eq!(take("u1", 2).await.unwrap(), Kept::New, "a day later the key is free");
}

async fn an_enrolment_becomes_one_account(kind: Kind) {
    let house = House::open(kind).await;
    let mint = house.store.mint();
    let new = NewEnrolment {
        id: mint.id(),
        link_kind: LinkKind::Bootstrap,
        link: mint.id(),
        user: mint.id(),
        email: email("first@new.example"),
        password_hash: "$argon2id$".into(),
        totp: domain::Sealed::from_envelope(vec![1, 2, 3]),
    };
    let id = new.id;
    let stored = new.clone();
    once(&house, move |tx| tx.enrolments().create(&stored)).await.unwrap();
    let confirmed = at_once(&house, 10, move |tx| tx.enrolments().confirm(id)).await;
    assert_eq!(confirmed.into_iter().filter(|yes| *yes).count(), 1);
    let found: Enrolment = once(&house, move |tx| tx.enrolments().find(id)).await.unwrap().unwrap();
    assert_eq!((found.totp, found.email), (new.totp.clone(), new.email.clone()));
    assert!(found.confirmed_at.is_some());
    let person = NewUser {
        id: new.user,
        email: new.email,
        password_hash: new.password_hash,
        totp: new.totp,
        totp_last_step: 7,
    };
    let twin = NewUser { id: mint.id(), ..person.clone() };
    once(&house, move |tx| tx.users().create(&person)).await.unwrap();
    let refused = once(&house, move |tx| tx.users().create(&twin)).await;
    assert_eq!(refused.unwrap_err(), StoreError::Conflict, "one account per address");
}

async fn a_bootstrap_link_works_once_and_a_new_one_ends_the_old(kind: Kind) {
    let house = House::open(kind).await;
    let (old, link) = (house.store.mint().id(), house.store.mint().id());
    let owner = house.ours.owner;
    once(&house, move |tx| tx.bootstrap().create(old, [1; 32])).await.unwrap();
    once(&house, move |tx| tx.bootstrap().create(link, [2; 32])).await.unwrap();
    assert_eq!(once(&house, move |tx| tx.bootstrap().find(old)).await.unwrap(), None);
    assert!(!once(&house, |tx| tx.bootstrap().done()).await.unwrap());
    let used = at_once(&house, 10, move |tx| tx.bootstrap().use_up(link, owner)).await;
    assert_eq!(used.into_iter().filter(|yes| *yes).count(), 1);
    assert!(once(&house, |tx| tx.bootstrap().done()).await.unwrap());
    let late = house.store.mint().id();
    once(&house, move |tx| tx.bootstrap().create(late, [3; 32])).await.unwrap();
    house.clock.advance(limits::BOOTSTRAP_MS);
    assert!(!once(&house, move |tx| tx.bootstrap().use_up(late, owner)).await.unwrap());
}

async fn other_sessions_end_together(kind: Kind) {
    let house = House::open(kind).await;
    let user = house.ours.owner;
    let (first, second, kept) =
        (session(&house).await, session(&house).await, session(&house).await);
    let mut ended = once(&house, move |tx| tx.sessions().revoke_others(user, kept)).await.unwrap();
    ended.sort();
    let mut expected = vec![first, second];
    expected.sort();
    assert_eq!(ended, expected);
    let live = once(&house, move |tx| tx.sessions().list(user, Page::first(10))).await.unwrap();
    assert_eq!(live.items.iter().map(|one| one.id).collect::<Vec<_>>(), [kept]);
    assert_eq!(once(&house, move |tx| tx.sessions().count_live(user)).await.unwrap(), 1);
    let epoch = live.items[0].epoch;
    assert!(once(&house, move |tx| tx.sessions().step_up(kept)).await.unwrap());
    let found = once(&house, move |tx| tx.sessions().find(kept)).await.unwrap().unwrap();
    assert_eq!(found.epoch, epoch + 1, "tokens of before the step-up end");
}
