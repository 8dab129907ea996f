//! Devices that are let in from elsewhere, and people who are talked into it.

use domain::authz::UpdateWorkspace;
use domain::{ClientLabel, limits};
use identity::codes::{HandedCode, HandedKind, UserCode};
use identity::device_grants::{
    DecideError, DeviceAsks, DeviceCodes, LookError, PollError, Seen, approve, deny, look, redeem,
    request,
};
use identity::guard::DeviceToken;
use identity::sessions::{EnterError, SessionTokens, enter_workspace};
use identity::workspaces;
use ledger::Verb;
use store::ClientKind;

use crate::house::{HolderKey, House, Person, each_engine};

fn asks(key: &HolderKey) -> DeviceAsks {
    DeviceAsks {
        label: ClientLabel::parse("build-7").unwrap(),
        version: ClientLabel::parse("casemate 0.1.0").unwrap(),
        holder: key.thumbprint(),
    }
}

async fn asked(house: &House, key: &HolderKey) -> DeviceCodes {
    request(&house.identity, house.origin_from(9), asks(key)).await.unwrap().value
}

async fn polls(
    house: &House,
    codes: &DeviceCodes,
    key: &HolderKey,
) -> Result<SessionTokens, PollError> {
    polls_on(None, house, codes, key).await
}

async fn polls_on(
    device: Option<&str>,
    house: &House,
    codes: &DeviceCodes,
    key: &HolderKey,
) -> Result<SessionTokens, PollError> {
    let code = HandedCode::parse(HandedKind::Device, codes.device_code.show()).unwrap();
    let holder = (key.thumbprint(), device.map(DeviceToken::presented));
    let done = redeem(&house.identity, house.origin_from(9), code, holder).await;
    done.map(|done| done.value)
}

