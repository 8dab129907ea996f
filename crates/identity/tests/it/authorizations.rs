//! The command line let in through a browser on its machine, and whoever gets hold of its code.

use domain::{ClientLabel, limits};
use identity::authorizations::{
    Asked, AuthorizeError, Challenge, Loopback, RedeemError, Redeems, Verifier, authorize, redeem,
};
use identity::codes::{HandedCode, HandedKind};
use identity::guard::DeviceToken;
use identity::sessions::{self, SessionTokens};
use identity::{Identity, authenticate};
use ledger::Verb;
use store::{ClientKind, Page};

use crate::house::{HolderKey, House, Person, each_engine};

/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const STATE: &str = "a-state-nobody-guesses";

fn asked(key: &HolderKey) -> Asked {
    Asked {
        label: ClientLabel::parse("laptop, casemate 0.1.0").unwrap(),
        challenge: Challenge::parse(CHALLENGE).unwrap(),
        holder: key.thumbprint(),
        listener: Loopback::new(40_123, STATE).unwrap(),
    }
}

/// The code that a browser signed in with these tokens hands over.
async fn code(house: &House, who: &Person, tokens: &SessionTokens, key: &HolderKey) -> String {
    code_of_browser(&house.identity, who, tokens, key).await
}

async fn code_of_browser(
    identity: &Identity,
    who: &Person,
    tokens: &SessionTokens,
    key: &HolderKey,
) -> String {
    let made = authorize(identity, &who.account(tokens), asked(key)).await.unwrap().value;
    let redirect = made.redirect.show().to_owned();
    let query = redirect.strip_prefix("http://127.0.0.1:40123/callback?").unwrap();
    let code = query.split('&').find_map(|pair| pair.strip_prefix("code=")).unwrap();
    assert!(query.ends_with(&format!("state={STATE}")));
    code.to_owned()
}

async fn redeems(
    house: &House,
    code: &str,
    verifier: &str,
    key: &HolderKey,
) -> Result<SessionTokens, RedeemError> {
    redeems_on(None, house, code, verifier, key).await
}

async fn redeems_on(
    device: Option<&str>,
    house: &House,
    code: &str,
    verifier: &str,
    key: &HolderKey,
) -> Result<SessionTokens, RedeemError> {
    let presented = Redeems {
        code: HandedCode::parse(HandedKind::Authorization, code).unwrap(),
        verifier: Verifier::parse(verifier).unwrap(),
        holder: key.thumbprint(),
        device: device.map(DeviceToken::presented),
    };
    redeem(&house.identity, house.origin_from(9), presented).await.map(|done| done.value)
}

