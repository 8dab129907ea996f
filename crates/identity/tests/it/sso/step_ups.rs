//! A provider's factors, given again.

use domain::limits;
use domain::sign_in::EntryDenied;
use identity::sessions::SessionTokens;
use identity::sso::{self, SsoError};
use ledger::Verb;
use serde_json::{Value, json};

use super::{Desk, GOOGLE, Way, counting, known};
use crate::house::{House, Person, each_engine};
use crate::risk::is_fresh;

/// A session of ours that stands on a provider's word: no factor of the person's own.
async fn comes(house: &House, desk: &Desk, who: &Person) -> SessionTokens {
    desk.sets(house, &house.ours, counting(&[GOOGLE])).await;
    known(house, who, GOOGLE, None, &desk.twin.url, "bob").await;
    let way = desk.begins(house, GOOGLE, Some(house.ours.id)).await;
    let mut claims = desk.claims(&way, "bob");
    claims["amr"] = json!(["mfa"]);
    desk.returns(house, &way, &claims).await.unwrap();
    desk.redeems(house, &way, None).await.unwrap().value
}

/// The way of a step-up, walked by whom these claims describe after the change.
async fn again(
    house: &House,
    desk: &Desk,
    (who, tokens): (&Person, &SessionTokens),
    change: impl Fn(&mut Value),
) -> Result<SessionTokens, SsoError> {
    let account = who.account(tokens);
    let way = Way::of(sso::begin_step_up(&desk.identity, &account).await?);
    assert_eq!((way.query["prompt"].as_str(), way.query["max_age"].as_str()), ("login", "0"));
    let mut claims = desk.claims(&way, "bob");
    claims["amr"] = json!(["mfa"]);
    claims["auth_time"] = json!(house.now().0 / 1_000);
    change(&mut claims);
    let id = desk.returns(house, &way, &claims).await?;
    let risen = sso::step_up(&desk.identity, &account, id, way.cookie()).await;
    let replayed = sso::step_up(&desk.identity, &account, id, way.cookie()).await;
    assert!(risen.is_err() || replayed.is_err(), "a way is used once");
    risen.map(|done| done.value)
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_no_factor_here_gives_the_providers_again_and_is_fresh() {
    each_engine(async |house: &House| {
        let (desk, bob) = (Desk::open(house).await, &house.ours.operator);
        let tokens = comes(house, &desk, bob).await;
        let first = again(house, &desk, (bob, &tokens), |_| ()).await.unwrap();
        house.refused_after(&tokens).await;
        house.advance(limits::FACTOR_FRESH_MS + 10_000);
        let risen = again(house, &desk, (bob, &first), |_| ()).await.unwrap();
        assert_eq!(risen.session, tokens.session);
        assert!(is_fresh(house, &desk.identity, &risen).await);
        let entries = house.platform_log(Verb::SessionSteppedUp).await;
        assert_eq!(entries[0]["new"]["method"], "sso");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_did_not_ask_again_or_does_not_say_so_makes_nothing_fresh() {
    each_engine(async |house: &House| {
        let (desk, bob) = (Desk::open(house).await, &house.ours.operator);
        let tokens = comes(house, &desk, bob).await;
        let now_s = house.now().0 / 1_000;
        let refused = async |change: &dyn Fn(&mut Value)| {
            again(house, &desk, (bob, &tokens), change).await.map(drop).unwrap_err()
        };
        let silent = refused(&|claims| claims["auth_time"] = Value::Null).await;
        assert_eq!(silent, SsoError::FactorNotFresh);
        let before = refused(&|claims| claims["auth_time"] = json!(now_s - 20)).await;
        assert_eq!(before, SsoError::FactorNotFresh, "still signed in there from before");
        let weaker = refused(&|claims| claims["amr"] = json!(["pwd"])).await;
        assert_eq!(weaker, SsoError::Entry(EntryDenied::FactorNotCounted));
        let other = refused(&|claims| claims["sub"] = json!("mallory")).await;
        assert_eq!(other, SsoError::IdentityOther);
        known(house, &house.theirs.owner, GOOGLE, None, &desk.twin.url, "mallory").await;
        let other = refused(&|claims| claims["sub"] = json!("mallory")).await;
        assert_eq!(other, SsoError::IdentityOther, "somebody else who is known here");
        assert_eq!(house.platform_log(Verb::SessionSteppedUp).await.len(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_up_is_of_the_session_that_began_it_and_of_no_sign_in() {
    each_engine(async |house: &House| {
        let (desk, bob) = (Desk::open(house).await, &house.ours.operator);
        let tokens = comes(house, &desk, bob).await;
        let account = bob.account(&tokens);
        let way = Way::of(sso::begin_step_up(&desk.identity, &account).await.unwrap());
        let mut claims = desk.claims(&way, "bob");
        claims["auth_time"] = json!(house.now().0 / 1_000);
        claims["amr"] = json!(["mfa"]);
        let id = desk.returns(house, &way, &claims).await.unwrap();
        let signs_in = desk.redeems(house, &way, None).await;
        assert_eq!(signs_in.unwrap_err(), SsoError::TransactionInvalid, "it begins no session");
        let links = sso::confirm_link(&desk.identity, &account, id, way.cookie()).await;
        assert_eq!(links.unwrap_err(), SsoError::TransactionInvalid, "it links nothing");
        let own = bob.account(&bob.signs_in(house).await);
        let elsewhere = sso::step_up(&desk.identity, &own, id, way.cookie()).await;
        assert_eq!(elsewhere.unwrap_err(), SsoError::TransactionInvalid);
        let none = sso::begin_step_up(&desk.identity, &own).await.unwrap_err();
        assert_eq!(none, SsoError::FactorNeeded, "a session of one's own factors gives those");
        // Nor does a sign-in that somebody was made to walk.
        let way = desk.begins(house, GOOGLE, Some(house.ours.id)).await;
        let id = desk.returns(house, &way, &desk.claims(&way, "bob")).await.unwrap();
        let forced = sso::step_up(&desk.identity, &account, id, way.cookie()).await;
        assert_eq!(forced.unwrap_err(), SsoError::TransactionInvalid);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_provider_says_now_is_what_the_next_door_judges() {
    each_engine(async |house: &House| {
        let (desk, bob) = (Desk::open(house).await, &house.ours.operator);
        let (ours, theirs) = (&house.ours, &house.theirs);
        theirs.join(&house.store, bob, domain::authz::Role::Viewer, &[]).await;
        let strict = |word: &str| {
            let mut policy = counting(&[GOOGLE]);
            policy.factor_amr = [word.to_owned()].into();
            policy
        };
        desk.sets(house, theirs, strict("hwk")).await;
        let tokens = comes(house, &desk, bob).await;
        let both = |claims: &mut Value| claims["amr"] = json!(["mfa", "hwk"]);
        let risen = again(house, &desk, (bob, &tokens), both).await.unwrap();
        let enters = async |tokens: &SessionTokens, team: &crate::house::Team| {
            let account = bob.account(tokens);
            identity::sessions::enter_workspace(&desk.identity, &account, team.id).await
        };
        let over = enters(&risen, theirs).await.unwrap().value;
        let back = enters(&over, ours).await.unwrap().value;
        again(house, &desk, (bob, &back), |_| ()).await.unwrap();
        assert!(enters(&back, theirs).await.is_err(), "the weaker word is the newest");
    })
    .await;
}
