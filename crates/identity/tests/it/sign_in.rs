//! Signing in: one answer for every wrong, guesses counted, codes used once.

use domain::limits;
use futures_util::future::join_all;
use identity::passwords::{Cost, Password, PoolError, PoolSize};
use identity::sessions::{self, Factor, SignIn, SignInError, sign_in};
use identity::{Principal, authenticate};
use ledger::Verb;
use store::Page;

use crate::house::{House, PASSWORD, each_engine, email};

fn wrong_password() -> Password {
    Password::typed("somebody else's password".to_owned()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn password_and_code_begin_a_session_with_an_entry() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        house.advance(30_000);
        let done = ada.tries(house, &ada.code(house)).await.unwrap();
        assert_eq!(done.entries.len(), 1);
        let token = done.value.access_token.show();
        let principal = authenticate(&house.identity, token, house.origin()).await.unwrap();
        let (account, factor_at) = principal.account().unwrap();
        assert_eq!((account.user(), factor_at.0 / 1_000), (ada.user, house.now().0 / 1_000));
        assert!(principal.member().is_none(), "no workspace was chosen");
        let started = house.platform_log(Verb::SessionStarted).await;
        assert_eq!(started[0]["new"]["methods"], serde_json::json!(["pwd", "otp", "mfa"]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_has_one_answer_and_one_hash() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        house.advance(30_000);
        let right = || Factor::totp(&ada.code(house)).unwrap();
        let presents = |factor| ada.presents(factor);
        let wrong_code = if ada.code(house) == "000000" { "000001" } else { "000000" };
        let attempts = [
            SignIn { password: wrong_password(), ..presents(right()) },
            SignIn { email: email("nobody@ours.example"), ..presents(right()) },
            SignIn { email: house.theirs.owner.email.clone(), ..presents(right()) },
            presents(Factor::totp(wrong_code).unwrap()),
            presents(Factor::backup_code("0000-0000-0000").unwrap()),
            presents(Factor::backup_code(&house.theirs.owner.backup_codes[0]).unwrap()),
        ];
        for (n, attempt) in attempts.into_iter().enumerate() {
            let before = house.identity.passwords_hashed();
            let from = house.origin_from(u8::try_from(n).unwrap());
            let began = std::time::Instant::now();
            let refused = sign_in(&house.identity, from, attempt).await.unwrap_err();
            assert_eq!(refused, SignInError::Wrong, "attempt {n}");
            assert_eq!(house.identity.passwords_hashed() - before, 1, "attempt {n}");
            assert!(began.elapsed().as_millis() >= 250, "attempt {n} answered early");
        }
        assert_eq!(house.platform_log(Verb::SessionRefused).await.len(), 6);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn totp_code_cannot_be_used_twice() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        house.advance(30_000);
        let code = ada.code(house);
        assert!(ada.tries(house, &code).await.is_ok());
        assert_eq!(ada.tries(house, &code).await.unwrap_err(), SignInError::Wrong);
        house.advance(30_000);
        assert_eq!(ada.tries(house, &code).await.unwrap_err(), SignInError::Wrong, "a step later");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_parallel_uses_of_one_code_one_wins() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        house.advance(30_000);
        let code = ada.code(house);
        let attempts = (0..4u8).map(|n| {
            let presented = ada.presents(Factor::totp(&code).unwrap());
            sign_in(&house.identity, house.origin_from(n), presented)
        });
        let answers = join_all(attempts).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        let account = ada.account(&answers.into_iter().find_map(Result::ok).unwrap().value);
        let live = sessions::list(&house.identity, &account, Page::first(200)).await.unwrap();
        assert_eq!(live.items.len(), 1);
        assert_eq!(house.platform_log(Verb::SessionRefused).await.len(), 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_code_is_refused_after_a_newer_one() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        house.advance(30_000);
        let older = ada.code(house);
        house.advance(30_000);
        assert!(ada.tries(house, &ada.code(house)).await.is_ok());
        assert_eq!(ada.tries(house, &older).await.unwrap_err(), SignInError::Wrong);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_differs_by_a_step_still_signs_in_and_by_two_does_not() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        house.advance(300_000);
        let code = ada.code(house);
        house.advance(30_000);
        assert!(ada.tries(house, &code).await.is_ok(), "the device is one step behind");
        let code = ada.code(house);
        house.advance(60_000);
        assert_eq!(ada.tries(house, &code).await.unwrap_err(), SignInError::Wrong);
        house.advance(30_000);
        let ahead = ada.code(house);
        house.advance(-30_000);
        assert_eq!(ada.tries(house, &ahead).await.unwrap_err(), SignInError::Wrong);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_code_works_once_and_in_any_spelling() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let sloppy = ada.backup_codes[3].to_lowercase().replace('-', " ");
        let uses = async |text: &str| {
            let presented = ada.presents(Factor::backup_code(text).unwrap());
            sign_in(&house.identity, house.origin(), presented).await
        };
        assert!(uses(&sloppy).await.is_ok());
        assert_eq!(uses(&ada.backup_codes[3]).await.unwrap_err(), SignInError::Wrong);
        assert!(uses(&ada.backup_codes[4]).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_wrong_guesses_are_all_counted() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        house.advance(30_000);
        let guesses = (0..40).map(|_| {
            let presented = SignIn {
                password: wrong_password(),
                ..ada.presents(Factor::totp("123456").unwrap())
            };
            sign_in(&house.identity, house.origin(), presented)
        });
        let answers = join_all(guesses).await;
        let count = |wanted: fn(&SignInError) -> bool| {
            answers.iter().filter(|answer| answer.as_ref().is_err_and(wanted)).count()
        };
        assert_eq!(count(|e| *e == SignInError::Wrong), 5, "the free guesses, and not one more");
        assert_eq!(count(|e| matches!(e, SignInError::Throttled(_))), 35);
        let refused = ada.tries(house, &ada.code(house)).await.unwrap_err();
        assert!(matches!(refused, SignInError::Throttled(_)), "the right password waits too");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_locked_out_for_good_and_success_forgives() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        for _ in 0..5 {
            assert_eq!(ada.tries(house, "000000").await.unwrap_err(), SignInError::Wrong);
        }
        let Err(SignInError::Throttled(throttled)) = ada.tries(house, "000000").await else {
            panic!("the sixth guess is too early");
        };
        house.advance(i64::from(throttled.retry_after_s) * 1_000);
        assert!(ada.tries(house, &ada.code(house)).await.is_ok());
        for _ in 0..5 {
            assert_eq!(ada.tries(house, "000000").await.unwrap_err(), SignInError::Wrong);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_quiet_hour_parallel_guesses_share_one_fresh_start() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        for _ in 0..5 {
            assert_eq!(ada.tries(house, "000000").await.unwrap_err(), SignInError::Wrong);
        }
        house.advance(identity::throttle::QUIET_MS + 1);
        let answers = join_all((0..20).map(|_| ada.tries(house, "000000"))).await;
        let looked_at =
            answers.iter().filter(|answer| matches!(answer, Err(SignInError::Wrong))).count();
        assert_eq!(looked_at, 5, "each does not start afresh");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_one_account_do_not_slow_its_neighbour() {
    each_engine(async |house: &House| {
        let (ada, bob) = (&house.ours.owner, &house.ours.admin);
        for _ in 0..6 {
            let _ = ada.tries(house, "000000").await;
        }
        house.advance(30_000);
        assert!(bob.tries(house, &bob.code(house)).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_sprays_over_accounts_is_slowed() {
    each_engine(async |house: &House| {
        let mut slowed = 0;
        for n in 0..35 {
            let presented = SignIn {
                email: email(&format!("person{n}@ours.example")),
                ..house.ours.owner.presents(Factor::totp("000000").unwrap())
            };
            let refused = sign_in(&house.identity, house.origin(), presented).await.unwrap_err();
            slowed += usize::from(matches!(refused, SignInError::Challenge(_)));
        }
        assert_eq!(slowed, 20, "fifteen guesses are free");
        house.advance(30_000);
        let ada = &house.ours.owner;
        let elsewhere = ada.presents(Factor::totp(&ada.code(house)).unwrap());
        assert!(sign_in(&house.identity, house.origin_from(9), elsewhere).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_to_a_workspace_needs_membership_in_it() {
    each_engine(async |house: &House| {
        let ada = &house.ours.viewer;
        house.advance(30_000);
        let into = |workspace| SignIn {
            workspace: Some(workspace),
            ..ada.presents(Factor::totp(&ada.code(house)).unwrap())
        };
        for stranger in [house.theirs.id, house.store.mint().id()] {
            let refused = sign_in(&house.identity, house.origin(), into(stranger)).await;
            assert_eq!(refused.unwrap_err(), SignInError::WorkspaceNotVisible);
        }
        let ours = into(house.ours.id);
        let tokens = sign_in(&house.identity, house.origin(), ours).await.unwrap().value;
        let token = tokens.access_token.show();
        let principal = authenticate(&house.identity, token, house.origin()).await.unwrap();
        assert_eq!(principal.tenant(), Some(house.ours.id));
        assert!(matches!(principal, Principal::Person { .. }));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_session_makes_room_for_the_fifty_first() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let first = ada.signs_in(house).await;
        for _ in 1..limits::SESSIONS_PER_USER_MAX {
            ada.signs_in(house).await;
        }
        let last = ada.signs_in(house).await;
        let page = Page::first(200);
        let live = sessions::list(&house.identity, &ada.account(&last), page).await.unwrap();
        assert_eq!(live.items.len(), limits::SESSIONS_PER_USER_MAX);
        assert!(live.items.iter().all(|seen| seen.session.id != first.session));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_of_less_cost_is_replaced_at_the_next_sign_in() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let size = PoolSize { at_once: 1, waiting_max: 4 };
        let identity = house.replica_with(size, Cost::STANDARD).await;
        house.advance(30_000);
        let presented = ada.presents(Factor::totp(&ada.code(house)).unwrap());
        sign_in(&identity, house.origin(), presented).await.unwrap();
        let user = ada.user;
        let row = house.store.platform_read(move |tx| tx.users().find(user)).await;
        let hash = row.unwrap().unwrap().password_hash;
        assert!(hash.contains("m=19456,t=2,p=1"), "{hash}");
        ada.signs_in(house).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_turned_away_by_a_full_queue_has_not_guessed() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let size = PoolSize { at_once: 1, waiting_max: 0 };
        let identity = house.replica_with(size, Cost::LEAST).await;
        let tries = (0..20).map(|_| {
            let presented = ada.presents(Factor::totp("000000").unwrap());
            sign_in(&identity, house.origin(), presented)
        });
        let answers = join_all(tries).await;
        let busy = |answer: &&Result<_, SignInError>| {
            matches!(answer, Err(SignInError::Passwords(PoolError::Busy { retry_after_s: 1.. })))
        };
        assert_eq!(answers.iter().filter(busy).count(), 19);
        ada.signs_in(house).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_outside_the_limits_never_reaches_the_hash() {
    assert!(Password::typed("x".repeat(129)).is_err());
    assert!(Password::typed(PASSWORD.to_owned()).is_ok());
}
