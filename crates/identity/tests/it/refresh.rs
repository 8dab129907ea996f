//! Refreshing: one generation for any number of askers, nobody logged out, a stolen token found
//! out.

use domain::{SessionId, limits};
use futures_util::future::join_all;
use identity::sessions::{RefreshError, SessionTokens, refresh, sign_out};
use identity::{AuthRefused, authenticate};
use ledger::Verb;
use store::Committed;

use crate::house::{House, each_engine};

async fn refreshed(
    house: &House,
    tokens: &SessionTokens,
) -> Result<Committed<SessionTokens>, RefreshError> {
    refresh(&house.identity, house.origin(), tokens.refresh_token.show()).await
}

async fn generation(house: &House, session: SessionId) -> u64 {
    let found = house.store.platform_read(move |tx| tx.sessions().find(session)).await.unwrap();
    found.unwrap().generation
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_parallel_refreshes_make_one_generation_and_no_logout() {
    each_engine(async |house: &House| {
        let tokens = house.ours.owner.signs_in(house).await;
        let answers = join_all((0..1_000).map(|_| refreshed(house, &tokens))).await;
        let mut successors: Vec<String> = answers
            .into_iter()
            .map(|answer| answer.unwrap().value.refresh_token.show().to_owned())
            .collect();
        successors.sort();
        successors.dedup();
        assert_eq!(successors.len(), 1, "nothing forked");
        assert_eq!(generation(house, tokens.session).await, 2);
        assert!(house.platform_log(Verb::SessionReuseDetected).await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_response_gets_the_same_successor() {
    each_engine(async |house: &House| {
        let first = house.ours.owner.signs_in(house).await;
        let lost = refreshed(house, &first).await.unwrap().value;
        house.advance(limits::REFRESH_GRACE_MS);
        let repeated = refreshed(house, &first).await.unwrap().value;
        assert_eq!(lost.refresh_token.show(), repeated.refresh_token.show());
        assert!(refreshed(house, &repeated).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replayed_refresh_token_ends_the_family() {
    each_engine(async |house: &House| {
        let stolen = house.ours.owner.signs_in(house).await;
        let current = refreshed(house, &stolen).await.unwrap().value;
        house.advance(limits::REFRESH_GRACE_MS + 1);
        assert_eq!(refreshed(house, &stolen).await.unwrap_err(), RefreshError::Replayed);
        assert_eq!(refreshed(house, &current).await.unwrap_err(), RefreshError::Ended);
        assert_eq!(refreshed(house, &stolen).await.unwrap_err(), RefreshError::Ended);
        let alerts = house.platform_log(Verb::SessionReuseDetected).await;
        assert_eq!(alerts.len(), 1);
        assert_eq!(alerts[0]["new"]["presented"], 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generation_before_the_previous_one_has_no_grace() {
    each_engine(async |house: &House| {
        let first = house.ours.owner.signs_in(house).await;
        let second = refreshed(house, &first).await.unwrap().value;
        refreshed(house, &second).await.unwrap();
        assert_eq!(refreshed(house, &first).await.unwrap_err(), RefreshError::Replayed);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_ends_one_session_and_not_its_siblings() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let (stolen, sibling) = (ada.signs_in(house).await, ada.signs_in(house).await);
        refreshed(house, &stolen).await.unwrap();
        house.advance(limits::REFRESH_GRACE_MS + 1);
        assert_eq!(refreshed(house, &stolen).await.unwrap_err(), RefreshError::Replayed);
        assert!(refreshed(house, &sibling).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_the_broker_did_not_make_is_refused_and_ends_nothing() {
    each_engine(async |house: &House| {
        let (ada, bob) = (&house.ours.owner, &house.theirs.owner);
        let (hers, his) = (ada.signs_in(house).await, bob.signs_in(house).await);
        let (text, other) = (hers.refresh_token.show(), his.refresh_token.show());
        // Session and generation of one token with the code of another, and single bits of the
        // right one.
        let mixed = format!("{}{}", &text[..35], &other[35..]);
        let forged = [mixed, text.replace("cr_", "cx_"), text[..77].to_owned(), format!("{text}A")];
        let flipped = (3..78).step_by(5).map(|place| {
            let mut bytes = text.as_bytes().to_vec();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            String::from_utf8(bytes).unwrap()
        });
        for wrong in forged.into_iter().chain(flipped) {
            let answer = refresh(&house.identity, house.origin(), &wrong).await;
            assert_eq!(answer.unwrap_err(), RefreshError::Invalid, "{wrong}");
        }
        assert!(refreshed(house, &hers).await.is_ok() && refreshed(house, &his).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_when_idle_and_at_its_absolute_end() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let idle = ada.signs_in(house).await;
        house.advance(limits::SESSION_IDLE_MS_MAX);
        assert_eq!(refreshed(house, &idle).await.unwrap_err(), RefreshError::Ended);

        let mut used = ada.signs_in(house).await;
        let began = house.now();
        loop {
            house.advance(limits::SESSION_IDLE_MS_MAX - 1);
            if house.now().since_ms(began) >= limits::SESSION_LIFE_MS_MAX {
                break;
            }
            used = refreshed(house, &used).await.unwrap().value;
        }
        assert_eq!(refreshed(house, &used).await.unwrap_err(), RefreshError::Ended);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_out_session_is_not_refreshed() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let tokens = ada.signs_in(house).await;
        sign_out(&house.identity, &ada.account(&tokens)).await.unwrap();
        assert_eq!(refreshed(house, &tokens).await.unwrap_err(), RefreshError::Ended);
        assert_eq!(house.platform_log(Verb::SessionEnded).await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_access_token_of_before_expires_by_itself_and_the_new_one_works() {
    each_engine(async |house: &House| {
        let first = house.ours.owner.signs_in(house).await;
        house.advance(limits::ACCESS_TOKEN_MS + limits::CLOCK_SKEW_MS_MAX);
        let second = refreshed(house, &first).await.unwrap().value;
        let shown = |tokens: &SessionTokens| tokens.access_token.show().to_owned();
        let asks = async |token: String| {
            authenticate(&house.identity, &token, house.origin()).await.map(drop)
        };
        assert_eq!(asks(shown(&first)).await, Err(AuthRefused::Expired));
        assert_eq!(asks(shown(&second)).await, Ok(()));
    })
    .await;
}
