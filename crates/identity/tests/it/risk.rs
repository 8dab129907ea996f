//! Sign-ins that are unlike the earlier ones: told, asked again, never refused.

use std::net::{IpAddr, Ipv4Addr};

use domain::{Origin, TimeMs, UserAgent, limits};
use identity::guard::{DeviceToken, Places, PlacesError};
use identity::passwords::Breached;
use identity::risk::JUDGED_FROM;
use identity::sessions::{self, Factor, Holder, SessionTokens, sign_in_by, step_up};
use identity::{Identity, authenticate};
use ledger::Verb;
use store::Page;

use crate::house::{House, Person, database, each_engine};

const BERLIN: (f64, f64) = (52.5, 13.4);
const SYDNEY: (f64, f64) = (-33.9, 151.2);
const PARIS: (f64, f64) = (48.9, 2.4);

fn places() -> Places {
    let at = |a, b| Ipv4Addr::new(a, b, 0, 0);
    let bytes = database(&[
        (at(192, 0), 16, "DE", BERLIN),
        (at(198, 51), 16, "AU", SYDNEY),
        (at(203, 0), 16, "FR", PARIS),
    ]);
    Places::read(bytes).unwrap()
}

fn from(house: &House, ip: [u8; 4], agent: &str) -> Origin {
    let user_agent = Some(UserAgent::parse(agent).unwrap());
    Origin { ip: Some(IpAddr::from(ip)), user_agent, ..house.origin() }
}

async fn comes(
    house: &House,
    identity: &Identity,
    person: &Person,
    origin: Origin,
    device: Option<&str>,
) -> SessionTokens {
    house.advance(60_000);
    let presented = person.presents(Factor::totp(&person.code(house)).unwrap());
    let holder = Holder::api().on_device(device.map(DeviceToken::presented));
    sign_in_by(identity, origin, presented, holder, None).await.unwrap().value
}

/// As many sign-ins from home as make a history; the device.
async fn settled(house: &House, identity: &Identity, person: &Person) -> String {
    let home = from(house, [192, 0, 2, 7], "curl/8.1");
    let first = comes(house, identity, person, home.clone(), None).await;
    let device = first.device_token.unwrap().show().to_owned();
    for _ in 0..JUDGED_FROM + 5 {
        comes(house, identity, person, home.clone(), Some(&device)).await;
    }
    device
}

async fn factor_at(house: &House, identity: &Identity, tokens: &SessionTokens) -> TimeMs {
    let token = tokens.access_token.show();
    let principal = authenticate(identity, token, house.origin()).await.unwrap();
    principal.account().unwrap().1
}

