//! TOTP through the process: the seed stays inside, a code works once, and every check leaves an
//! entry.

use broker::{BrokerError, OpenFault, Purpose, Realm, TotpCode};
use domain::Clock;
use seal::SystemClock;
use totp_rs::Totp;

use crate::house::House;

/// A code for the current step, with enough of the step left for the calls that use it.
async fn current_code(totp: &Totp) -> (TotpCode, i64) {
    loop {
        let now_s = u64::try_from(SystemClock.now().0).unwrap() / 1_000;
        if now_s % 30 < 25 {
            let code = TotpCode::parse(&totp.generate(now_s).to_string()).unwrap();
            return (code, i64::try_from(now_s / 30).unwrap());
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
}

#[tokio::test]
async fn a_code_of_the_shown_seed_works_once() {
    let (house, broker) = House::running().await;
    let (sealed, uri) = broker.new_totp(house.user, "ann@example.org").await.unwrap();
    let totp = Totp::from_url(uri.expose_text().unwrap()).unwrap();
    let (code, step) = current_code(&totp).await;
    let check = |last| broker.check_totp(house.user, sealed.clone(), code.clone(), last);
    assert_eq!(check(None).await, Ok(Some(step)));
    assert_eq!(check(Some(step - 1)).await, Ok(Some(step)));
    assert_eq!(check(Some(step)).await, Ok(None), "a replayed code");
    assert_eq!(check(Some(step + 1)).await, Ok(None));

    let entries = broker.journal_after(0, 10).await.unwrap();
    assert_eq!(entries.len(), 4);
    for entry in entries {
        assert_eq!(entry.realm, Realm::Person(house.user));
        assert_eq!(entry.purpose, Purpose::FactorCheck);
    }
}

#[tokio::test]
async fn a_seed_of_one_person_is_no_factor_of_another() {
    let (house, broker) = House::running().await;
    let (sealed, uri) = broker.new_totp(house.user, "ann@example.org").await.unwrap();
    broker.new_totp(house.other_user, "bob@example.org").await.unwrap();
    let totp = Totp::from_url(uri.expose_text().unwrap()).unwrap();
    let (code, _) = current_code(&totp).await;
    let refused = broker.check_totp(house.other_user, sealed, code, None).await.err();
    assert_eq!(refused, Some(BrokerError::CannotOpen(OpenFault::UnknownKey)));
}

#[tokio::test]
async fn two_seeds_are_never_the_same_and_a_bad_label_makes_none() {
    let (house, broker) = House::running().await;
    let (_, one) = broker.new_totp(house.user, "ann@example.org").await.unwrap();
    let (_, other) = broker.new_totp(house.user, "ann@example.org").await.unwrap();
    assert!(!one.same_as(&other));
    for label in ["", "a:b", "line\nbreak"] {
        assert!(broker.new_totp(house.user, label).await.is_err());
    }
}