async fn looks(
    house: &House,
    who: &Person,
    tokens: &SessionTokens,
    code: &str,
) -> Result<Seen, LookError> {
    look(&house.identity, &who.account(tokens), UserCode::parse(code).unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_was_let_in_before_is_known() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let browser = ada.signs_in(house).await;
        let lets_in = async |device: Option<&str>| {
            let key = HolderKey::new(1);
            let codes = asked(house, &key).await;
            let seen = looks(house, ada, &browser, codes.user_code.show()).await.unwrap();
            approve(&house.identity, &ada.account(&browser), seen.grant).await.unwrap();
            let tokens = polls_on(device, house, &codes, &key).await.unwrap();
            tokens.device_token.unwrap().show().to_owned()
        };
        let first = lets_in(None).await;
        assert_eq!(lets_in(Some(&first)).await, first);
        assert_ne!(lets_in(None).await, first);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_waits_is_let_in_and_has_a_session_of_its_own() {
    each_engine(async |house: &House| {
        let (ada, key) = (&house.ours.owner, HolderKey::new(1));
        let codes = asked(house, &key).await;
        assert_eq!(codes.user_code.show().len(), 9);
        assert_eq!(polls(house, &codes, &key).await.unwrap_err(), PollError::Pending);
        let browser = ada.signs_in(house).await;
        let seen = looks(house, ada, &browser, codes.user_code.show()).await.unwrap();
        assert_eq!(
            (seen.requester.label.as_str(), seen.requester.version.as_str()),
            ("build-7", "casemate 0.1.0")
        );
        assert_eq!(
            seen.requester.ip,
            house.origin_from(9).ip,
            "where the device is, not the browser"
        );
        approve(&house.identity, &ada.account(&browser), seen.grant).await.unwrap();
        let tokens = polls(house, &codes, &key).await.unwrap();
        assert_ne!(tokens.session, browser.session);
        assert_eq!(key.calls(house, &tokens).await, Ok(()));
        let session = tokens.session;
        let row = house.store.platform_read(move |tx| tx.sessions().find(session)).await.unwrap();
        assert_eq!(row.map(|row| (row.client, row.user)), Some((ClientKind::Device, ada.user)));
        for verb in [Verb::DeviceGrantRequested, Verb::DeviceGrantApproved] {
            assert_eq!(house.platform_log(verb).await.len(), 1);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_forty_parallel_redemptions_of_an_approval_one_begins_a_session() {
    each_engine(async |house: &House| {
        let (ada, key) = (&house.ours.owner, HolderKey::new(1));
        let codes = asked(house, &key).await;
        let browser = ada.signs_in(house).await;
        let seen = looks(house, ada, &browser, codes.user_code.show()).await.unwrap();
        let account = ada.account(&browser);
        let approvals = (0..8).map(|_| approve(&house.identity, &account, seen.grant));
        let approvals = futures_util::future::join_all(approvals).await;
        assert_eq!(approvals.iter().filter(|one| one.is_ok()).count(), 1);
        let tries = (0..40).map(|_| polls(house, &codes, &key));
        let answers = futures_util::future::join_all(tries).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        let again = polls(house, &codes, &key).await;
        assert_eq!(again.unwrap_err(), PollError::Invalid, "and never again");
        let user = ada.user;
        let live = house.store.platform_read(move |tx| tx.sessions().count_live(user)).await;
        assert_eq!(live.unwrap(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_device_code_without_the_key_is_worth_nothing() {
    each_engine(async |house: &House| {
        let (ada, key) = (&house.ours.owner, HolderKey::new(1));
        let codes = asked(house, &key).await;
        let browser = ada.signs_in(house).await;
        let seen = looks(house, ada, &browser, codes.user_code.show()).await.unwrap();
        approve(&house.identity, &ada.account(&browser), seen.grant).await.unwrap();
        let thief = polls(house, &codes, &HolderKey::new(2)).await;
        assert_eq!(thief.unwrap_err(), PollError::Invalid);
        assert!(polls(house, &codes, &key).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_asks_too_often_waits_longer_each_time() {
    each_engine(async |house: &House| {
        let key = HolderKey::new(1);
        let codes = asked(house, &key).await;
        let verdict = async |after_ms| {
            house.advance(after_ms);
            polls(house, &codes, &key).await.unwrap_err()
        };
        assert_eq!(verdict(0).await, PollError::Pending);
        assert_eq!(verdict(5_000).await, PollError::Pending);
        assert_eq!(verdict(4_999).await, PollError::SlowDown { interval_s: 10 });
        assert_eq!(verdict(9_999).await, PollError::SlowDown { interval_s: 15 });
        assert_eq!(verdict(15_000).await, PollError::Pending);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_wrong_codes_end_a_sessions_tries_for_a_while() {
    each_engine(async |house: &House| {
        let (ada, bob, key) = (&house.ours.owner, &house.theirs.owner, HolderKey::new(1));
        let (hers, his) = (ada.signs_in(house).await, bob.signs_in(house).await);
        let first = asked(house, &key).await;
        for _ in 0..4 {
            let wrong = looks(house, ada, &hers, "BBBB-BBBB").await;
            assert_eq!(wrong.unwrap_err(), LookError::NotFound);
        }
        assert!(
            looks(house, ada, &hers, first.user_code.show()).await.is_ok(),
            "the fifth is right"
        );
        let wrong = (0..40).map(|_| looks(house, ada, &hers, "BBBB-BBBB"));
        let answers = futures_util::future::join_all(wrong).await;
        let counted = |one: &Result<_, LookError>| matches!(one, Err(LookError::NotFound));
        assert_eq!(answers.iter().filter(|one| counted(one)).count(), 5, "parallel tries too");
        let right = looks(house, ada, &hers, first.user_code.show()).await;
        assert!(matches!(right, Err(LookError::Throttled(_))), "even the right one: {right:?}");
        assert!(looks(house, bob, &his, first.user_code.show()).await.is_ok(), "others may");
        house.advance(limits::USER_CODE_PAUSE_MS);
        let next = asked(house, &key).await;
        assert!(looks(house, ada, &hers, next.user_code.show()).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn letting_a_device_in_needs_a_fresh_factor_and_keeping_it_out_does_not() {
    each_engine(async |house: &House| {
        let (ada, key) = (&house.ours.owner, HolderKey::new(1));
        let browser = ada.signs_in(house).await;
        house.advance(limits::FACTOR_FRESH_MS + 1);
        let codes = asked(house, &key).await;
        let seen = looks(house, ada, &browser, codes.user_code.show()).await.unwrap();
        let account = ada.account(&browser);
        let refused = approve(&house.identity, &account, seen.grant).await;
        assert_eq!(refused.unwrap_err(), DecideError::FactorNotFresh);
        assert_eq!(polls(house, &codes, &key).await.unwrap_err(), PollError::Pending);
        deny(&house.identity, &account, seen.grant).await.unwrap();
        assert_eq!(polls(house, &codes, &key).await.unwrap_err(), PollError::Denied);
        let fresh = ada.account(&ada.signs_in(house).await);
        let late = approve(&house.identity, &fresh, seen.grant).await;
        assert_eq!(late.unwrap_err(), DecideError::NotFound, "no is no");
        assert_eq!(house.platform_log(Verb::DeviceGrantDenied).await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_ends_after_five_minutes_for_the_device_and_for_the_person() {
    each_engine(async |house: &House| {
        let (ada, key) = (&house.ours.owner, HolderKey::new(1));
        let codes = asked(house, &key).await;
        let browser = ada.signs_in(house).await;
        let seen = looks(house, ada, &browser, codes.user_code.show()).await.unwrap();
        house.advance(limits::DEVICE_GRANT_MS);
        assert_eq!(polls(house, &codes, &key).await.unwrap_err(), PollError::Expired);
        let fresh = ada.signs_in(house).await;
        let late = looks(house, ada, &fresh, codes.user_code.show()).await;
        assert_eq!(late.unwrap_err(), LookError::NotFound);
        let late = approve(&house.identity, &ada.account(&fresh), seen.grant).await;
        assert_eq!(late.unwrap_err(), DecideError::NotFound);
    })
    .await;
}

/// Whoever reads the code over a shoulder sees what its owner sees, and can let the device in only
/// to their own account.
#[tokio::test(flavor = "multi_thread")]
async fn another_account_with_the_code_sees_the_same_and_gives_away_itself_only() {
    each_engine(async |house: &House| {
        let (ada, bob, key) = (&house.ours.owner, &house.theirs.owner, HolderKey::new(1));
        let codes = asked(house, &key).await;
        let (hers, his) = (ada.signs_in(house).await, bob.signs_in(house).await);
        let code = codes.user_code.show();
        let seen = looks(house, ada, &hers, code).await.unwrap();
        assert_eq!(looks(house, bob, &his, code).await.unwrap(), seen);
        approve(&house.identity, &bob.account(&his), seen.grant).await.unwrap();
        let tokens = polls(house, &codes, &key).await.unwrap();
        let session = tokens.session;
        let row = house.store.platform_read(move |tx| tx.sessions().find(session)).await.unwrap();
        assert_eq!(row.unwrap().user, bob.user);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_that_forbids_it_is_entered_by_no_such_session() {
    each_engine(async |house: &House| {
        let (ours, key) = (&house.ours, HolderKey::new(1));
        let ada = &ours.owner;
        let scope = ada.scope(ours.id);
        let switch = async |device_sign_in| {
            let wanted = UpdateWorkspace { production_local_use: false, device_sign_in };
            workspaces::update(&house.store, &scope, house.fresh(), wanted).await.unwrap().value
        };
        let codes = asked(house, &key).await;
        let browser = ada.signs_in(house).await;
        let seen = looks(house, ada, &browser, codes.user_code.show()).await.unwrap();
        approve(&house.identity, &ada.account(&browser), seen.grant).await.unwrap();
        let device = ada.account(&polls(house, &codes, &key).await.unwrap());
        assert_eq!(switch(Some(false)).await.device_sign_in, Some(false));
        let refused = enter_workspace(&house.identity, &device, ours.id).await;
        assert_eq!(refused.unwrap_err(), EnterError::DeviceRefused);
        let own = enter_workspace(&house.identity, &ada.account(&browser), ours.id).await;
        assert!(own.is_ok(), "the browser's session may");
        assert_eq!(switch(None).await.device_sign_in, Some(false), "unsaid is unchanged");
        switch(Some(true)).await;
        assert!(enter_workspace(&house.identity, &device, ours.id).await.is_ok());
    })
    .await;
}
