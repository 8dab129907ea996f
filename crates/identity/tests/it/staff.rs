//! Staff: made on the host, acting only with a passkey, and seeing no value of anybody's.

use domain::limits;
use identity::staff::{self, AppointError, Appointed, StaffError, authorize, read_log};
use ledger::Verb;
use store::{EntryFilter, Page};

use crate::house::{House, each_engine, email};
use crate::passkeys::{alone, registered};

#[tokio::test(flavor = "multi_thread")]
async fn staff_acts_with_a_passkey_and_a_fresh_factor_and_nobody_else_acts_at_all() {
    each_engine(async |house: &House| {
        let (ada, bob) = (&house.ours.owner, &house.theirs.owner);
        let by_password = ada.signs_in(house).await;
        let (mut phone, _) = registered(house, ada, &by_password).await;
        let (mut laptop, _) = registered(house, bob, &bob.signs_in(house).await).await;
        assert_eq!(
            staff::add(&house.store, ada.email.clone()).await.unwrap().value,
            Appointed::Ready
        );
        let asks = async |account| authorize(&house.identity, account).await.map(drop);
        let without = ada.account(&by_password);
        assert_eq!(asks(&without).await, Err(StaffError::PasskeyNeeded));
        let with_passkey = ada.account(&alone(house, &mut phone).await);
        assert_eq!(asks(&with_passkey).await, Ok(()));
        let bobs = bob.account(&alone(house, &mut laptop).await);
        assert_eq!(asks(&bobs).await, Err(StaffError::NotStaff), "a passkey alone is no office");
        house.advance(limits::FACTOR_FRESH_MS + 1);
        assert_eq!(asks(&with_passkey).await, Err(StaffError::FactorNotFresh));
        let again = ada.account(&alone(house, &mut phone).await);
        staff::remove(&house.store, ada.email.clone()).await.unwrap();
        assert_eq!(asks(&again).await, Err(StaffError::NotStaff));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_staff_account_without_a_passkey_cannot_act_by_password_and_totp() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let made = staff::add(&house.store, ada.email.clone()).await.unwrap().value;
        assert_eq!(made, Appointed::NeedsPasskey);
        let account = ada.account(&ada.signs_in(house).await);
        let refused = authorize(&house.identity, &account).await.unwrap_err();
        assert_eq!(refused, StaffError::PasskeyNeeded);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_the_platforms_log_shows_no_personal_value_and_is_an_entry_itself() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let (mut phone, _) = registered(house, ada, &ada.signs_in(house).await).await;
        staff::add(&house.store, ada.email.clone()).await.unwrap();
        let account = ada.account(&alone(house, &mut phone).await);
        let scope = authorize(&house.identity, &account).await.unwrap();
        let filter = EntryFilter::default();
        let read = read_log(&house.identity, &scope, filter, Page::first(200)).await.unwrap();
        assert_eq!(read.entries.len(), 1);
        assert!(!read.value.items.is_empty());
        for entry in &read.value.items {
            assert!(entry.personal.is_empty());
            let body = String::from_utf8(entry.body.clone()).unwrap();
            assert!(!body.contains("192.0.2.7") && !body.contains(ada.email.as_str()), "{body}");
        }
        let traces = house.platform_log(Verb::AuditExported).await;
        assert!(traces[0].to_string().contains(&ada.user.to_string()), "{}", traces[0]);
        staff::remove(&house.store, ada.email.clone()).await.unwrap();
        let filter = EntryFilter::default();
        let refused = read_log(&house.identity, &scope, filter, Page::first(9)).await.unwrap_err();
        assert_eq!(refused, StaffError::NotStaff, "the row is asked again");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_staff_changes_once_and_names_who_is_on_it() {
    each_engine(async |house: &House| {
        let (ada, store) = (&house.ours.owner, &house.store);
        let nobody = staff::add(store, email("nobody@nowhere.example")).await.unwrap_err();
        assert_eq!(nobody, AppointError::Nobody);
        staff::add(store, ada.email.clone()).await.unwrap();
        let twice = staff::add(store, ada.email.clone()).await.unwrap_err();
        assert_eq!(twice, AppointError::Already);
        let listed = staff::list(store).await.unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!((&listed[0].email, listed[0].added_by.as_str()), (&ada.email, "host"));
        staff::remove(store, ada.email.clone()).await.unwrap();
        let gone = staff::remove(store, ada.email.clone()).await.unwrap_err();
        assert_eq!(gone, AppointError::NotStaff);
        assert_eq!(house.platform_log(Verb::StaffAdded).await.len(), 1);
        assert_eq!(house.platform_log(Verb::StaffRemoved).await.len(), 1);
    })
    .await;
}
