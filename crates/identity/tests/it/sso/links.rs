//! Linking and unlinking identities.

use domain::AccountScope;
use domain::sign_in::ProviderRef;
use identity::guard::DeviceToken;
use identity::sessions::Holder;
use identity::sso::{self, Begin, Redemption, SsoError};
use ledger::Verb;

use super::{Desk, GOOGLE, Way, known};
use crate::house::{House, each_engine};

async fn begins(
    house: &House,
    desk: &Desk,
    account: &AccountScope,
    provider: ProviderRef,
) -> Result<Way, SsoError> {
    let way = Begin { provider: Some(provider), workspace: None };
    sso::begin_link(&desk.identity, account, house.now(), way).await.map(Way::of)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_is_linked_from_a_signed_in_session_with_a_fresh_factor_and_then_signs_in() {
    each_engine(async |house: &House| {
        let (desk, ada) = (Desk::open(house).await, &house.ours.owner);
        let account = ada.account(&ada.signs_in(house).await);
        let stale = house.now().plus_ms(-domain::limits::FACTOR_FRESH_MS - 1);
        let way = Begin { provider: Some(GOOGLE), workspace: None };
        let refused = sso::begin_link(&desk.identity, &account, stale, way).await;
        assert_eq!(refused.unwrap_err(), SsoError::FactorNotFresh);

        let way = begins(house, &desk, &account, GOOGLE).await.unwrap();
        let id = desk.returns(house, &way, &desk.claims(&way, "ada")).await.unwrap();
        let signs_in = desk.redeems(house, &way, Some(super::totp(house, ada))).await;
        assert_eq!(signs_in.unwrap_err(), SsoError::TransactionInvalid, "it links, no more");
        sso::confirm_link(&desk.identity, &account, id, way.cookie()).await.unwrap();
        let all = sso::list_identities(&desk.identity, &account).await.unwrap();
        assert_eq!((all.len(), all[0].subject.as_str()), (1, "ada"));
        assert_eq!(house.platform_log(Verb::IdentityLinked).await.len(), 1);
        desk.walks(house, GOOGLE, None, "ada", ada).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_came_by_a_provider_before_is_known() {
    each_engine(async |house: &House| {
        let (desk, ada) = (Desk::open(house).await, &house.ours.owner);
        known(house, ada, GOOGLE, None, &desk.twin.url, "ada").await;
        let comes = async |device: Option<&str>| {
            let way = desk.begins(house, GOOGLE, None).await;
            let id = desk.returns(house, &way, &desk.claims(&way, "ada")).await.unwrap();
            let holder = Holder::api().on_device(device.map(DeviceToken::presented));
            let factor = Some(super::totp(house, ada));
            let presented =
                Redemption { id, cookie: way.cookie(), factor, holder, invitation: None };
            let done = sso::redeem(&desk.identity, house.origin(), presented).await.unwrap();
            done.value.device_token.unwrap().show().to_owned()
        };
        let first = comes(None).await;
        assert_eq!(comes(Some(&first)).await, first);
        assert_ne!(comes(None).await, first);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_of_another_session_links_nothing() {
    each_engine(async |house: &House| {
        let (desk, ada) = (Desk::open(house).await, &house.ours.owner);
        let mallory = &house.theirs.owner;
        let theirs = mallory.account(&mallory.signs_in(house).await);
        let way = begins(house, &desk, &theirs, GOOGLE).await.unwrap();
        let id = desk.returns(house, &way, &desk.claims(&way, "mallory")).await.unwrap();
        // Ada's browser is made to confirm it, Mallory's cookie and all.
        let account = ada.account(&ada.signs_in(house).await);
        let forced = sso::confirm_link(&desk.identity, &account, id, way.cookie()).await;
        assert_eq!(forced.unwrap_err(), SsoError::TransactionInvalid);
        // Nor does a way that was begun to sign in.
        let way = desk.begins(house, GOOGLE, None).await;
        let id = desk.returns(house, &way, &desk.claims(&way, "mallory")).await.unwrap();
        let forced = sso::confirm_link(&desk.identity, &account, id, way.cookie()).await;
        assert_eq!(forced.unwrap_err(), SsoError::TransactionInvalid);
        let all = sso::list_identities(&desk.identity, &account).await.unwrap();
        assert!(all.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_is_one_persons() {
    each_engine(async |house: &House| {
        let (desk, bob) = (Desk::open(house).await, &house.ours.operator);
        known(house, &house.ours.owner, GOOGLE, None, &desk.twin.url, "ada").await;
        let account = bob.account(&bob.signs_in(house).await);
        let way = begins(house, &desk, &account, GOOGLE).await.unwrap();
        let id = desk.returns(house, &way, &desk.claims(&way, "ada")).await.unwrap();
        let taken = sso::confirm_link(&desk.identity, &account, id, way.cookie()).await;
        assert_eq!(taken.unwrap_err(), SsoError::IdentityTaken);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_way_in_is_not_unlinked() {
    each_engine(async |house: &House| {
        let (desk, bob) = (Desk::open(house).await, &house.ours.operator);
        known(house, bob, GOOGLE, None, &desk.twin.url, "bob").await;
        let policy = domain::sign_in::SignInPolicy { sso_only: true, ..super::counting(&[GOOGLE]) };
        desk.sets(house, &house.ours, policy).await;
        let tokens = desk.walks(house, GOOGLE, None, "bob", bob).await.unwrap().value;
        let account = bob.account(&tokens);
        let unlink = async |account: &AccountScope, subject: &str| {
            let (issuer, subject) = (desk.twin.url.clone(), subject.to_owned());
            sso::unlink(&desk.identity, account, house.now(), issuer, subject).await.map(drop)
        };
        assert_eq!(unlink(&account, "bob").await, Err(SsoError::OnlyWayIn));
        assert_eq!(unlink(&account, "ada").await, Err(SsoError::NotVisible));
        let ada = &house.ours.owner;
        known(house, ada, GOOGLE, None, &desk.twin.url, "ada").await;
        let account = ada.account(&ada.signs_in(house).await);
        assert_eq!(unlink(&account, "bob").await, Err(SsoError::NotVisible), "somebody else's");
        assert_eq!(unlink(&account, "ada").await, Ok(()));
    })
    .await;
}
