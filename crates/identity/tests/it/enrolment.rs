//! Enrolling: by the first owner's link once, by an invitation, and never without a second factor.

use broker::TotpCode;
use domain::{EnrolmentId, InvitationId, Origin, limits};
use futures_util::future::join_all;
use identity::codes::TypedCode;
use identity::enrolments::{
    BootstrapError, ConfirmError, Confirmed, StartEnrolment, StartEnrolmentError, Started, confirm,
    issue_bootstrap, start,
};
use identity::passwords::{Password, PasswordRefused};
use identity::sessions::{Factor, Holder, SignIn, SignInError, sign_in};
use identity::{authenticate, workspaces};
use ledger::Verb;

use crate::house::{House, PASSWORD, code_of, each_engine, email, name, seed_of};

struct Link {
    id: InvitationId,
    code: String,
}

async fn bootstrap(house: &House) -> Link {
    let issued = issue_bootstrap(&house.store, &house.broker).await.unwrap().value;
    Link { id: issued.link, code: issued.code.show().to_owned() }
}

fn presents(link: &Link, address: &str) -> StartEnrolment {
    StartEnrolment {
        link: link.id,
        code: TypedCode::parse(&link.code).unwrap(),
        email: email(address),
        password: Password::typed(PASSWORD.to_owned()).unwrap(),
    }
}

async fn starts(house: &House, link: &Link, address: &str) -> Result<Started, StartEnrolmentError> {
    let presented = presents(link, address);
    start(&house.identity, house.origin(), presented).await.map(|done| done.value)
}

/// What the authenticator that scanned the seed shows.
fn shown(house: &House, started: &Started) -> TotpCode {
    let seed = seed_of(started.totp_uri.show());
    TotpCode::parse(&code_of(&seed, house.now().0 / 1_000)).unwrap()
}

async fn confirms(
    house: &House,
    enrolment: EnrolmentId,
    code: TotpCode,
) -> Result<Confirmed, ConfirmError> {
    confirm(&house.identity, house.origin(), enrolment, code, Holder::api())
        .await
        .map(|done| done.value)
}

