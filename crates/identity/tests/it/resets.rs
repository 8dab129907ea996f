//! Password resets: both proofs or nothing, one answer for everybody, no session at the end.

use domain::limits;
use futures_util::future::join_all;
use identity::codes::TypedCode;
use identity::passwords::{Password, PasswordRefused};
use identity::resets::{CompleteReset, ResetError, complete, request};
use identity::sessions::{Factor, RefreshError, SignIn, SignInError, refresh, sign_in};
use ledger::Verb;
use store::{NoticeKind, Page};

use crate::house::{House, Person, Sink, each_engine, email, link_and_code};

const NEW: &str = "granite umbrella tin";

/// What the letter to this person holds: link and code.
async fn mailed(house: &House, whom: &Person) -> (String, String) {
    let sink = Sink::open().await;
    request(&house.identity, house.origin(), whom.email.clone()).await.unwrap();
    sink.empties(&house.identity).await;
    let letters = sink.about(&whom.email, "Reset your password");
    link_and_code(letters.last().unwrap())
}

fn typed(text: &str) -> Password {
    Password::typed(text.to_owned()).unwrap()
}

fn presents(mailed: &(String, String), factor: Factor) -> CompleteReset {
    CompleteReset {
        reset: mailed.0.parse().unwrap(),
        code: TypedCode::parse(&mailed.1).unwrap(),
        factor,
        password: typed(NEW),
    }
}

async fn tries(house: &House, mailed: &(String, String), factor: Factor) -> Result<(), ResetError> {
    complete(&house.identity, house.origin(), presents(mailed, factor)).await.map(drop)
}

async fn enters(house: &House, whom: &Person, password: &str) -> Result<(), SignInError> {
    house.advance(30_000);
    let factor = Factor::totp(&whom.code(house)).unwrap();
    let presented = SignIn { password: typed(password), ..whom.presents(factor) };
    sign_in(&house.identity, house.origin(), presented).await.map(drop)
}

