//! What stands before a sign-in: known devices, many accounts from one network or from many, proofs
//! of work.

use domain::{EmailAddress, Origin, limits};
use futures_util::future::join_all;
use identity::guard::{Challenge, DeviceToken, meets};
use identity::passwords::Password;
use identity::sessions::{Factor, Holder, SessionTokens, SignIn, SignInError, sign_in, sign_in_by};
use ledger::Verb;

use crate::house::{House, Person, each_engine, email};

const HOUR_MS: i64 = 3_600_000;

fn guess(address: &EmailAddress, n: u32) -> SignIn {
    SignIn {
        email: address.clone(),
        password: Password::typed(format!("somebody else's password {n}")).unwrap(),
        factor: Factor::totp("000000").unwrap(),
        workspace: None,
    }
}

/// What a request carries beside what was typed.
#[derive(Debug, Clone, Default)]
struct Carried {
    device: Option<DeviceToken>,
    proof: Option<String>,
}

/// A wrong sign-in for some address of nobody.
async fn stuffed(house: &House, origin: Origin, n: u32) -> SignInError {
    let address = email(&format!("person{n}@elsewhere.example"));
    sign_in(&house.identity, origin, guess(&address, n)).await.unwrap_err()
}

/// The right password and code, from there, carrying this.
async fn comes(
    house: &House,
    person: &Person,
    origin: Origin,
    carried: Carried,
) -> Result<SessionTokens, SignInError> {
    house.advance(30_000);
    let presented = person.presents(Factor::totp(&person.code(house)).unwrap());
    arrives(house, origin, presented, carried).await
}

async fn arrives(
    house: &House,
    origin: Origin,
    presented: SignIn,
    carried: Carried,
) -> Result<SessionTokens, SignInError> {
    let holder = Holder::api().on_device(carried.device);
    let done = sign_in_by(&house.identity, origin, presented, holder, carried.proof).await;
    done.map(|done| done.value)
}

async fn device_of(house: &House, person: &Person) -> String {
    let tokens = comes(house, person, house.origin(), Carried::default()).await.unwrap();
    tokens.device_token.unwrap().show().to_owned()
}

fn device(token: &str) -> Carried {
    Carried { device: Some(DeviceToken::presented(token)), proof: None }
}

fn proof(text: String) -> Carried {
    Carried { device: None, proof: Some(text) }
}

fn solved(challenge: &Challenge) -> String {
    let text = challenge.text();
    let proofs = (0u64..).map(|n| format!("{text}.{n}"));
    proofs.into_iter().find(|proof| meets(proof.as_bytes(), challenge.bits)).unwrap()
}

fn challenged(result: Result<SessionTokens, SignInError>) -> Challenge {
    match result {
        Err(SignInError::Challenge(challenge)) => challenge,
        other => panic!("{:?} and no challenge", other.map(|tokens| tokens.session)),
    }
}

