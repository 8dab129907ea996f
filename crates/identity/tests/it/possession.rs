//! Tokens bound to a key, in the hands of somebody who has not got it.

use domain::limits;
use identity::dpop::ProofRefused;
use identity::sessions::{
    Factor, Holder, RefreshError, SessionTokens, refresh, refresh_held, sign_in_by, step_up,
};
use identity::{AuthRefused, authenticate};
use serde_json::json;

use crate::house::{HolderKey, House, Person, each_engine, presents};

async fn signs_in_with(house: &House, who: &Person, key: &HolderKey) -> SessionTokens {
    house.advance(30_000);
    let presented = who.presents(Factor::totp(&who.code(house)).unwrap());
    let holder = Holder::of_key(&key.thumbprint());
    let done = sign_in_by(&house.identity, house.origin(), presented, holder, None).await;
    done.unwrap().value
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bound_token_opens_with_a_proof_by_its_key_and_never_alone() {
    each_engine(async |house: &House| {
        let key = HolderKey::new(1);
        let tokens = signs_in_with(house, &house.ours.owner, &key).await;
        let token = tokens.access_token.show();
        assert_eq!(key.calls(house, &tokens).await, Ok(()));
        let alone = authenticate(&house.identity, token, house.origin()).await;
        assert_eq!(alone.unwrap_err(), AuthRefused::ProofNeeded, "stolen and borne");
        assert_eq!(presents(house, token, None).await, Err(AuthRefused::ProofNeeded));
        let thief = HolderKey::new(2).calls(house, &tokens).await;
        assert_eq!(thief, Err(AuthRefused::Proof(ProofRefused::OtherKey)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unbound_token_does_not_pass_as_a_bound_one() {
    each_engine(async |house: &House| {
        let tokens = house.ours.owner.signs_in(house).await;
        let refused = HolderKey::new(1).calls(house, &tokens).await;
        assert_eq!(refused, Err(AuthRefused::Invalid));
        let token = tokens.access_token.show();
        assert!(authenticate(&house.identity, token, house.origin()).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_is_for_one_call_one_method_one_address_and_one_token() {
    each_engine(async |house: &House| {
        let key = HolderKey::new(1);
        let (ada, bob) = (&house.ours.owner, &house.theirs.owner);
        let tokens = signs_in_with(house, ada, &key).await;
        let others = signs_in_with(house, bob, &key).await;
        let (token, other) = (tokens.access_token.show(), others.access_token.show());
        let refused = |why| Err(AuthRefused::Proof(why));

        let once = key.says(&key.claims(house, token));
        assert_eq!(presents(house, token, Some(&once)).await, Ok(()));
        let replayed = presents(house, token, Some(&once)).await;
        assert_eq!(replayed, refused(ProofRefused::Replayed));

        let elsewhere = key.says(&key.claims(house, other));
        let swapped = presents(house, token, Some(&elsewhere)).await;
        assert_eq!(swapped, refused(ProofRefused::OtherToken));

        for (name, value, why) in [
            ("htm", json!("POST"), ProofRefused::OtherRequest),
            ("htu", json!("https://casemate.example/v1/keys"), ProofRefused::OtherRequest),
            ("htu", json!("https://evil.example/v1/whoami"), ProofRefused::OtherRequest),
            ("ath", json!(null), ProofRefused::OtherToken),
            ("iat", json!(house.now().0 / 1_000 - 61), ProofRefused::NotNow),
            ("iat", json!(house.now().0 / 1_000 + 6), ProofRefused::NotNow),
        ] {
            let mut claims = key.claims(house, token);
            claims[name] = value;
            let answer = presents(house, token, Some(&key.says(&claims))).await;
            assert_eq!(answer, refused(why), "{claims}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_forty_parallel_calls_with_one_proof_one_is_let_in() {
    each_engine(async |house: &House| {
        let key = HolderKey::new(1);
        let tokens = signs_in_with(house, &house.ours.owner, &key).await;
        let token = tokens.access_token.show();
        let proof = key.says(&key.claims(house, token));
        let calls = (0..40).map(|_| presents(house, token, Some(&proof)));
        let answers = futures_util::future::join_all(calls).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_refresh_token_without_the_key_gets_nothing_and_ends_nothing() {
    each_engine(async |house: &House| {
        let key = HolderKey::new(1);
        let tokens = signs_in_with(house, &house.ours.owner, &key).await;
        let token = tokens.refresh_token.show();
        let stolen = refresh(&house.identity, house.origin(), token).await;
        assert_eq!(stolen.unwrap_err(), RefreshError::ProofNeeded);
        let thief = Some(HolderKey::new(2).thumbprint());
        let stolen = refresh_held(&house.identity, house.origin(), token, thief).await;
        assert_eq!(stolen.unwrap_err(), RefreshError::ProofNeeded);
        house.advance(limits::REFRESH_GRACE_MS + 1);
        let own = Some(key.thumbprint());
        let next = refresh_held(&house.identity, house.origin(), token, own).await.unwrap().value;
        assert_eq!(key.calls(house, &next).await, Ok(()), "the next tokens are bound as well");
        let alone = authenticate(&house.identity, next.access_token.show(), house.origin()).await;
        assert_eq!(alone.unwrap_err(), AuthRefused::ProofNeeded);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_up_keeps_the_session_bound() {
    each_engine(async |house: &House| {
        let (ada, key) = (&house.ours.owner, HolderKey::new(1));
        let before = signs_in_with(house, ada, &key).await;
        house.advance(30_000);
        let factor = Factor::totp(&ada.code(house)).unwrap();
        let risen = step_up(&house.identity, &ada.account(&before), factor).await.unwrap().value;
        let alone = authenticate(&house.identity, risen.access_token.show(), house.origin()).await;
        assert_eq!(alone.unwrap_err(), AuthRefused::ProofNeeded);
        assert_eq!(key.calls(house, &risen).await, Ok(()));
    })
    .await;
}
