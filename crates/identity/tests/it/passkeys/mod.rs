//! Passkeys: alone, beside a password, and inside a session; and everything that is no proof.

mod guesses;
mod registrations;

use domain::{EmailAddress, Origin, PasskeyName, limits};
use futures_util::future::join_all;
use identity::passkeys::{
    IssuedChallenge, NewCredential, PasskeyAnswer, PasskeyError, PasskeySignIn, for_registration,
    for_sign_in, for_step_up, list, register, remove, rename, sign_in,
};
use identity::sessions::{
    self, AccountError, Factor, Holder, SessionTokens, SignInError, StepUpError, step_up,
};
use identity::staff;
use ledger::Verb;
use serde_json::{Value, json};
use store::{Committed, Page, Passkey};

use crate::house::{Authenticator, House, Person, each_engine, email, roots, vendor};

pub(crate) const ORIGIN: &str = "https://casemate.example";

fn named(text: &str) -> PasskeyName {
    PasskeyName::parse(text).unwrap()
}

fn answer(challenge: &IssuedChallenge, credential: Value) -> PasskeyAnswer {
    PasskeyAnswer::read(challenge.id, credential).unwrap()
}

/// A passkey of this person, registered in the session of these tokens.
pub(crate) async fn registered(
    house: &House,
    person: &Person,
    tokens: &SessionTokens,
) -> (Authenticator, Passkey) {
    let made = |options: &Value| Authenticator::registers(options, ORIGIN);
    tries(house, person, tokens, made).await.unwrap()
}

/// The same in hardware that its vendor signs for.
pub(crate) async fn registered_key(
    house: &House,
    person: &Person,
    tokens: &SessionTokens,
) -> (Authenticator, Passkey) {
    let made = |options: &Value| Authenticator::registers_by(vendor(), options, ORIGIN);
    tries(house, person, tokens, made).await.unwrap()
}

/// Registers what is made for the options that this person gets.
pub(crate) async fn tries(
    house: &House,
    person: &Person,
    tokens: &SessionTokens,
    made: impl Fn(&Value) -> (Authenticator, Value),
) -> Result<(Authenticator, Passkey), PasskeyError> {
    let account = person.account(tokens);
    let asked = for_registration(&house.identity, &account).await?.value;
    let (authenticator, new) = made(&asked.options);
    let new = NewCredential::read(asked.id, new).unwrap();
    let made = register(&house.identity, &account, new, named("phone")).await?;
    Ok((authenticator, made.value))
}

async fn challenge(house: &House, address: Option<EmailAddress>) -> IssuedChallenge {
    for_sign_in(&house.identity, house.origin(), address).await.unwrap().value
}

async fn presents(
    house: &House,
    asked: &IssuedChallenge,
    credential: Value,
) -> Result<Committed<SessionTokens>, SignInError> {
    presents_by(house, (asked, credential), house.origin(), Holder::api()).await
}

async fn presents_by(
    house: &House,
    (asked, credential): (&IssuedChallenge, Value),
    origin: Origin,
    holder: Holder,
) -> Result<Committed<SessionTokens>, SignInError> {
    let presented = PasskeySignIn { answer: answer(asked, credential), workspace: None, holder };
    sign_in(&house.identity, origin, presented).await
}

/// Signs in with the passkey alone.
pub(crate) async fn alone(house: &House, authenticator: &mut Authenticator) -> SessionTokens {
    let asked = challenge(house, None).await;
    let credential = authenticator.answers(&asked.options);
    presents(house, &asked, credential).await.unwrap().value
}