pub(crate) async fn is_fresh(house: &House, identity: &Identity, tokens: &SessionTokens) -> bool {
    house.now().since_ms(factor_at(house, identity, tokens).await) < limits::FACTOR_FRESH_MS
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_with_the_right_factors_comes_in_is_told_about_and_is_asked_again() {
    each_engine(async |house: &House| {
        let (identity, ada) = (&house.identity, &house.ours.owner);
        settled(house, identity, ada).await;
        assert!(house.platform_log(Verb::SessionUnusual).await.is_empty(), "home is usual");
        let away = from(house, [198, 51, 100, 7], "python-requests/2");
        let tokens = comes(house, identity, ada, away, None).await;
        assert!(!is_fresh(house, identity, &tokens).await);
        let told = house.platform_log(Verb::SessionUnusual).await;
        assert_eq!((told.len(), &told[0]["new"]["band"]), (1, &serde_json::json!("high")));
        let parts = told[0]["new"]["contributions_hundredths"].as_object().unwrap();
        let sum: i64 = parts.values().map(|part| part.as_i64().unwrap()).sum();
        let whole = told[0]["new"]["log_ratio_hundredths"].as_i64().unwrap();
        assert!((sum - whole).abs() <= 4, "{sum} and {whole}");
        let text = told[0].to_string();
        assert!(!text.contains("198.51") && !text.contains("python"), "{text}");

        house.advance(30_000);
        let code = Factor::totp(&ada.code(house)).unwrap();
        let stepped = step_up(identity, &ada.account(&tokens), code).await.unwrap().value;
        assert!(is_fresh(house, identity, &stepped).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_device_on_the_road_is_usual() {
    each_engine(async |house: &House| {
        let (identity, ada) = (&house.identity, &house.ours.owner);
        let device = settled(house, identity, ada).await;
        let away = from(house, [198, 51, 100, 7], "curl/8.2");
        let tokens = comes(house, identity, ada, away, Some(&device)).await;
        assert!(is_fresh(house, identity, &tokens).await);
        assert!(house.platform_log(Verb::SessionUnusual).await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_device_is_told_and_nobody_is_on_their_first_day() {
    each_engine(async |house: &House| {
        let (identity, ada) = (&house.identity, &house.ours.owner);
        let home = from(house, [192, 0, 2, 7], "curl/8.1");
        comes(house, identity, ada, home.clone(), None).await;
        assert!(house.platform_log(Verb::SessionUnusual).await.is_empty());
        let phone = from(house, [192, 0, 2, 7], "casemate/0.1.0 (linux)");
        let tokens = comes(house, identity, ada, phone, None).await;
        assert!(is_fresh(house, identity, &tokens).await, "two sign-ins are no history");
        let told = house.platform_log(Verb::SessionUnusual).await;
        assert_eq!(told[0]["new"]["new_device"], serde_json::json!(true));
        let (other, fresh) = (&house.theirs.owner, home);
        comes(house, identity, other, fresh, None).await;
        assert_eq!(house.platform_log(Verb::SessionUnusual).await.len(), 1, "theirs is their own");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_in_berlin_and_in_sydney_within_an_hour() {
    each_engine(async |house: &House| {
        let identity = house.replica().await.with_files(places(), Breached::default());
        let (ada, bob) = (&house.ours.owner, &house.ours.admin);
        let travel = async |person: &Person, ip: [u8; 4], wait_ms: i64| {
            let home = from(house, [192, 0, 2, 7], "curl/8");
            comes(house, &identity, person, home, None).await;
            house.advance(wait_ms);
            let before = house.platform_log(Verb::SessionUnusual).await.len();
            comes(house, &identity, person, from(house, ip, "curl/8"), None).await;
            let told = house.platform_log(Verb::SessionUnusual).await;
            told[before..].iter().any(|it| it["new"]["impossible_travel"] == true)
        };
        const HOUR: i64 = 3_600_000;
        assert!(!travel(ada, [203, 0, 113, 7], HOUR).await, "to Paris");
        assert!(travel(ada, [198, 51, 100, 7], HOUR).await, "to Sydney");
        house.advance(48 * HOUR);
        assert!(!travel(bob, [198, 51, 100, 7], 30 * HOUR).await, "by the next day's flight");
        house.advance(48 * HOUR);
        assert!(!travel(bob, [10, 0, 0, 1], HOUR).await, "to where the file knows nothing");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_shows_its_country_where_there_is_a_file_and_works_without() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let identity = house.replica().await.with_files(places(), Breached::default());
        let home = from(house, [192, 0, 2, 7], "curl/8");
        comes(house, &house.identity, ada, home.clone(), None).await;
        let with = comes(house, &identity, ada, home, None).await;
        let account = ada.account(&with);
        let listed = sessions::list(&identity, &account, Page::first(10)).await.unwrap().items;
        let countries: Vec<_> = listed.iter().map(|seen| seen.details.country.clone()).collect();
        assert_eq!(countries, [None, Some("DE".to_owned())]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_history_name_no_place_and_are_bounded() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let identity = house.replica().await.with_files(places(), Breached::default());
        for n in 0..120u8 {
            let away = from(house, [198, 51, n, 7], &format!("client{n}/1"));
            comes(house, &identity, ada, away, None).await;
        }
        let user = ada.user;
        let rows =
            house.store.platform_read(move |tx| tx.sign_in_history().of_user(user)).await.unwrap();
        let most = usize::try_from(limits::HISTORY_ROWS_PER_USER_MAX).unwrap();
        assert!((most..most + 12).contains(&rows.len()), "{}", rows.len());
        assert!(rows.iter().all(|row| row.value.len() == 32 && row.times > 0));
        let country = rows.iter().find(|row| row.feature == "country").unwrap();
        assert_eq!(country.times, 120, "what is in use stays");
    })
    .await;
}

#[test]
fn a_file_of_places_that_is_none_is_refused() {
    let wrong = [Vec::new(), b"not a database".to_vec(), database(&[])[..20].to_vec()];
    for bytes in wrong {
        assert_eq!(Places::read(bytes).err(), Some(PlacesError::Format));
    }
    let missing = Places::open(std::path::Path::new("/nowhere/at/all")).err();
    assert_eq!(missing, Some(PlacesError::Unreadable));
    let address = |text: &str| Some(text.parse().unwrap());
    assert_eq!(places().of(address("192.0.2.7")).unwrap().country, "DE");
    assert_eq!(places().of(address("::ffff:192.0.2.7")).unwrap().country, "DE");
    assert_eq!(places().of(address("8.8.8.8")), None);
    assert_eq!(places().of(None), None);
}
