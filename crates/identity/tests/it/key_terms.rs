//! API keys in the long run: networks, ends, successors, reports, and what the log says of them.

use std::net::IpAddr;

use domain::authz::{Act, ActSet};
use domain::{Network, Networks, Origin, limits};
use futures_util::future::join_all;
use identity::keys::{
    ApiKeyText, CreatedKey, WantedKey, WantedRotation, create, list, report, rotate,
};
use identity::{AuthRefused, TeamError, authenticate};
use ledger::Verb;
use store::{ApiKey, Page};

use crate::house::{House, Person, each_engine, name};

fn wanted(networks: &[&str]) -> WantedKey {
    let networks: Vec<Network> = networks.iter().map(|one| one.parse().unwrap()).collect();
    WantedKey {
        name: name("robot"),
        scopes: ActSet::of(&[Act::MemberList]),
        expires_at: None,
        networks: Networks::try_from(networks).unwrap(),
    }
}

async fn makes(house: &House, person: &Person, wanted: WantedKey) -> Result<CreatedKey, TeamError> {
    let scope = person.scope(house.ours.id);
    create(&house.store, &house.broker, &scope, house.fresh(), wanted).await.map(|done| done.value)
}

async fn rotates(
    house: &House,
    person: &Person,
    key: &CreatedKey,
    overlap_ms: i64,
) -> Result<CreatedKey, TeamError> {
    let wanted = WantedRotation { key: key.key.id, overlap_ms: Some(overlap_ms) };
    let scope = person.scope(house.ours.id);
    rotate(&house.store, &house.broker, &scope, house.fresh(), wanted).await.map(|done| done.value)
}

async fn from(house: &House, key: &CreatedKey, ip: &str) -> Result<(), AuthRefused> {
    let ip: Option<IpAddr> = ip.parse().ok();
    let origin = Origin { ip, ..house.origin() };
    authenticate(&house.identity, key.text.show(), origin).await.map(drop)
}

async fn row(house: &House, key: &CreatedKey) -> ApiKey {
    let scope = house.ours.owner.scope(house.ours.id);
    let rows = list(&house.store, &scope, None, Page::first(50)).await.unwrap().items;
    rows.into_iter().find(|row| row.id == key.key.id).unwrap()
}

