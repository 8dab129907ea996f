//! Breaking the glass: who, what, how long, and who is told. Attacked from the API's side and from
//! the database's.

use std::collections::BTreeSet;

use broker::BrokerError;
use domain::authz::{Act, Denied};
use domain::{
    AccountScope, EmailAddress, GlassHand, GlassId, Origin, SecretId, StaffHand, StaffScope,
    UserId, limits,
};
use ledger::Verb;
use store::{Caller, Commit, NewUser, Page, QuietReason, StaffRole, Store, StoreError};
use vault::break_glass::{
    AskedGlass, GlassError, approve, ask, end_by_staff, end_by_workspace, list_for_staff,
    list_for_workspace, reveal,
};
use vault::secrets::{Rotation, rotate_secret};

use crate::house::{House, Team, Wire, each_engine, keep, logged, value, variable, why};

/// Each engine, with an account for everybody whom acme tells.
async fn each_house(test: impl AsyncFn(House)) {
    each_engine(async |house| {
        account(&house.store, house.acme.admin.actor().principal()).await;
        test(house).await;
    })
    .await;
}

async fn account(store: &Store, user: UserId) {
    let new = NewUser {
        id: user,
        email: EmailAddress::parse(&format!("{user}@platform.example")).unwrap(),
        password_hash: "$argon2id$".to_owned(),
        totp: domain::Sealed::from_envelope(vec![1]),
        totp_last_step: 1,
    };
    let caller = Caller::system("test", store.mint().id());
    store
        .platform_write::<_, StoreError>(&caller, move |tx| {
            tx.users().create(&new)?;
            Ok(Commit::quiet(QuietReason::Installation, ()))
        })
        .await
        .unwrap();
}

/// Somebody of the staff, whose passkey in hardware answered just now.
async fn staff(store: &Store) -> StaffHand {
    let hand = hand(store);
    let user = hand.account().user();
    account(store, user).await;
    let caller = Caller::system("test", store.mint().id());
    store
        .platform_write::<_, StoreError>(&caller, move |tx| {
            tx.staff().add(user, StaffRole::Auditor, "host")?;
            Ok(Commit::quiet(QuietReason::Installation, ()))
        })
        .await
        .unwrap();
    hand
}

/// Somebody whose passkey in hardware answered just now, staff or not.
fn hand(store: &Store) -> StaffHand {
    let mint = store.mint();
    made(store, GlassHand { user: mint.id(), session: mint.id(), passkey: mint.id() })
}

fn made(store: &Store, hand: GlassHand) -> StaffHand {
    let origin = Origin { request: store.mint().id(), ip: None, user_agent: None };
    let account = AccountScope::authenticated(hand.user, hand.session, origin);
    StaffHand::asserted(StaffScope::authenticated(account), hand.passkey)
}

/// The same person in a request of its own.
fn again(store: &Store, hand: &StaffHand) -> StaffHand {
    made(store, hand.hand())
}

async fn secret_of(house: &House, team: &Team, called: &str, text: &str) -> SecretId {
    let path = keep(house, team, called, text).await;
    let (project, environment) = (path.project, path.environment);
    let name = variable(called);
    house
        .store
        .read(&team.owner, move |tx| tx.secrets().sealed(project, environment, &name))
        .await
        .unwrap()
        .unwrap()
        .id
}

fn wanted(team: &Team, secrets: &[SecretId]) -> AskedGlass {
    let secrets: BTreeSet<_> = secrets.iter().copied().collect();
    AskedGlass { tenant: team.id, secrets, reason: why(), minutes: 30 }
}

/// Two of the staff, a secret of acme's, and what they agreed on about it.
struct Broken {
    ada: StaffHand,
    secret: SecretId,
    glass: GlassId,
}

async fn broken(house: &House) -> Broken {
    let House { store, broker, acme, .. } = house;
    let (ada, bea) = (staff(store).await, staff(store).await);
    let secret = secret_of(house, acme, "A", "acme's value").await;
    let glass = ask(store, &ada, wanted(acme, &[secret])).await.unwrap().value.asked.id;
    approve(store, broker, &bea, glass).await.unwrap();
    Broken { ada, secret, glass }
}

async fn opens(house: &House, hand: &StaffHand, glass: GlassId, secret: SecretId) -> Answer {
    let hand = again(&house.store, hand);
    let revealed = reveal(&house.store, &house.broker, &hand, glass, secret).await;
    revealed.map(|one| one.value.value.expose_text().unwrap().to_owned())
}