fn totp(house: &House, whom: &Person) -> Factor {
    Factor::totp(&whom.code(house)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_needs_both_proofs_ends_every_session_and_begins_none() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let (first, second) = (ada.signs_in(house).await, ada.signs_in(house).await);
        let mailed = mailed(house, ada).await;
        house.advance(30_000);
        let user = ada.user;
        let done =
            complete(&house.identity, house.origin(), presents(&mailed, totp(house, ada))).await;
        assert_eq!(done.unwrap().entries.len(), 1);
        let live = house.store.platform_read(move |tx| tx.sessions().list(user, Page::first(9)));
        assert_eq!(live.await.unwrap().items, vec![], "no session is left, and none began");
        for tokens in [&first, &second] {
            house.refused_after(tokens).await;
            let again = refresh(&house.identity, house.origin(), tokens.refresh_token.show());
            assert_eq!(again.await.unwrap_err(), RefreshError::Ended);
        }
        assert_eq!(enters(house, ada, crate::house::PASSWORD).await, Err(SignInError::Wrong));
        assert_eq!(enters(house, ada, NEW).await, Ok(()));
        let log = house.platform_log(Verb::PasswordReset).await;
        assert_eq!(log.len(), 1);
        assert_eq!(log[0]["new"]["ended_sessions"].as_array().unwrap().len(), 2);
        let told = house.store.platform_read(move |tx| tx.outbox().list(user, Page::first(9)));
        let kinds: Vec<_> = told.await.unwrap().items.iter().map(|one| one.kind).collect();
        assert_eq!(kinds, [NoticeKind::PasswordResetLink, NoticeKind::PasswordReset]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_alone_and_a_factor_alone_reset_nothing() {
    each_engine(async |house: &House| {
        let (ada, eve) = (&house.ours.owner, &house.theirs.owner);
        let adas = mailed(house, ada).await;
        let eves = mailed(house, eve).await;
        house.advance(30_000);
        let wrong = if ada.code(house) == "000000" { "000001" } else { "000000" };
        let stolen = Factor::backup_code(&eve.backup_codes[0]).unwrap();
        for factor in [Factor::totp(wrong).unwrap(), totp(house, eve), stolen] {
            assert_eq!(tries(house, &adas, factor).await, Err(ResetError::Wrong));
        }
        let crossed = (adas.0.clone(), eves.1.clone());
        assert_eq!(tries(house, &crossed, totp(house, ada)).await, Err(ResetError::Wrong));
        assert_eq!(house.platform_log(Verb::PasswordResetRefused).await.len(), 4);
        assert_eq!(tries(house, &adas, totp(house, ada)).await, Ok(()), "the real one does");
        assert_eq!(enters(house, eve, crate::house::PASSWORD).await, Ok(()), "eve is as before");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_works_once_and_ends_the_other_links_with_it() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let (one, other) = (mailed(house, ada).await, mailed(house, ada).await);
        house.advance(30_000);
        assert_eq!(tries(house, &one, totp(house, ada)).await, Ok(()));
        house.advance(30_000);
        for over in [&one, &other] {
            assert_eq!(tries(house, over, totp(house, ada)).await, Err(ResetError::Over));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_ends_after_half_an_hour() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let mailed = mailed(house, ada).await;
        house.advance(limits::RESET_MS);
        assert_eq!(tries(house, &mailed, totp(house, ada)).await, Err(ResetError::Over));
        // A letter that did not leave in time is not sent at all.
        request(&house.identity, house.origin(), ada.email.clone()).await.unwrap();
        house.advance(limits::RESET_MS);
        let sink = Sink::open().await;
        assert_eq!(sink.empties(&house.identity).await.given_up, 1);
        assert!(sink.letters().is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_wrong_tries_end_a_reset_even_for_the_right_code() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let mailed = mailed(house, ada).await;
        let wrong = (mailed.0.clone(), TypedCode::new(house.store.mint()).shown());
        let wrong = (wrong.0, wrong.1.show().to_owned());
        house.advance(30_000);
        for n in 0..limits::RESET_CODES_MAX {
            let from = house.origin_from(u8::try_from(n).unwrap());
            let presented = presents(&wrong, totp(house, ada));
            let refused = complete(&house.identity, from, presented).await;
            assert_eq!(refused.unwrap_err(), ResetError::Wrong, "try {n}");
        }
        assert_eq!(tries(house, &mailed, totp(house, ada)).await, Err(ResetError::Over));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_totp_step_that_signed_in_resets_nothing() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let mailed = mailed(house, ada).await;
        ada.signs_in(house).await;
        assert_eq!(tries(house, &mailed, totp(house, ada)).await, Err(ResetError::Wrong));
        let code = Factor::backup_code(&ada.backup_codes[0]).unwrap();
        assert_eq!(tries(house, &mailed, code).await, Ok(()), "a backup code does");
        let again = self::mailed(house, ada).await;
        let code = Factor::backup_code(&ada.backup_codes[0]).unwrap();
        assert_eq!(tries(house, &again, code).await, Err(ResetError::Wrong), "and only once");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_forty_parallel_completions_one_wins() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let mailed = mailed(house, ada).await;
        house.advance(30_000);
        let code = ada.code(house);
        let attempts = (0..40_u8).map(|n| {
            let presented = presents(&mailed, Factor::totp(&code).unwrap());
            complete(&house.identity, house.origin_from(n), presented)
        });
        let won = join_all(attempts).await.into_iter().filter(Result::is_ok).count();
        assert_eq!(won, 1);
        assert_eq!(house.platform_log(Verb::PasswordReset).await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_tells_nobody_who_has_an_account() {
    each_engine(async |house: &House| {
        let (ada, sink) = (&house.ours.owner, Sink::open().await);
        for whom in [ada.email.clone(), email("nobody@ours.example")] {
            let began = std::time::Instant::now();
            assert_eq!(request(&house.identity, house.origin(), whom).await, Ok(()));
            assert!(began.elapsed().as_millis() >= 250, "the answer left early");
        }
        assert_eq!(sink.empties(&house.identity).await.sent, 1);
        assert_eq!(house.platform_log(Verb::PasswordResetRequested).await.len(), 2);
        let log = house.platform_log(Verb::PasswordResetRequested).await;
        assert!(!log[1].to_string().contains("nobody@"), "what was typed is not kept");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobodys_mailbox_is_filled_and_the_throttle_tells_nothing_either() {
    each_engine(async |house: &House| {
        for (n, whom) in
            [house.ours.owner.email.clone(), email("nobody@ours.example")].into_iter().enumerate()
        {
            let from = house.origin_from(u8::try_from(n).unwrap());
            let mut answers = Vec::new();
            for _ in 0..8 {
                answers.push(request(&house.identity, from.clone(), whom.clone()).await.is_ok());
            }
            let expected = [true, true, true, true, true, false, false, false];
            assert_eq!(answers, expected, "{whom}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_weak_password_costs_neither_a_try_nor_the_factor() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let mailed = mailed(house, ada).await;
        house.advance(30_000);
        for _ in 0..2 * limits::RESET_CODES_MAX {
            let weak = CompleteReset {
                password: typed("password1234"),
                ..presents(&mailed, totp(house, ada))
            };
            let refused = complete(&house.identity, house.origin(), weak).await.unwrap_err();
            assert_eq!(refused, ResetError::Password(PasswordRefused::Common));
        }
        assert_eq!(tries(house, &mailed, totp(house, ada)).await, Ok(()));
    })
    .await;
}
