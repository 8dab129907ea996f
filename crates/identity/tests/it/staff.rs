//! Staff: made on the host, acting only with a passkey in hardware, and seeing no value of
//! anybody's.

use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use domain::limits;
use identity::passkeys::{HardwareRoots, PasskeyError, for_registration};
use identity::staff::{self, AppointError, Appointed, StaffError, authorize, read_log};
use ledger::Verb;
use serde_json::{Value, json};
use store::{EntryFilter, Page};
use uuid::Uuid;

use crate::house::{Authenticator, House, Vendor, each_engine, email, roots, vendor};
use crate::passkeys::{ORIGIN, alone, amr, registered, registered_key, tries};

#[tokio::test(flavor = "multi_thread")]
async fn staff_acts_with_a_passkey_in_hardware_and_a_fresh_factor_and_nobody_else_acts_at_all() {
    each_engine(async |house: &House| {
        let (ada, bob) = (&house.ours.owner, &house.theirs.owner);
        let by_password = ada.signs_in(house).await;
        let (mut phone, _) = registered(house, ada, &by_password).await;
        let (mut laptop, _) = registered_key(house, bob, &bob.signs_in(house).await).await;
        let appoints = staff::add(&house.store, roots(), ada.email.clone()).await.unwrap();
        assert_eq!(appoints.value, Appointed::NeedsPasskey, "a phone is not hardware");
        let asks = async |account| authorize(&house.identity, account).await.map(drop);
        let without = ada.account(&by_password);
        assert_eq!(asks(&without).await, Err(StaffError::PasskeyNeeded));
        let by_phone = ada.account(&alone(house, &mut phone).await);
        assert_eq!(asks(&by_phone).await, Err(StaffError::HardwareNeeded));
        let (mut key, _) = registered_key(house, ada, &by_password).await;
        assert_eq!(asks(&by_phone).await, Err(StaffError::HardwareNeeded), "it began by phone");
        let tokens = alone(house, &mut key).await;
        assert_eq!(amr(house, ada, &tokens).await, ["passkey", "hwk", "mfa"]);
        let with_key = ada.account(&tokens);
        assert_eq!(asks(&with_key).await, Ok(()));
        let bobs = bob.account(&alone(house, &mut laptop).await);
        assert_eq!(asks(&bobs).await, Err(StaffError::NotStaff), "hardware alone is no office");
        house.advance(limits::FACTOR_FRESH_MS + 1);
        assert_eq!(asks(&with_key).await, Err(StaffError::FactorNotFresh));
        let again = ada.account(&alone(house, &mut key).await);
        staff::remove(&house.store, ada.email.clone()).await.unwrap();
        assert_eq!(asks(&again).await, Err(StaffError::NotStaff));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_that_leaves_the_list_counts_no_more_and_without_roots_nobody_acts() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let (mut key, stored) = registered_key(house, ada, &ada.signs_in(house).await).await;
        let added = staff::add(&house.store, roots(), ada.email.clone()).await.unwrap().value;
        assert_eq!(added, Appointed::Ready);
        let account = ada.account(&alone(house, &mut key).await);
        assert!(authorize(&house.identity, &account).await.is_ok());
        let model = Uuid::from_bytes(vendor().model).to_string();
        let (root, other) = (vendor().root.as_str(), Vendor::new([7; 16]).root);
        let both = format!("Vendor one:\n{root}\nVendor two:\n{other}");
        let no_model = vec!["2fc0579f-8113-47ea-b116-bb5a8db9202a".to_owned()];
        for (text, models, holds) in [
            (root, Vec::new(), true),
            (both.as_str(), vec![model], true),
            (other.as_str(), Vec::new(), false),
            (root, no_model, false),
        ] {
            let roots = HardwareRoots::read(text, &models).unwrap();
            assert_eq!(roots.hold(&stored), holds, "{models:?}");
            let replica = house.replica().await.with_hardware_roots(roots);
            let acts = authorize(&replica, &account).await.map(drop);
            let wanted = if holds { Ok(()) } else { Err(StaffError::HardwareNeeded) };
            assert_eq!(acts, wanted, "{models:?}");
        }
        let replica = house.replica().await.with_hardware_roots(HardwareRoots::default());
        let acts = authorize(&replica, &account).await.map(drop);
        assert_eq!(acts, Err(StaffError::HardwareNeeded));
        staff::remove(&house.store, ada.email.clone()).await.unwrap();
        let none = Arc::new(HardwareRoots::default());
        let added = staff::add(&house.store, none, ada.email.clone()).await.unwrap().value;
        assert_eq!(added, Appointed::NeedsRoots);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_registers_hardware_alone_and_others_are_not_asked() {
    each_engine(async |house: &House| {
        let (ada, bob) = (&house.ours.owner, &house.theirs.owner);
        let (tokens, bobs) = (ada.signs_in(house).await, bob.signs_in(house).await);
        staff::add(&house.store, roots(), ada.email.clone()).await.unwrap();
        let asked = for_registration(&house.identity, &ada.account(&tokens)).await.unwrap().value;
        assert_eq!(asked.options["attestation"], "direct");
        assert_eq!(asked.options["attestationFormats"], json!(["packed", "tpm"]));
        let asked = for_registration(&house.identity, &bob.account(&bobs)).await.unwrap().value;
        assert_eq!(asked.options["attestation"], "none");
        let stranger = Vendor::new(vendor().model);
        type Made<'a> = &'a dyn Fn(&Value) -> (Authenticator, Value);
        let refused: [(&str, Made<'_>); 3] = [
            ("says nothing", &|options| Authenticator::registers(options, ORIGIN)),
            ("may be copied", &|options| {
                Authenticator::registers_a_copied_one(vendor(), options, ORIGIN)
            }),
            ("another root", &|options| Authenticator::registers_by(&stranger, options, ORIGIN)),
        ];
        for (why, made) in refused {
            let answer = tries(house, ada, &tokens, made).await;
            assert_eq!(answer.err(), Some(PasskeyError::NotHardware), "{why}");
            assert!(tries(house, bob, &bobs, made).await.is_ok(), "{why}");
        }
        // The vendor's word on another credential: the statement is signed over this one's data.
        let moved = |options: &Value| {
            let (_, of_another) = Authenticator::registers_by(vendor(), options, ORIGIN);
            let (own, mut answer) = Authenticator::registers_by(vendor(), options, ORIGIN);
            let client = &of_another["response"]["clientDataJSON"];
            assert_eq!(&answer["response"]["clientDataJSON"], client, "one challenge, one page");
            let mut bytes = statement(&answer);
            let theirs = statement(&of_another);
            let data = bytes.len() - 164;
            bytes.splice(..data, theirs[..theirs.len() - 164].iter().copied());
            answer["response"]["attestationObject"] = json!(BASE64URL_NOPAD.encode(&bytes));
            (own, answer)
        };
        assert_eq!(tries(house, ada, &tokens, moved).await.err(), Some(PasskeyError::Refused));
        let (_, key) = registered_key(house, ada, &tokens).await;
        assert!(house.identity.hardware_roots().hold(&key));
        let listed = staff::list(&house.store, roots()).await.unwrap();
        assert!(listed[0].holds_hardware);
        let log = house.platform_log(Verb::FactorAdded).await;
        assert!(log.last().unwrap().to_string().contains(r#""hardware":true"#), "{log:?}");
    })
    .await;
}

fn statement(answer: &Value) -> Vec<u8> {
    let text = answer["response"]["attestationObject"].as_str().unwrap();
    BASE64URL_NOPAD.decode(text.as_bytes()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_staff_account_without_a_passkey_cannot_act_by_password_and_totp() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let made = staff::add(&house.store, roots(), ada.email.clone()).await.unwrap().value;
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
        let (mut phone, _) = registered_key(house, ada, &ada.signs_in(house).await).await;
        staff::add(&house.store, roots(), ada.email.clone()).await.unwrap();
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
        let nobody = staff::add(store, roots(), email("nobody@nowhere.example")).await.unwrap_err();
        assert_eq!(nobody, AppointError::Nobody);
        staff::add(store, roots(), ada.email.clone()).await.unwrap();
        let twice = staff::add(store, roots(), ada.email.clone()).await.unwrap_err();
        assert_eq!(twice, AppointError::Already);
        let listed = staff::list(store, roots()).await.unwrap();
        assert_eq!(listed.len(), 1);
        let member = &listed[0].member;
        assert_eq!((&member.email, member.added_by.as_str()), (&ada.email, "host"));
        assert!(!listed[0].holds_hardware);
        staff::remove(store, ada.email.clone()).await.unwrap();
        let gone = staff::remove(store, ada.email.clone()).await.unwrap_err();
        assert_eq!(gone, AppointError::NotStaff);
        assert_eq!(house.platform_log(Verb::StaffAdded).await.len(), 1);
        assert_eq!(house.platform_log(Verb::StaffRemoved).await.len(), 1);
    })
    .await;
}