fn code<T>(answer: Result<T, TeamError>) -> &'static str {
    answer.err().map_or("done", |error| error.code())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_works_from_its_networks_only_and_refusals_are_logged() {
    each_engine(async |house: &House| {
        let bound = wanted(&["10.0.0.0/8", "2001:db8::/32"]);
        let key = makes(house, &house.ours.operator, bound).await.unwrap();
        for inside in ["10.9.8.7", "::ffff:10.9.8.7", "2001:db8::1"] {
            assert_eq!(from(house, &key, inside).await, Ok(()), "{inside}");
        }
        for outside in ["11.0.0.1", "192.0.2.7", "::ffff:192.0.2.7", "2001:db9::1", "unknown"] {
            let refused = from(house, &key, outside).await;
            assert_eq!(refused, Err(AuthRefused::Invalid), "{outside}");
        }
        let refused = house.our_log(Verb::CredentialRefused).await;
        assert_eq!(refused.len(), 1, "once an hour");
        assert_eq!(refused[0]["new"]["why"], "network");
        assert_eq!(refused[0]["stream"], "security");
        let shown = row(house, &key).await;
        assert_eq!(shown.last_used_network.as_deref(), Some("2001:db8::/48"));
        assert!(key.text.show().ends_with(&shown.last_four) && shown.last_four.len() == 4);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_use_of_a_key_is_logged_once_an_hour_and_network() {
    each_engine(async |house: &House| {
        let key = makes(house, &house.ours.operator, wanted(&[])).await.unwrap();
        let uses = async || house.our_log(Verb::CredentialUsed).await.len();
        for _ in 0..5 {
            from(house, &key, "192.0.2.7").await.unwrap();
            house.advance(61_000);
        }
        from(house, &key, "192.0.2.200").await.unwrap();
        assert_eq!(uses().await, 1, "the same neighbourhood");
        from(house, &key, "198.51.100.1").await.unwrap();
        assert_eq!(uses().await, 2);
        let replica = house.replica().await;
        authenticate(&replica, key.text.show(), house.origin()).await.unwrap();
        assert_eq!(uses().await, 2, "another process knows of it");
        house.advance(limits::CREDENTIAL_USE_MS);
        from(house, &key, "192.0.2.7").await.unwrap();
        assert_eq!(uses().await, 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_ends_in_the_future_and_within_its_bound() {
    each_engine(async |house: &House| {
        let ends = async |ms: i64| {
            let expires_at = Some(house.now().plus_ms(ms));
            let wanted = WantedKey { expires_at, ..wanted(&[]) };
            code(makes(house, &house.ours.operator, wanted).await)
        };
        assert_eq!(ends(0).await, "input.invalid");
        assert_eq!(ends(-1).await, "input.invalid");
        assert_eq!(ends(limits::KEY_LIFE_MS_MAX + 1).await, "input.invalid");
        assert_eq!(ends(limits::KEY_LIFE_MS_MAX).await, "done");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_key_works_beside_its_successor_until_the_overlap_ends() {
    each_engine(async |house: &House| {
        let old = makes(house, &house.ours.operator, wanted(&["192.0.2.0/24"])).await.unwrap();
        let new = rotates(house, &house.ours.operator, &old, 60_000).await.unwrap();
        assert_eq!(
            (&new.key.name, new.key.scopes, &new.key.networks),
            (&old.key.name, old.key.scopes, &old.key.networks)
        );
        assert_eq!(new.key.predecessor, Some(old.key.id));
        assert_eq!(row(house, &old).await.successor, Some(new.key.id));
        for key in [&old, &new] {
            assert_eq!(from(house, key, "192.0.2.7").await, Ok(()));
            assert!(from(house, key, "198.51.100.7").await.is_err());
        }
        house.advance(60_000);
        assert_eq!(from(house, &old, "192.0.2.7").await, Err(AuthRefused::Invalid));
        assert_eq!(from(house, &new, "192.0.2.7").await, Ok(()));
        let rotated = house.our_log(Verb::KeyRotated).await;
        assert_eq!(rotated[0]["new"]["successor"], new.key.id.to_string());
        assert!(!rotated[0].to_string().contains(new.text.show()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overlap_makes_no_key_live_longer() {
    each_engine(async |house: &House| {
        let ends = Some(house.now().plus_ms(5_000));
        let brief = WantedKey { expires_at: ends, ..wanted(&[]) };
        let old = makes(house, &house.ours.operator, brief).await.unwrap();
        house.advance(1_000);
        let refused = rotates(house, &house.ours.operator, &old, -1).await;
        assert_eq!(code(refused), "input.invalid");
        let past = limits::KEY_OVERLAP_MS_MAX + 1;
        assert_eq!(code(rotates(house, &house.ours.operator, &old, past).await), "input.invalid");
        let new = rotates(house, &house.ours.operator, &old, 60_000).await.unwrap();
        assert_eq!(row(house, &old).await.expires_at, ends);
        assert_eq!(new.key.expires_at, Some(house.now().plus_ms(5_000)), "as long a life");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_forty_parallel_rotations_one_makes_a_successor() {
    each_engine(async |house: &House| {
        let old = makes(house, &house.ours.operator, wanted(&[])).await.unwrap();
        let tries = (0..40).map(|_| rotates(house, &house.ours.operator, &old, 60_000));
        let made = join_all(tries).await.into_iter().filter(Result::is_ok).count();
        assert_eq!(made, 1);
        assert_eq!(house.our_log(Verb::KeyRotated).await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_its_maker_with_a_fresh_factor_rotates_a_key() {
    each_engine(async |house: &House| {
        let ours = &house.ours;
        let key = makes(house, &ours.operator, wanted(&[])).await.unwrap();
        let by = async |person: &Person| code(rotates(house, person, &key, 0).await);
        assert_eq!(by(&ours.owner).await, "rank.above_actor", "it would act as its maker");
        assert_eq!(by(&ours.admin).await, "rank.above_actor");
        assert_eq!(by(&ours.viewer).await, "act.not_held");
        assert_eq!(by(&house.theirs.owner).await, "not_found");
        let given = house.now();
        house.advance(limits::FACTOR_FRESH_MS + 1);
        let wanted = WantedRotation { key: key.key.id, overlap_ms: None };
        let scope = ours.operator.scope(ours.id);
        let stale = rotate(&house.store, &house.broker, &scope, Some(given), wanted).await;
        assert_eq!(code(stale), "factor.not_fresh");
        assert_eq!(code(rotates(house, &ours.operator, &key, 0).await), "done");
        assert_eq!(from(house, &key, "192.0.2.7").await, Err(AuthRefused::Invalid), "no overlap");
        assert_eq!(code(rotates(house, &ours.operator, &key, 0).await), "conflict.exists");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_holds_a_key_ends_it_by_reporting_it() {
    each_engine(async |house: &House| {
        let key = makes(house, &house.ours.operator, wanted(&["10.0.0.0/8"])).await.unwrap();
        let other = makes(house, &house.ours.admin, wanted(&[])).await.unwrap();
        assert_eq!(from(house, &key, "10.0.0.1").await, Ok(()));
        for _ in 0..2 {
            report(&house.identity, house.origin(), key.text.show()).await.unwrap();
            assert_eq!(from(house, &key, "10.0.0.1").await, Err(AuthRefused::Invalid));
        }
        assert_eq!(house.our_log(Verb::KeyReported).await.len(), 1);
        assert!(row(house, &key).await.reported_at.is_some());
        assert_eq!(from(house, &other, "192.0.2.7").await, Ok(()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_without_the_secret_ends_nothing_and_has_the_same_answer() {
    each_engine(async |house: &House| {
        let key = makes(house, &house.ours.operator, wanted(&[])).await.unwrap();
        let guessed = ApiKeyText::new(key.key.id, house.store.mint()).shown();
        let unknown = ApiKeyText::new(house.store.mint().id(), house.store.mint()).shown();
        for text in ["", "cm_live_", "hunter2", guessed.show(), unknown.show()] {
            assert_eq!(report(&house.identity, house.origin(), text).await, Ok(()), "{text}");
        }
        assert_eq!(from(house, &key, "192.0.2.7").await, Ok(()));
        assert!(house.our_log(Verb::KeyReported).await.is_empty());
        let refused = house.our_log(Verb::CredentialRefused).await;
        assert_eq!(refused[0]["new"]["why"], "secret", "its owners see that somebody guesses");
    })
    .await;
}