/// Makes our own network misbehave.
async fn misbehave(house: &House) {
    for n in 0..limits::STUFFING_PAIRS {
        assert_eq!(stuffed(house, house.origin(), n).await, SignInError::Wrong, "{n}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_device_signs_in_at_once_while_the_account_is_hammered_from_elsewhere() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let token = device_of(house, ada).await;
        for n in 0..20u8 {
            let presented = || guess(&ada.email, u32::from(n));
            let tried = sign_in(&house.identity, house.origin_from(n), presented()).await;
            if let Err(SignInError::Throttled(throttled)) = tried {
                house.advance(i64::from(throttled.retry_after_s) * 1_000);
                let again = sign_in(&house.identity, house.origin_from(n), presented()).await;
                assert_eq!(again.unwrap_err(), SignInError::Wrong, "{n}");
            }
        }
        let right = || ada.presents(Factor::totp(&ada.code(house)).unwrap());
        let stranger = arrives(house, house.origin_from(200), right(), Carried::default()).await;
        assert!(matches!(stranger, Err(SignInError::Throttled(_))));
        assert!(arrives(house, house.origin(), right(), device(&token)).await.is_ok());
        let stranger = arrives(house, house.origin_from(200), right(), Carried::default()).await;
        assert!(matches!(stranger, Err(SignInError::Throttled(_))), "it forgave nobody else");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_no_factor_and_its_parallel_guesses_are_all_counted() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let token = device_of(house, ada).await;
        let guesses = (0..40)
            .map(|n| arrives(house, house.origin_from(7), guess(&ada.email, n), device(&token)));
        let answers = join_all(guesses).await;
        let wrong = answers.iter().filter(|a| matches!(a, Err(SignInError::Wrong))).count();
        assert_eq!(wrong, 5, "the free guesses of one device, and not one more");
        assert!(answers.iter().all(Result::is_err), "a device opens nothing");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_of_somebody_else_is_a_strangers() {
    each_engine(async |house: &House| {
        let (ada, eve) = (&house.ours.owner, &house.theirs.owner);
        let theirs = device_of(house, eve).await;
        let own = device_of(house, ada).await;
        misbehave(house).await;
        let forged = own.replacen("cmd_", "cmd_A", 1);
        for token in [theirs.as_str(), &forged, "", "cmd_"] {
            challenged(comes(house, ada, house.origin(), device(token)).await);
        }
        assert!(comes(house, ada, house.origin(), device(&own)).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_names_its_device_and_twenty_devices_are_known() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let first = comes(house, ada, house.origin(), Carried::default()).await.unwrap();
        let token = first.device_token.unwrap().show().to_owned();
        let again = comes(house, ada, house.origin(), device(&token)).await.unwrap();
        assert_eq!(again.device_token.unwrap().show(), token);
        let (one, two) = (first.session, again.session);
        let of = async |id| {
            let row = house.store.platform_read(move |tx| tx.sessions().find(id)).await;
            row.unwrap().unwrap().device
        };
        assert!(of(one).await.is_some());
        assert_eq!(of(one).await, of(two).await);
        for _ in 0..limits::DEVICES_PER_USER_MAX {
            comes(house, ada, house.origin(), Carried::default()).await.unwrap();
        }
        let later = comes(house, ada, house.origin(), device(&token)).await.unwrap();
        assert_ne!(later.device_token.unwrap().show(), token, "the oldest was forgotten");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stuffing_over_twenty_accounts_from_one_network_is_challenged_and_told() {
    each_engine(async |house: &House| {
        misbehave(house).await;
        for n in 15..20 {
            let answer = stuffed(house, house.origin(), n).await;
            assert!(matches!(answer, SignInError::Challenge(_)), "{n}");
        }
        let told = house.platform_log(Verb::StuffingDetected).await;
        assert_eq!((told.len(), &told[0]["new"]["pairs"]), (1, &serde_json::json!(15)));
        assert_eq!(house.platform_log(Verb::NetworkChallenged).await.len(), 1);
        let neighbour = comes(house, &house.ours.owner, house.origin_from(9), Carried::default());
        assert!(neighbour.await.is_ok(), "another network is not concerned");
        house.advance(limits::NETWORK_CHALLENGE_MS);
        let later = comes(house, &house.ours.admin, house.origin(), Carried::default()).await;
        assert!(later.is_ok(), "nobody is challenged for ever");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pairs_of_more_than_three_hours_ago_and_one_pair_many_times_are_no_stuffing() {
    each_engine(async |house: &House| {
        for n in 0..60 {
            house.advance(limits::STUFFING_WINDOW_MS / 13);
            assert_eq!(stuffed(house, house.origin(), n).await, SignInError::Wrong, "{n}");
        }
        for _ in 0..25 {
            house.advance(20 * 60_000);
            let answer = sign_in(&house.identity, house.origin(), guess(&email("a@b.example"), 1));
            assert!(!matches!(answer.await, Err(SignInError::Challenge(_))));
        }
        assert!(house.platform_log(Verb::StuffingDetected).await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_big_office_behind_one_address_is_not_challenged() {
    each_engine(async |house: &House| {
        let people = [&house.ours, &house.theirs]
            .map(|team| [&team.owner, &team.admin, &team.operator, &team.viewer])
            .concat();
        for n in 0..200usize {
            let person = people[n % people.len()];
            let done = comes(house, person, house.origin(), Carried::default()).await;
            assert!(done.is_ok(), "{n}: {:?}", done.err());
            if n % 20 == 0 {
                let typo = guess(&person.email, u32::try_from(n).unwrap());
                let typo = sign_in(&house.identity, house.origin(), typo).await;
                assert_eq!(typo.unwrap_err(), SignInError::Wrong);
            }
        }
        assert!(house.platform_log(Verb::NetworkChallenged).await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn few_guesses_each_from_many_networks_raise_the_level_for_strangers_everywhere() {
    each_engine(async |house: &House| {
        let known = device_of(house, &house.ours.owner).await;
        let few = u32::try_from(limits::STUFFING_ACCOUNTS_MIN).unwrap();
        for n in 0..few {
            let from = house.origin_from(u8::try_from(n).unwrap());
            assert_eq!(stuffed(house, from, n).await, SignInError::Wrong, "{n}");
        }
        let elsewhere = house.origin_from(250);
        let bob = &house.ours.admin;
        challenged(comes(house, bob, elsewhere.clone(), Carried::default()).await);
        assert!(comes(house, &house.ours.owner, elsewhere.clone(), device(&known)).await.is_ok());
        let told = house.platform_log(Verb::StuffingDetected).await;
        assert_eq!(told.last().unwrap()["new"]["accounts"], serde_json::json!(few));
        house.advance(limits::EVERYWHERE_CHALLENGE_MS);
        assert!(comes(house, bob, elsewhere, Carried::default()).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_of_work_lets_a_stranger_through_once() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        misbehave(house).await;
        let here = house.origin();
        let challenge = challenged(comes(house, ada, here.clone(), Carried::default()).await);
        assert_eq!(challenge.bits, limits::WORK_BITS_MIN);
        let right = solved(&challenge);
        let short = format!("{}.", challenge.text());
        let unsolved = (0u64..).map(|n| format!("{short}{n}"));
        let unsolved = unsolved.into_iter().find(|it| !meets(it.as_bytes(), 16)).unwrap();
        for wrong in [unsolved, short, "1.1".to_owned(), String::new()] {
            challenged(comes(house, ada, here.clone(), proof(wrong)).await);
        }
        assert!(comes(house, ada, here.clone(), proof(right.clone())).await.is_ok());
        challenged(comes(house, ada, here, proof(right)).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_parallel_uses_of_one_proof_one_is_looked_at() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        misbehave(house).await;
        let here = house.origin();
        let right = solved(&challenged(comes(house, ada, here, Carried::default()).await));
        let uses = (0..10).map(|n| {
            let presented = guess(&ada.email, 1_000 + n);
            arrives(house, house.origin(), presented, proof(right.clone()))
        });
        let answers = join_all(uses).await;
        let looked_at = answers.iter().filter(|a| matches!(a, Err(SignInError::Wrong))).count();
        assert_eq!(looked_at, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_is_of_no_use_for_another_account_from_another_network_or_too_late() {
    each_engine(async |house: &House| {
        let (ada, bob) = (&house.ours.owner, &house.ours.admin);
        misbehave(house).await;
        for n in 0..limits::STUFFING_PAIRS {
            let _ = stuffed(house, house.origin_from(3), 100 + n).await;
        }
        let nothing = Carried::default;
        let here = house.origin();
        let right = solved(&challenged(comes(house, ada, here.clone(), nothing()).await));
        challenged(comes(house, bob, here.clone(), proof(right.clone())).await);
        challenged(comes(house, ada, house.origin_from(3), proof(right.clone())).await);
        house.advance(limits::CHALLENGE_MS);
        challenged(comes(house, ada, here.clone(), proof(right)).await);
        let right = solved(&challenged(comes(house, ada, here.clone(), nothing()).await));
        house.advance(-10 * 60_000);
        assert!(comes(house, bob, here.clone(), nothing()).await.is_err());
        let used = comes(house, ada, here, proof(right)).await;
        assert!(used.is_ok(), "a clock that went back keeps nobody out: {:?}", used.err());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn work_becomes_harder_while_a_network_goes_on() {
    each_engine(async |house: &House| {
        misbehave(house).await;
        let ada = &house.ours.owner;
        let mut tried = limits::STUFFING_PAIRS;
        let bits =
            async || challenged(comes(house, ada, house.origin(), Carried::default()).await).bits;
        assert_eq!(bits().await, limits::WORK_BITS_MIN);
        while tried < 2 * limits::STUFFING_PAIRS {
            house.advance(60_000);
            let presented = || guess(&email(&format!("person{tried}@elsewhere.example")), tried);
            let SignInError::Challenge(challenge) =
                sign_in(&house.identity, house.origin(), presented()).await.unwrap_err()
            else {
                panic!("no challenge");
            };
            let carried = proof(solved(&challenge));
            let done = arrives(house, house.origin(), presented(), carried).await;
            assert_eq!(done.unwrap_err(), SignInError::Wrong);
            tried += 1;
        }
        assert_eq!(bits().await, limits::WORK_BITS_MIN + 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_survive_a_restart_and_are_shared_by_replicas() {
    each_engine(async |house: &House| {
        misbehave(house).await;
        let other = house.replica().await;
        house.advance(30_000);
        let ada = &house.ours.owner;
        let presented = || ada.presents(Factor::totp(&ada.code(house)).unwrap());
        let refused = sign_in(&other, house.origin(), presented()).await.unwrap_err();
        let SignInError::Challenge(challenge) = refused else { panic!("{refused:?}") };
        let carried = proof(solved(&challenge));
        let done = arrives(house, house.origin(), presented(), carried).await;
        assert!(done.is_ok(), "a proof for one replica is taken by another");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn housekeeping_forgets_what_no_rule_asks_for() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let token = device_of(house, ada).await;
        misbehave(house).await;
        identity::sweep(&house.store).await.unwrap();
        challenged(comes(house, ada, house.origin(), Carried::default()).await);
        assert!(comes(house, ada, house.origin(), device(&token)).await.is_ok());
        house.advance(limits::DEVICE_UNSEEN_MS_MAX + HOUR_MS);
        identity::sweep(&house.store).await.unwrap();
        let later = comes(house, ada, house.origin(), device(&token)).await.unwrap();
        assert_ne!(later.device_token.unwrap().show(), token);
    })
    .await;
}