async fn users(house: &House) -> u64 {
    house.store.platform_read(|tx| tx.users().count()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_owner_enrols_and_makes_a_workspace() {
    each_engine(async |house: &House| {
        let link = bootstrap(house).await;
        let started = starts(house, &link, "first@new.example").await.unwrap();
        assert!(started.totp_uri.show().contains(started.totp_secret.show()));
        let before = users(house).await;
        let confirmed = confirms(house, started.enrolment, shown(house, &started)).await.unwrap();
        assert_eq!((users(house).await, confirmed.backup_codes.len()), (before + 1, 10));
        assert!(confirmed.joined.is_none());

        let token = confirmed.tokens.access_token.show();
        let principal = authenticate(&house.identity, token, house.origin()).await.unwrap();
        let (account, _) = principal.account().unwrap();
        let created = workspaces::create(&house.store, &house.broker, account, name("fresh")).await;
        let listed = workspaces::list(&house.store, account).await.unwrap();
        assert_eq!(listed[0].workspace, created.unwrap().value);
        assert_eq!(house.platform_log(Verb::UserEnrolled).await.len(), 1);
        assert_eq!(house.platform_log(Verb::BootstrapIssued).await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_that_confirmed_signs_nobody_in_and_backup_codes_do() {
    each_engine(async |house: &House| {
        let started = starts(house, &bootstrap(house).await, "first@new.example").await.unwrap();
        let code = shown(house, &started);
        let confirmed = confirms(house, started.enrolment, code.clone()).await.unwrap();
        let with = async |factor| {
            let presented = SignIn {
                email: email("first@new.example"),
                password: Password::typed(PASSWORD.to_owned()).unwrap(),
                factor,
                workspace: None,
            };
            sign_in(&house.identity, house.origin(), presented).await.map(drop)
        };
        assert_eq!(with(Factor::Totp(code)).await, Err(SignInError::Wrong));
        let backup = Factor::backup_code(confirmed.backup_codes[9].show()).unwrap();
        assert_eq!(with(backup).await, Ok(()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_owners_link_works_once() {
    each_engine(async |house: &House| {
        let link = bootstrap(house).await;
        let one = starts(house, &link, "one@new.example").await.unwrap();
        let two = starts(house, &link, "two@new.example").await.unwrap();
        let both =
            [&one, &two].map(|started| confirms(house, started.enrolment, shown(house, started)));
        let answers = join_all(both).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        assert!(answers.iter().any(|answer| matches!(answer, Err(ConfirmError::Over))));
        let again = starts(house, &link, "three@new.example").await;
        assert_eq!(again.unwrap_err(), StartEnrolmentError::NotOpened);
        let issued = issue_bootstrap(&house.store, &house.broker).await;
        assert_eq!(issued.unwrap_err(), BootstrapError::Done);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_link_ends_the_one_before_and_time_ends_it_too() {
    each_engine(async |house: &House| {
        let (older, newer) = (bootstrap(house).await, bootstrap(house).await);
        let refused = starts(house, &older, "a@new.example").await;
        assert_eq!(refused.unwrap_err(), StartEnrolmentError::NotOpened);
        assert!(starts(house, &newer, "a@new.example").await.is_ok());
        house.advance(limits::BOOTSTRAP_MS);
        let refused = starts(house, &newer, "b@new.example").await;
        assert_eq!(refused.unwrap_err(), StartEnrolmentError::NotOpened);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_codes_are_counted_and_end_the_link() {
    each_engine(async |house: &House| {
        let link = bootstrap(house).await;
        let other = bootstrap_code_of_another_link(house);
        let guesses = (0..30).map(|_| {
            let presented = StartEnrolment {
                code: TypedCode::parse(&other).unwrap(),
                ..presents(&link, "a@new.example")
            };
            start(&house.identity, house.origin(), presented)
        });
        for guess in join_all(guesses).await {
            assert_eq!(guess.unwrap_err(), StartEnrolmentError::NotOpened);
        }
        let refused = house.platform_log(Verb::EnrolmentRefused).await;
        assert_eq!(refused.len(), usize::try_from(limits::WRONG_CODES_MAX).unwrap());
        let late = starts(house, &link, "a@new.example").await;
        assert_eq!(
            late.unwrap_err(),
            StartEnrolmentError::NotOpened,
            "the right code comes too late"
        );
    })
    .await;
}

/// A well-formed code that belongs to nothing.
fn bootstrap_code_of_another_link(house: &House) -> String {
    TypedCode::new(house.store.mint()).shown().show().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_link_and_a_wrong_code_have_one_answer() {
    each_engine(async |house: &House| {
        let link = bootstrap(house).await;
        let nowhere = Link { id: house.store.mint().id(), code: link.code.clone() };
        let wrong = Link { id: link.id, code: bootstrap_code_of_another_link(house) };
        for link in [nowhere, wrong] {
            let refused = starts(house, &link, "a@new.example").await;
            assert_eq!(refused.unwrap_err(), StartEnrolmentError::NotOpened);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_account_before_the_first_totp_code_was_right() {
    each_engine(async |house: &House| {
        let started = starts(house, &bootstrap(house).await, "first@new.example").await.unwrap();
        let right = shown(house, &started);
        let text: String = String::from(right.clone());
        let wrong = if text == "000000" { "000001" } else { "000000" };
        let before = users(house).await;
        for _ in 0..3 {
            let refused = confirms(house, started.enrolment, TotpCode::parse(wrong).unwrap()).await;
            assert_eq!(refused.unwrap_err(), ConfirmError::Wrong);
        }
        assert_eq!(users(house).await, before);
        assert_eq!(house.platform_log(Verb::EnrolmentRefused).await.len(), 3);
        assert!(confirms(house, started.enrolment, right.clone()).await.is_ok());
        let again = confirms(house, started.enrolment, right).await;
        assert_eq!(again.unwrap_err(), ConfirmError::Over);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_wrong_totp_codes_are_all_counted_and_end_the_enrolment() {
    each_engine(async |house: &House| {
        let started = starts(house, &bootstrap(house).await, "first@new.example").await.unwrap();
        let right = shown(house, &started);
        let text: String = String::from(right.clone());
        let wrong = if text == "000000" { "000001" } else { "000000" };
        let guesses =
            (0..25).map(|_| confirms(house, started.enrolment, TotpCode::parse(wrong).unwrap()));
        let answers = join_all(guesses).await;
        let judged = answers.iter().filter(|a| matches!(a, Err(ConfirmError::Wrong))).count();
        assert_eq!(judged, usize::try_from(limits::WRONG_CODES_MAX).unwrap());
        let late = confirms(house, started.enrolment, right).await;
        assert_eq!(late.unwrap_err(), ConfirmError::Over);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enrolment_that_waits_too_long_is_over() {
    each_engine(async |house: &House| {
        let started = starts(house, &bootstrap(house).await, "first@new.example").await.unwrap();
        house.advance(limits::ENROLMENT_MS);
        let late = confirms(house, started.enrolment, shown(house, &started)).await;
        assert_eq!(late.unwrap_err(), ConfirmError::Over);
        let nowhere = house.store.mint().id();
        let unknown = confirms(house, nowhere, TotpCode::parse("000000").unwrap()).await;
        assert_eq!(unknown.unwrap_err(), ConfirmError::Over);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_has_one_account() {
    each_engine(async |house: &House| {
        let link = bootstrap(house).await;
        let taken = house.theirs.owner.email.as_str();
        let refused = starts(house, &link, &taken.to_uppercase()).await;
        assert_eq!(refused.unwrap_err(), StartEnrolmentError::Exists);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_attackers_try_first_is_refused_before_anything_is_counted() {
    each_engine(async |house: &House| {
        let link = bootstrap(house).await;
        for _ in 0..20 {
            let presented = StartEnrolment {
                password: Password::typed("password1234".to_owned()).unwrap(),
                ..presents(&link, "first@new.example")
            };
            let origin: Origin = house.origin();
            let refused = start(&house.identity, origin, presented).await.unwrap_err();
            assert_eq!(refused, StartEnrolmentError::Password(PasswordRefused::Common));
        }
        assert!(starts(house, &link, "first@new.example").await.is_ok());
    })
    .await;
}