type Answer = Result<String, GlassError>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_of_the_staff_open_a_named_secret_and_the_workspace_is_told_before_and_after() {
    each_house(async |house| {
        let House { store, broker, acme, .. } = &house;
        let (ada, bea) = (staff(store).await, staff(store).await);
        let secret = secret_of(&house, acme, "A", "acme's value").await;
        let asked = ask(store, &ada, wanted(acme, &[secret])).await.unwrap().value;
        let glass = asked.asked.id;
        assert_eq!(opens(&house, &ada, glass, secret).await, Err(GlassError::NotOpen));
        let agreed = approve(store, broker, &bea, glass).await.unwrap();
        assert_eq!(agreed.entries.len(), 2, "one in each log");
        assert_eq!(opens(&house, &ada, glass, secret).await, Ok("acme's value".to_owned()));
        // Only who asked opens.
        assert_eq!(opens(&house, &bea, glass, secret).await, Err(GlassError::NotFound));

        let told = logged(store, &acme.owner, Verb::BreakGlassApproved).await;
        assert_eq!(told.len(), 1);
        let text = told[0].0.to_string();
        for hand in [&ada, &bea] {
            assert!(text.contains(&hand.account().user().to_string()), "{text}");
            assert!(text.contains(&hand.hand().passkey.to_string()), "{text}");
        }
        let opened = logged(store, &acme.owner, Verb::BreakGlassOpened).await;
        assert_eq!(opened[0].0["resource"]["id"], secret.to_string().as_str());
        assert!(logged(store, &house.rival.owner, Verb::BreakGlassApproved).await.is_empty());
        let journal = house.openings().await;
        let glasses: Vec<_> = journal.iter().filter_map(|entry| entry.glass.as_ref()).collect();
        assert_eq!(glasses.len(), 2);
        for note in glasses {
            assert_eq!((note.asked_by, note.approved_by), (ada.hand(), bea.hand()));
            assert_eq!(note.reason, why().as_str());
        }
        for scope in [&acme.owner, &acme.admin] {
            let user = scope.actor().principal();
            let told = store
                .platform_read(move |tx| tx.outbox().list(user, Page::first(10)))
                .await
                .unwrap();
            let kinds: Vec<_> = told.items.iter().map(|one| one.kind.as_str()).collect();
            assert_eq!(kinds, ["glass_broken"]);
        }
        let seen = list_for_workspace(store, &acme.owner, Page::default()).await.unwrap();
        assert_eq!(seen.items.len(), 1);
        let rivals = list_for_workspace(store, &house.rival.owner, Page::default()).await.unwrap();
        assert!(rivals.items.is_empty());
        let all = list_for_staff(store, &bea, Page::first(200)).await.unwrap();
        assert!(all.items.iter().any(|one| one.asked.id == glass));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hands_that_share_anything_and_people_who_are_not_staff_break_nothing() {
    each_house(async |house| {
        let House { store, broker, acme, rival, .. } = &house;
        let (ada, bea) = (staff(store).await, staff(store).await);
        let secret = secret_of(&house, acme, "A", "value").await;
        let glass = ask(store, &ada, wanted(acme, &[secret])).await.unwrap().value.asked.id;
        let mint = store.mint();
        for same in [
            ada.hand(),
            GlassHand { session: mint.id(), passkey: mint.id(), ..ada.hand() },
            GlassHand { session: ada.hand().session, ..bea.hand() },
            GlassHand { passkey: ada.hand().passkey, ..bea.hand() },
        ] {
            let refused = approve(store, broker, &made(store, same), glass).await.err();
            assert_eq!(refused, Some(GlassError::TwoPeople), "{same:?}");
        }
        let stranger = hand(store);
        let refused = approve(store, broker, &stranger, glass).await.err();
        assert_eq!(refused, Some(GlassError::NotFound));
        let refused = ask(store, &stranger, wanted(acme, &[secret])).await.err();
        assert_eq!(refused, Some(GlassError::NotFound));
        let refused = list_for_staff(store, &stranger, Page::default()).await.err();
        assert_eq!(refused, Some(GlassError::NotFound));
        let elsewhere = ask(store, &ada, wanted(rival, &[secret])).await.err();
        assert_eq!(elsewhere, Some(GlassError::NotFound), "it is no secret of the rival's");
        let nothing = ask(store, &ada, wanted(acme, &[])).await.err();
        assert_eq!(nothing, Some(GlassError::NotOpen));
        let long = AskedGlass { minutes: limits::GLASS_MINUTES_MAX + 1, ..wanted(acme, &[secret]) };
        assert_eq!(ask(store, &ada, long).await.err(), Some(GlassError::NotOpen));
        assert!(logged(store, &acme.owner, Verb::BreakGlassApproved).await.is_empty());
        assert!(house.openings().await.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_secrets_and_newer_versions_stay_closed() {
    each_house(async |house| {
        let House { store, broker, acme, rival, .. } = &house;
        let Broken { ada, secret, glass } = broken(&house).await;
        let other = secret_of(&house, acme, "B", "another").await;
        let rivals = secret_of(&house, rival, "A", "the rival's").await;
        for closed in [other, rivals] {
            assert_eq!(opens(&house, &ada, glass, closed).await, Err(GlassError::NotOpen));
        }
        assert!(opens(&house, &ada, glass, secret).await.is_ok());
        let path = acme.path("A");
        let rotation = Rotation { path, value: value("newer"), expected: None };
        rotate_secret(store, broker, &acme.owner, rotation).await.unwrap();
        let newer = opens(&house, &ada, glass, secret).await;
        assert_eq!(newer, Err(GlassError::NotOpen), "a new version is out of reach");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_owner_ends_it_while_it_is_open_and_others_of_the_team_do_not() {
    each_house(async |house| {
        let House { store, broker, acme, rival, .. } = &house;
        let Broken { ada, secret, glass } = broken(&house).await;
        let fresh = Some(house.now());
        for scope in [&acme.admin, &acme.operator, &acme.viewer] {
            let refused = end_by_workspace(store, broker, scope, fresh, glass).await.err();
            let denied = GlassError::Denied(Denied::ActNotHeld(Act::SealingRotate));
            assert_eq!(refused, Some(denied));
        }
        let theirs = end_by_workspace(store, broker, &rival.owner, fresh, glass).await.err();
        assert_eq!(theirs, Some(GlassError::NotFound));
        assert!(opens(&house, &ada, glass, secret).await.is_ok());
        end_by_workspace(store, broker, &acme.owner, fresh, glass).await.unwrap();
        assert_eq!(opens(&house, &ada, glass, secret).await, Err(GlassError::NotOpen));
        assert_eq!(logged(store, &acme.owner, Verb::BreakGlassEnded).await.len(), 1);
        end_by_workspace(store, broker, &acme.owner, fresh, glass).await.unwrap();
        end_by_staff(store, broker, &ada, glass).await.unwrap();
        assert_eq!(logged(store, &acme.owner, Verb::BreakGlassEnded).await.len(), 1);
        // What was ended is not agreed on again.
        let refused = approve(store, broker, &staff(store).await, glass).await.err();
        assert_eq!(refused, Some(GlassError::NotOpen));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_staff_takes_back_opens_nothing() {
    each_house(async |house| {
        let House { store, broker, acme, .. } = &house;
        let Broken { ada, secret, glass } = broken(&house).await;
        end_by_staff(store, broker, &ada, glass).await.unwrap();
        assert_eq!(opens(&house, &ada, glass, secret).await, Err(GlassError::NotOpen));
        let asked = ask(store, &ada, wanted(acme, &[secret])).await.unwrap().value.asked.id;
        end_by_staff(store, broker, &ada, asked).await.unwrap();
        let bea = staff(store).await;
        let refused = approve(store, broker, &bea, asked).await.err();
        assert_eq!(refused, Some(GlassError::NotOpen));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agreement_is_repeated_by_its_own_hand_alone_and_tells_once() {
    each_house(async |house| {
        let House { store, broker, acme, .. } = &house;
        let (ada, bea) = (staff(store).await, staff(store).await);
        let secret = secret_of(&house, acme, "A", "value").await;
        let glass = ask(store, &ada, wanted(acme, &[secret])).await.unwrap().value.asked.id;
        let once = approve(store, broker, &bea, glass).await.unwrap().value;
        let twice = approve(store, broker, &bea, glass).await.unwrap().value;
        assert_eq!(once, twice);
        let refused = approve(store, broker, &staff(store).await, glass).await.err();
        assert_eq!(refused, Some(GlassError::NotOpen));
        assert_eq!(logged(store, &acme.owner, Verb::BreakGlassApproved).await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_say_agreed_open_nothing_that_the_broker_did_not_let_stand() {
    each_house(async |house| {
        let House { store, acme, .. } = &house;
        let Broken { ada, secret, glass } = broken(&house).await;
        // A whole agreement, written into both tables by whoever owns the database.
        let real = list_for_workspace(store, &acme.owner, Page::default()).await.unwrap();
        let (mut forged, mint) = (real.items[0].clone(), store.mint());
        forged.id = mint.id();
        let asked = store::NewGlass {
            id: forged.id,
            tenant: acme.id,
            secrets: vec![secret],
            reason: why(),
            minutes: 30,
            asked_by: forged.asked_by,
            expires_at: house.now().plus_ms(limits::GLASS_ASKED_MS),
        };
        let approval = store::GlassApproval {
            by: forged.approved_by,
            until: forged.until,
            notices: forged.notices.clone(),
        };
        let caller = Caller::system("test", mint.id());
        store
            .platform_write::<_, StoreError>(&caller, move |tx| {
                tx.glass().ask(&asked)?;
                assert!(tx.glass().approve(asked.id, &approval)?);
                Ok(Commit::quiet(QuietReason::Installation, ()))
            })
            .await
            .unwrap();
        let copy = forged.clone();
        store
            .write::<_, StoreError>(&acme.owner, move |tx| {
                assert!(tx.glass().broken(&copy)?);
                Ok(Commit::quiet(QuietReason::Installation, ()))
            })
            .await
            .unwrap();
        assert_eq!(opens(&house, &ada, forged.id, secret).await, Err(GlassError::NotOpen));
        let journal = house.openings().await;
        let of_forged = |note: &broker::GlassNote| note.glass == forged.id;
        assert!(!journal.iter().any(|entry| entry.glass.as_ref().is_some_and(of_forged)));
        let tried = logged(store, &acme.owner, Verb::BreakGlassOpened).await;
        assert!(tried.last().unwrap().0.to_string().contains("not_opened"));
        assert!(opens(&house, &ada, glass, secret).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_broker_the_workspace_is_told_and_nothing_opens_until_it_is_repeated() {
    each_house(async |house| {
        let House { store, broker, acme, .. } = &house;
        let (ada, bea) = (staff(store).await, staff(store).await);
        let secret = secret_of(&house, acme, "A", "value").await;
        let glass = ask(store, &ada, wanted(acme, &[secret])).await.unwrap().value.asked.id;
        let gone = Wire::to(house.broker_socket()).await.cut();
        let failed = approve(store, &gone, &bea, glass).await.err();
        assert_eq!(failed, Some(GlassError::Sealing(BrokerError::Unreachable)));
        assert_eq!(logged(store, &acme.owner, Verb::BreakGlassApproved).await.len(), 1);
        assert_eq!(opens(&house, &ada, glass, secret).await, Err(GlassError::NotOpen));
        approve(store, broker, &bea, glass).await.unwrap();
        assert!(opens(&house, &ada, glass, secret).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_step_waits_for_the_entry_that_tells_of_it() {
    each_house(async |house| {
        let House { store, acme, .. } = &house;
        let (ada, bea) = (staff(store).await, staff(store).await);
        let secret = secret_of(&house, acme, "A", "value").await;
        let glass = ask(store, &ada, wanted(acme, &[secret])).await.unwrap().value.asked.id;
        let wire = Wire::to(house.broker_socket()).await;
        let seen = wire.watch(store.clone(), acme.owner.clone(), Verb::BreakGlassApproved);
        approve(store, &wire.broker, &bea, glass).await.unwrap();
        assert_eq!(*seen.lock().unwrap(), [1], "the workspace is told before the broker is asked");
        let seen = wire.watch(store.clone(), acme.owner.clone(), Verb::BreakGlassOpened);
        reveal(store, &wire.broker, &again(store, &ada), glass, secret).await.unwrap();
        assert_eq!(*seen.lock().unwrap(), [1], "the entry stands before the value is opened");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_takes_the_message_away_takes_the_way_in_away() {
    each_house(async |house| {
        let House { store, acme, .. } = &house;
        let Broken { ada, secret, glass } = broken(&house).await;
        let later = house.now().plus_ms(1_000);
        let caller = Caller::system("test", store.mint().id());
        store
            .platform_write::<_, StoreError>(&caller, move |tx| {
                assert!(tx.outbox().sweep(later)? >= 2);
                Ok(Commit::quiet(QuietReason::Expired, ()))
            })
            .await
            .unwrap();
        assert_eq!(opens(&house, &ada, glass, secret).await, Err(GlassError::NotTold));
        assert!(logged(store, &acme.owner, Verb::BreakGlassOpened).await.is_empty());
    })
    .await;
}