/// The session of a command line that this session lets in.
pub(crate) async fn lets_in(
    identity: &Identity,
    house: &House,
    who: &Person,
    tokens: &SessionTokens,
    key: &HolderKey,
) -> SessionTokens {
    let code = code_of_browser(identity, who, tokens, key).await;
    redeems(house, &code, VERIFIER, key).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_was_let_in_before_is_known_and_somebody_elses_is_not() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let browser = ada.signs_in(house).await;
        let lets_in = async |device: Option<String>| {
            let key = HolderKey::new(1);
            let code = code(house, ada, &browser, &key).await;
            let tokens = redeems_on(device.as_deref(), house, &code, VERIFIER, &key).await.unwrap();
            tokens.device_token.unwrap().show().to_owned()
        };
        let first = lets_in(None).await;
        assert_eq!(lets_in(Some(first.clone())).await, first);
        let bobs = house.ours.admin.signs_in(house).await.device_token.unwrap();
        let again = lets_in(Some(bobs.show().to_owned())).await;
        assert!(again != first && again != bobs.show());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_becomes_a_session_of_its_own_bound_to_the_key() {
    each_engine(async |house: &House| {
        let (ada, key) = (&house.ours.owner, HolderKey::new(1));
        let browser = ada.signs_in(house).await;
        let code = code(house, ada, &browser, &key).await;
        let tokens = redeems(house, &code, VERIFIER, &key).await.unwrap();
        assert_ne!(tokens.session, browser.session, "never the browser's");
        assert_eq!(key.calls(house, &tokens).await, Ok(()));
        assert!(
            authenticate(&house.identity, tokens.access_token.show(), house.origin())
                .await
                .is_err()
        );
        let session = tokens.session;
        let row = house.store.platform_read(move |tx| tx.sessions().find(session)).await.unwrap();
        let row = row.unwrap();
        assert_eq!((row.client, row.user), (ClientKind::Cli, ada.user));
        assert_eq!(row.amr, ["pwd", "otp", "mfa"], "the factors behind it are the approver's");
        assert_eq!(house.platform_log(Verb::AuthorizationRedeemed).await.len(), 1);
        let account = ada.account(&browser);
        let seen = sessions::list(&house.identity, &account, Page::first(10)).await.unwrap();
        let labels: Vec<_> =
            seen.items.iter().filter_map(|one| one.details.label.clone()).collect();
        assert_eq!(labels, ["laptop, casemate 0.1.0"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_forty_parallel_redemptions_one_begins_a_session() {
    each_engine(async |house: &House| {
        let (ada, key) = (&house.ours.owner, HolderKey::new(1));
        let browser = ada.signs_in(house).await;
        let code = code(house, ada, &browser, &key).await;
        let tries = (0..40).map(|_| redeems(house, &code, VERIFIER, &key));
        let answers = futures_util::future::join_all(tries).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        let refused = |one: &Result<_, RedeemError>| matches!(one, Err(RedeemError::Invalid));
        assert_eq!(answers.iter().filter(|one| refused(one)).count(), 39);
        let user = ada.user;
        let live = house.store.platform_read(move |tx| tx.sessions().count_live(user)).await;
        assert_eq!(live.unwrap(), 2, "the browser's and one more");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_was_caught_on_its_way_is_worth_nothing() {
    each_engine(async |house: &House| {
        let (ada, key) = (&house.ours.owner, HolderKey::new(1));
        let browser = ada.signs_in(house).await;
        let code = code(house, ada, &browser, &key).await;
        let other = "aBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let wrong_verifier = redeems(house, &code, other, &key).await;
        assert_eq!(wrong_verifier.unwrap_err(), RedeemError::Invalid);
        let wrong_key = redeems(house, &code, VERIFIER, &HolderKey::new(2)).await;
        assert_eq!(wrong_key.unwrap_err(), RedeemError::Invalid);
        let mut changed = code.clone();
        let last = if changed.pop() == Some('A') { 'B' } else { 'A' };
        changed.push(last);
        let changed = redeems(house, &changed, VERIFIER, &key).await;
        assert_eq!(changed.unwrap_err(), RedeemError::Invalid);
        assert!(redeems(house, &code, VERIFIER, &key).await.is_ok(), "its owner still can");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_ends_after_a_minute_and_with_the_session_that_gave_it() {
    each_engine(async |house: &House| {
        let (ada, key) = (&house.ours.owner, HolderKey::new(1));
        let browser = ada.signs_in(house).await;
        let late = code(house, ada, &browser, &key).await;
        house.advance(limits::AUTHORIZATION_MS);
        let refused = redeems(house, &late, VERIFIER, &key).await;
        assert_eq!(refused.unwrap_err(), RedeemError::Invalid);
        let orphan = code(house, ada, &browser, &key).await;
        sessions::sign_out(&house.identity, &ada.account(&browser)).await.unwrap();
        let refused = redeems(house, &orphan, VERIFIER, &key).await;
        assert_eq!(refused.unwrap_err(), RedeemError::Invalid);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_code_is_made_without_a_fresh_factor() {
    each_engine(async |house: &House| {
        let (ada, key) = (&house.ours.owner, HolderKey::new(1));
        let browser = ada.signs_in(house).await;
        house.advance(limits::FACTOR_FRESH_MS + 1);
        let refused = authorize(&house.identity, &ada.account(&browser), asked(&key)).await;
        assert_eq!(refused.unwrap_err(), AuthorizeError::FactorNotFresh);
    })
    .await;
}
