//! Ending sessions: at once in the row, within a poll for access tokens, and nobody else's.

use std::time::Duration;

use domain::limits;
use identity::sessions::{
    AccountError, SessionTokens, enter_workspace, list, revoke, revoke_others, sign_out,
};
use identity::{AuthRefused, Principal, authenticate};
use store::Page;

use crate::house::{House, each_engine};

async fn asks(house: &House, tokens: &SessionTokens) -> Result<Principal, AuthRefused> {
    authenticate(&house.identity, tokens.access_token.show(), house.origin()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn revocation_reaches_verification_below_one_second() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let (ended, kept) = (ada.signs_in(house).await, ada.signs_in(house).await);
        assert!(asks(house, &ended).await.is_ok(), "remembered as verified from here on");
        revoke(&house.identity, &ada.account(&kept), ended.session).await.unwrap();
        let took = house.refused_after(&ended).await;
        assert!(took < Duration::from_secs(1), "{took:?}");
        assert_eq!(asks(house, &ended).await.unwrap_err(), AuthRefused::Revoked);
        assert!(asks(house, &kept).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_reaches_another_replica_too() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let tokens = ada.signs_in(house).await;
        let replica = house.replica().await;
        let token = tokens.access_token.show();
        assert!(authenticate(&replica, token, house.origin()).await.is_ok());
        sign_out(&house.identity, &ada.account(&tokens)).await.unwrap();
        let refused = async {
            while authenticate(&replica, token, house.origin()).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let within = tokio::time::timeout(Duration::from_secs(1), refused);
        tokio::select! {
            () = replica.watch_revocations() => unreachable!("the watch does not end"),
            answer = within => answer.unwrap(),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_is_too_old_refuses_everybody() {
    each_engine(async |house: &House| {
        let tokens = house.ours.owner.signs_in(house).await;
        let replica = house.replica().await;
        let asks = async || {
            authenticate(&replica, tokens.access_token.show(), house.origin()).await.map(drop)
        };
        assert_eq!(asks().await, Ok(()));
        tokio::time::sleep(Duration::from_millis(limits::REVOCATION_VIEW_AGE_MS_MAX + 50)).await;
        assert_eq!(asks().await, Err(AuthRefused::Blind));
        let seen_again = async {
            while asks().await.is_err() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let within = tokio::time::timeout(Duration::from_secs(10), seen_again);
        tokio::select! {
            () = replica.watch_revocations() => unreachable!("the watch does not end"),
            seen = within => seen.expect("a fresh view answers again"),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_ends_or_sees_somebody_elses_session() {
    each_engine(async |house: &House| {
        let (ada, bob) = (&house.ours.owner, &house.theirs.owner);
        let (hers, his) = (ada.signs_in(house).await, bob.signs_in(house).await);
        let refused = revoke(&house.identity, &ada.account(&hers), his.session).await;
        assert_eq!(refused.unwrap_err(), AccountError::NotVisible);
        let seen = list(&house.identity, &ada.account(&hers), Page::first(200)).await.unwrap();
        assert!(seen.items.iter().all(|seen| seen.session.user == ada.user));
        assert!(list(&house.identity, &bob.account(&his), Page::first(200)).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ending_the_others_keeps_this_one() {
    each_engine(async |house: &House| {
        let (ada, bob) = (&house.ours.owner, &house.theirs.owner);
        let bystander = bob.signs_in(house).await;
        let (one, two) = (ada.signs_in(house).await, ada.signs_in(house).await);
        let this = ada.account(&ada.signs_in(house).await);
        let ended = revoke_others(&house.identity, &this).await.unwrap();
        let mut expected = vec![one.session, two.session];
        expected.sort();
        let mut sessions = ended.value;
        sessions.sort();
        assert_eq!((sessions, ended.entries.len()), (expected, 1));
        assert!(house.refused_after(&one).await < Duration::from_secs(1));
        assert!(asks(house, &bystander).await.is_ok());
        assert!(revoke_others(&house.identity, &this).await.unwrap().value.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_session_does_nothing_even_before_the_view_knows() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let (tokens, other) = (ada.signs_in(house).await, ada.signs_in(house).await);
        let account = ada.account(&tokens);
        sign_out(&house.identity, &account).await.unwrap();
        let identity = &house.identity;
        assert_eq!(
            revoke(identity, &account, other.session).await.unwrap_err(),
            AccountError::Ended
        );
        assert_eq!(revoke_others(identity, &account).await.unwrap_err(), AccountError::Ended);
        assert!(list(identity, &account, Page::first(10)).await.is_err());
        assert!(enter_workspace(identity, &account, house.ours.id).await.is_err());
    })
    .await;
}
