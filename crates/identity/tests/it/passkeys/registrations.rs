//! Registering a passkey: everything that registers none, once to one person, and twenty at most.

use domain::limits;
use futures_util::future::join_all;
use identity::passkeys::{NewCredential, PasskeyError, for_registration, register};
use serde_json::Value;

use super::{ORIGIN, challenge, named};
use crate::house::{Authenticator, House, each_engine};

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_is_refused_for_another_challenge_origin_or_without_its_person() {
    each_engine(async |house: &House| {
        let (ada, bob) = (&house.ours.owner, &house.theirs.owner);
        let tokens = ada.signs_in(house).await;
        let account = ada.account(&tokens);
        let bobs = bob.account(&bob.signs_in(house).await);
        let tries = async |account, id, new: Value| {
            let new = NewCredential::read(id, new).unwrap();
            register(&house.identity, account, new, named("phone")).await.map(drop)
        };
        let asked = for_registration(&house.identity, &account).await.unwrap().value;
        let of_bob = for_registration(&house.identity, &bobs).await.unwrap().value;
        let refused = Err(PasskeyError::Refused);
        for origin in ["https://casemate.example.evil.example", "https://casemate.example:444"] {
            let (_, new) = Authenticator::registers(&asked.options, origin);
            assert_eq!(tries(&account, asked.id, new).await, refused, "{origin}");
        }
        let unverified = Authenticator::registers_without_verifying(&asked.options, ORIGIN);
        assert_eq!(tries(&account, asked.id, unverified).await, refused);
        let (_, new) = Authenticator::registers(&asked.options, ORIGIN);
        assert_eq!(tries(&bobs, asked.id, new.clone()).await, refused, "another person's");
        assert_eq!(tries(&bobs, of_bob.id, new.clone()).await, refused, "another challenge's");
        let for_door = challenge(house, None).await;
        assert_eq!(tries(&account, for_door.id, new.clone()).await, refused, "another purpose's");
        assert_eq!(tries(&account, asked.id, new.clone()).await, Ok(()));
        assert_eq!(tries(&account, asked.id, new.clone()).await, refused, "a challenge's twice");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_is_registered_once_and_to_one_person() {
    each_engine(async |house: &House| {
        let (ada, bob) = (&house.ours.owner, &house.theirs.owner);
        let account = ada.account(&ada.signs_in(house).await);
        let bobs = bob.account(&bob.signs_in(house).await);
        let asked = for_registration(&house.identity, &account).await.unwrap().value;
        let (phone, new) = Authenticator::registers(&asked.options, ORIGIN);
        let made = NewCredential::read(asked.id, new).unwrap();
        register(&house.identity, &account, made, named("phone")).await.unwrap();
        // Whoever saw ada's registration sends it as their own, under their own challenge.
        let of_bob = for_registration(&house.identity, &bobs).await.unwrap().value;
        let stolen = phone.registers_again(&of_bob.options);
        let stolen = NewCredential::read(of_bob.id, stolen).unwrap();
        let refused = register(&house.identity, &bobs, stolen, named("mine")).await.unwrap_err();
        assert_eq!(refused, PasskeyError::Exists);
        let again = for_registration(&house.identity, &account).await.unwrap().value;
        assert_eq!(again.options["excludeCredentials"][0]["id"], phone.id());
        assert_eq!(again.options["authenticatorSelection"]["residentKey"], "preferred");
        assert_eq!(again.options["authenticatorSelection"]["userVerification"], "required");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_has_twenty_passkeys_at_most_however_they_ask() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let account = ada.account(&ada.signs_in(house).await);
        let mut waiting = Vec::new();
        for _ in 0..limits::PASSKEYS_PER_USER_MAX + 3 {
            let asked = for_registration(&house.identity, &account).await.unwrap().value;
            let (_, new) = Authenticator::registers(&asked.options, ORIGIN);
            waiting.push(NewCredential::read(asked.id, new).unwrap());
        }
        let tries = waiting.into_iter().map(|new| {
            let account = account.clone();
            async move { register(&house.identity, &account, new, named("one")).await }
        });
        let answers = join_all(tries).await;
        let made = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(made, limits::PASSKEYS_PER_USER_MAX);
        let most = limits::PASSKEYS_PER_USER_MAX;
        let refused = for_registration(&house.identity, &account).await.unwrap_err();
        assert_eq!(refused, PasskeyError::LimitReached { max: most });
    })
    .await;
}
