//! Guessing at passkeys, and the devices that guesses of strangers do not slow down.

use futures_util::future::join_all;
use identity::guard::DeviceToken;
use identity::sessions::{Holder, SignInError};
use serde_json::json;

use super::{alone, challenge, presents, presents_by, registered};
use crate::house::{House, each_engine};

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_counted_before_they_are_checked() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let (mut phone, _) = registered(house, ada, &ada.signs_in(house).await).await;
        let asked = challenge(house, None).await;
        let good = phone.answers(&asked.options);
        let mut bad = good.clone();
        bad["response"]["signature"] = json!("AAAA");
        let answers = join_all((0..40).map(|_| presents(house, &asked, bad.clone()))).await;
        let looked_at = answers.iter().filter(|one| matches!(one, Err(SignInError::Wrong))).count();
        assert_eq!(looked_at, 5, "the free guesses, and not one more");
        let right = presents(house, &asked, good).await;
        assert!(matches!(right, Err(SignInError::Throttled(_))), "the right answer waits too");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_device_is_not_slowed_by_wrong_answers_of_strangers_and_counts_its_own() {
    each_engine(async |house: &House| {
        let (ada, bob) = (&house.ours.owner, &house.ours.admin);
        let (mut phone, _) = registered(house, ada, &ada.signs_in(house).await).await;
        let known = alone(house, &mut phone).await.device_token.unwrap();
        let bobs = bob.signs_in(house).await.device_token.unwrap();
        let asked = challenge(house, None).await;
        let good = phone.answers(&asked.options);
        let mut bad = good.clone();
        bad["response"]["signature"] = json!("AAAA");
        join_all((0..40).map(|_| presents(house, &asked, bad.clone()))).await;
        let on = |token: &str| Holder::api().on_device(Some(DeviceToken::presented(token)));
        let tries = async |credential, token: &str| {
            presents_by(house, (&asked, credential), house.origin(), on(token)).await
        };
        let strange = tries(good.clone(), bobs.show()).await;
        assert!(matches!(strange, Err(SignInError::Throttled(_))), "a device of somebody else");
        for _ in 0..5 {
            assert_eq!(tries(bad.clone(), known.show()).await.unwrap_err(), SignInError::Wrong);
        }
        let sixth = tries(good.clone(), known.show()).await;
        assert!(matches!(sixth, Err(SignInError::Throttled(_))), "its own guesses are counted");
        house.advance(2_000);
        let right = tries(good, known.show()).await.unwrap().value;
        assert_eq!(right.device_token.unwrap().show(), known.show());
    })
    .await;
}