pub(crate) async fn amr(house: &House, person: &Person, tokens: &SessionTokens) -> Vec<String> {
    let account = person.account(tokens);
    let live = sessions::list(&house.identity, &account, Page::first(200)).await.unwrap();
    let own = live.items.into_iter().find(|one| one.session.id == tokens.session).unwrap();
    own.session.amr
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_passkey_signs_its_person_in_alone_with_and_without_their_address() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let tokens = ada.signs_in(house).await;
        let (mut phone, stored) = registered(house, ada, &tokens).await;
        assert_eq!((stored.transports, stored.backed_up), (vec!["internal".to_owned()], false));
        let by_itself = alone(house, &mut phone).await;
        assert_eq!(amr(house, ada, &by_itself).await, ["passkey", "mfa"]);
        let asked = challenge(house, Some(ada.email.clone())).await;
        assert_eq!(asked.options["allowCredentials"][0]["id"], phone.id());
        assert_eq!(asked.options["userVerification"], "required");
        let named = phone.answers(&asked.options);
        assert!(presents(house, &asked, named).await.is_ok());
        let listed = list(&house.identity, &ada.account(&tokens), Page::first(9)).await.unwrap();
        assert_eq!(listed.items[0].last_used_at, Some(house.now()));
        assert_eq!(listed.items[0].counter, 2);
        let added = house.platform_log(Verb::FactorAdded).await;
        assert_eq!(added.len(), 1, "{added:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_is_a_second_factor_beside_the_password() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let (mut phone, _) = registered(house, ada, &ada.signs_in(house).await).await;
        let asked = challenge(house, Some(ada.email.clone())).await;
        let credential = phone.answers(&asked.options);
        let factor = || Factor::Passkey(Box::new(answer(&asked, credential.clone())));
        let signs_in = async |factor| {
            sessions::sign_in(&house.identity, house.origin(), ada.presents(factor)).await
        };
        let tokens = signs_in(factor()).await.unwrap().value;
        assert_eq!(amr(house, ada, &tokens).await, ["pwd", "passkey", "mfa"]);
        assert_eq!(signs_in(factor()).await.unwrap_err(), SignInError::Wrong, "replayed");
        let bob = &house.ours.admin;
        let asked = challenge(house, None).await;
        let adas = Factor::Passkey(Box::new(answer(&asked, phone.answers(&asked.options))));
        let presented = bob.presents(adas);
        let refused = sessions::sign_in(&house.identity, house.origin(), presented).await;
        assert_eq!(refused.unwrap_err(), SignInError::Wrong, "the credential of another user");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_makes_the_factor_fresh_and_old_tokens_fall() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let tokens = ada.signs_in(house).await;
        let (mut phone, _) = registered(house, ada, &tokens).await;
        let account = ada.account(&tokens);
        house.advance(limits::FACTOR_FRESH_MS + 1);
        let stale = for_registration(&house.identity, &account).await.unwrap_err();
        assert_eq!(stale, PasskeyError::FactorNotFresh);
        let asked = for_step_up(&house.identity, &account).await.unwrap().value;
        let credential = phone.answers(&asked.options);
        let factor = Factor::Passkey(Box::new(answer(&asked, credential.clone())));
        let risen = step_up(&house.identity, &account, factor).await.unwrap();
        assert_eq!(risen.value.session, tokens.session);
        house.refused_after(&tokens).await;
        assert!(for_registration(&house.identity, &account).await.is_ok());
        let again = Factor::Passkey(Box::new(answer(&asked, credential)));
        let again = step_up(&house.identity, &account, again).await;
        assert_eq!(again.unwrap_err(), StepUpError::Wrong, "a challenge is used once");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_of_another_purpose_session_or_person_proves_nothing() {
    each_engine(async |house: &House| {
        let (ada, bob) = (&house.ours.owner, &house.theirs.owner);
        let tokens = ada.signs_in(house).await;
        let (mut phone, _) = registered(house, ada, &tokens).await;
        let account = ada.account(&tokens);
        let steps_up = async |asked: &IssuedChallenge, credential: Value, account| {
            let factor = Factor::Passkey(Box::new(answer(asked, credential)));
            step_up(&house.identity, account, factor).await.map(drop).unwrap_err()
        };
        // Made to sign in, presented in a session; and the other way round.
        let for_door = challenge(house, None).await;
        let credential = phone.answers(&for_door.options);
        assert_eq!(steps_up(&for_door, credential, &account).await, StepUpError::Wrong);
        let for_session = for_step_up(&house.identity, &account).await.unwrap().value;
        let credential = phone.answers(&for_session.options);
        assert_eq!(presents(house, &for_session, credential).await.err(), Some(SignInError::Wrong));
        // Made for this session, presented in another one of the same person.
        let other = ada.account(&ada.signs_in(house).await);
        let credential = phone.answers(&for_session.options);
        assert_eq!(steps_up(&for_session, credential, &other).await, StepUpError::Wrong);
        // Made to register.
        let to_register = for_registration(&house.identity, &account).await.unwrap().value;
        let credential = phone.answers(&to_register.options);
        assert_eq!(presents(house, &to_register, credential).await.err(), Some(SignInError::Wrong));
        // Made for somebody else's address.
        let (_laptop, _) = registered(house, bob, &bob.signs_in(house).await).await;
        let for_bob = challenge(house, Some(bob.email.clone())).await;
        let credential = phone.answers(&for_bob.options);
        assert_eq!(presents(house, &for_bob, credential).await.err(), Some(SignInError::Wrong));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_for_another_origin_relying_party_or_without_its_person_is_refused() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let (mut phone, _) = registered(house, ada, &ada.signs_in(house).await).await;
        let tries = async |phone: &mut Authenticator| {
            house.advance(60_000);
            let asked = challenge(house, None).await;
            let credential = phone.answers(&asked.options);
            presents(house, &asked, credential).await.map(drop)
        };
        for origin in [
            "https://casemate.example.evil.example",
            "https://evil.casemate.example",
            "https://evilcasemate.example",
            "https://casemate.example:8443",
            "http://casemate.example",
            "https://evil.example",
        ] {
            phone.origin = origin.to_owned();
            assert_eq!(tries(&mut phone).await, Err(SignInError::Wrong), "{origin}");
        }
        phone.origin = ORIGIN.to_owned();
        for rp in ["evil.example", "example", "casemate.example.evil.example"] {
            phone.rp_id = rp.to_owned();
            assert_eq!(tries(&mut phone).await, Err(SignInError::Wrong), "{rp}");
        }
        phone.rp_id = "casemate.example".to_owned();
        phone.verifies = false;
        assert_eq!(tries(&mut phone).await, Err(SignInError::Wrong), "nobody was verified");
        phone.verifies = true;
        house.advance(identity::throttle::PAIR_DELAY_MS_MAX);
        assert_eq!(tries(&mut phone).await, Ok(()), "nothing else was wrong");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tampered_answer_is_refused() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let (mut phone, _) = registered(house, ada, &ada.signs_in(house).await).await;
        let asked = challenge(house, None).await;
        let other = challenge(house, None).await;
        let good = phone.answers(&asked.options);
        let flipped = |field: &str| {
            let mut bad = good.clone();
            let text = bad["response"][field].as_str().unwrap().to_owned();
            let mut bytes = data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            bad["response"][field] = json!(data_encoding::BASE64URL_NOPAD.encode(&bytes));
            bad
        };
        for field in ["signature", "authenticatorData", "userHandle"] {
            let refused = presents(house, &asked, flipped(field)).await;
            assert_eq!(refused.err(), Some(SignInError::Wrong), "{field}");
        }
        let mut handleless = good.clone();
        handleless["response"].as_object_mut().unwrap().remove("userHandle");
        assert_eq!(presents(house, &asked, handleless).await.err(), Some(SignInError::Wrong));
        house.advance(2_000);
        let moved = presents(house, &other, good.clone()).await;
        assert_eq!(moved.err(), Some(SignInError::Wrong), "the answer to another challenge");
        house.advance(2_000);
        assert!(presents(house, &asked, good.clone()).await.is_ok(), "the answer itself");
        assert_eq!(presents(house, &asked, good).await.err(), Some(SignInError::Wrong), "replayed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counter_that_went_back_opens_nothing_and_its_person_is_told() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let (mut phone, _) = registered(house, ada, &ada.signs_in(house).await).await;
        phone.counter = 40;
        alone(house, &mut phone).await;
        for counter in [41, 7, 0] {
            let asked = challenge(house, None).await;
            phone.counter = counter;
            let credential = phone.answers_at(&asked.options);
            assert_eq!(presents(house, &asked, credential).await.err(), Some(SignInError::Wrong));
        }
        let told = house.platform_log(Verb::SessionUnusual).await;
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[0].to_string().contains("passkey_copied"), "{}", told[0]);
        phone.counter = 41;
        alone(house, &mut phone).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authenticator_that_does_not_count_works_once_for_each_challenge() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let (phone, _) = registered(house, ada, &ada.signs_in(house).await).await;
        for _ in 0..3 {
            let asked = challenge(house, None).await;
            let credential = phone.answers_at(&asked.options);
            assert!(presents(house, &asked, credential.clone()).await.is_ok());
            let replayed = presents(house, &asked, credential).await;
            assert_eq!(replayed.err(), Some(SignInError::Wrong), "the challenge is used up");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_challenge_and_a_removed_passkey_open_nothing() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let tokens = ada.signs_in(house).await;
        let (mut phone, stored) = registered(house, ada, &tokens).await;
        let asked = challenge(house, None).await;
        house.advance(limits::PASSKEY_CHALLENGE_MS);
        let credential = phone.answers(&asked.options);
        assert_eq!(presents(house, &asked, credential).await.err(), Some(SignInError::Wrong));
        let fresh = ada.account(&alone(house, &mut phone).await);
        let asked = challenge(house, Some(ada.email.clone())).await;
        remove(&house.identity, &fresh, stored.id).await.unwrap();
        let credential = phone.answers(&asked.options);
        assert_eq!(presents(house, &asked, credential).await.err(), Some(SignInError::Wrong));
        assert_eq!(house.platform_log(Verb::FactorRemoved).await.len(), 1);
        let gone = remove(&house.identity, &fresh, stored.id).await.unwrap_err();
        assert_eq!(gone, PasskeyError::NotVisible);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_forty_parallel_answers_to_one_challenge_one_becomes_a_session() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let before = ada.signs_in(house).await;
        let (mut phone, _) = registered(house, ada, &before).await;
        let asked = challenge(house, None).await;
        let credential = phone.answers(&asked.options);
        let tries = (0..40u8).map(|n| {
            let answer = answer(&asked, credential.clone());
            let presented = PasskeySignIn { answer, workspace: None, holder: Holder::api() };
            sign_in(&house.identity, house.origin_from(n), presented)
        });
        let answers = join_all(tries).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        let account = ada.account(&before);
        let live = sessions::list(&house.identity, &account, Page::first(200)).await.unwrap();
        assert_eq!(live.items.len(), 2, "the one of before, and one more");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_learns_from_a_challenge_who_has_an_account() {
    each_engine(async |house: &House| {
        let (ada, bob) = (&house.ours.owner, &house.ours.admin);
        registered(house, ada, &ada.signs_in(house).await).await;
        let shape = |options: &Value| {
            let mut options = options.clone();
            options["challenge"] = json!("");
            for one in options["allowCredentials"].as_array_mut().unwrap() {
                one["id"] = json!("");
            }
            options["allowCredentials"].as_array_mut().unwrap().truncate(1);
            options
        };
        let real = challenge(house, Some(ada.email.clone())).await;
        // Somebody without a passkey, and an address that nobody has.
        for address in [bob.email.clone(), email("nobody@nowhere.example")] {
            let first = challenge(house, Some(address.clone())).await;
            let second = challenge(house, Some(address)).await;
            assert_eq!(shape(&first.options), shape(&real.options));
            let (ids, again) =
                (&first.options["allowCredentials"], &second.options["allowCredentials"]);
            assert_eq!(ids, again, "asking twice tells nothing");
            assert_ne!(first.options["challenge"], second.options["challenge"]);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_neighbour_sees_no_passkey_of_somebody_else() {
    each_engine(async |house: &House| {
        let (ada, bob) = (&house.ours.owner, &house.theirs.owner);
        let tokens = ada.signs_in(house).await;
        let (_, stored) = registered(house, ada, &tokens).await;
        let bobs = bob.account(&bob.signs_in(house).await);
        let identity = &house.identity;
        assert!(list(identity, &bobs, Page::first(9)).await.unwrap().items.is_empty());
        let renamed = rename(identity, &bobs, stored.id, named("mine")).await.unwrap_err();
        assert_eq!(renamed, PasskeyError::NotVisible);
        let removed = remove(identity, &bobs, stored.id).await.unwrap_err();
        assert_eq!(removed, PasskeyError::NotVisible);
        let none = for_step_up(identity, &bobs).await.unwrap_err();
        assert_eq!(none, PasskeyError::NotVisible);
        let account = ada.account(&tokens);
        rename(identity, &account, stored.id, named("old phone")).await.unwrap();
        let listed = list(identity, &account, Page::first(9)).await.unwrap().items;
        assert_eq!(listed[0].name, named("old phone"));
        sessions::sign_out(identity, &account).await.unwrap();
        let ended = list(identity, &account, Page::first(9)).await.unwrap_err();
        assert_eq!(ended, AccountError::Ended);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_keeps_its_last_passkey() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let tokens = ada.signs_in(house).await;
        let account = ada.account(&tokens);
        let (_, first) = registered(house, ada, &tokens).await;
        let (_, second) = registered(house, ada, &tokens).await;
        staff::add(&house.store, roots(), ada.email.clone()).await.unwrap();
        let both = [first.id, second.id].map(|id| remove(&house.identity, &account, id));
        let answers = join_all(both).await;
        let refused: Vec<_> = answers.into_iter().filter_map(Result::err).collect();
        assert_eq!(refused, [PasskeyError::LastOfStaff], "one of two parallel removals");
        staff::remove(&house.store, ada.email.clone()).await.unwrap();
        let left = list(&house.identity, &account, Page::first(9)).await.unwrap().items;
        remove(&house.identity, &account, left[0].id).await.unwrap();
    })
    .await;
}
