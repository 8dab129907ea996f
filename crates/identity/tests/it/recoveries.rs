//! Assisted recovery: second people, a delay, notices, and no session at the end.

use broker::TotpCode;
use domain::authz::{Denied, RankDenied, Role};
use domain::{RecoveryId, limits};
use futures_util::future::join_all;
use identity::TeamError;
use identity::codes::TypedCode;
use identity::passwords::Password;
use identity::recoveries::{
    self, CompleteRecovery, RecoveryError, StartRecovery, Vouched, approve, cancel, complete,
    of_account, request, start,
};
use identity::sessions::{
    AccountError, Factor, RefreshError, SignIn, SignInError, refresh, sign_in,
};
use ledger::Verb;
use store::{Committed, NoticeKind, Page};

use crate::house::{
    House, Person, Sink, Team, code_of, each_engine, email, link_and_code, seed_of,
};
use crate::passkeys::registered;

pub(crate) const NEW: &str = "granite umbrella tin";

/// The request of this person, as their team sees it.
pub(crate) async fn asked(house: &House, team: &Team, whom: &Person) -> RecoveryId {
    request(&house.identity, house.origin(), whom.email.clone(), team.id).await.unwrap();
    let scope = team.owner.scope(team.id);
    let listing = recoveries::list(&house.store, &scope, house.fresh(), Page::first(50)).await;
    let mut listed = listing.unwrap().items;
    listed.retain(|one| one.user == whom.user);
    listed.remove(0).id
}

pub(crate) async fn vouches(
    house: &House,
    team: &Team,
    by: &Person,
    id: RecoveryId,
) -> Result<Committed<Vouched>, TeamError> {
    approve(&house.identity, &by.scope(team.id), house.fresh(), id).await
}

/// Asked, approved and mailed: the code.
async fn approved(house: &House, team: &Team, whom: &Person) -> (RecoveryId, String) {
    let id = asked(house, team, whom).await;
    vouches(house, team, &team.owner, id).await.unwrap();
    let sink = Sink::open().await;
    sink.empties(&house.identity).await;
    let letters = sink.about(&whom.email, "Your recovery was approved");
    let (link, code) = link_and_code(letters.last().unwrap());
    assert_eq!(link, id.to_string());
    (id, code)
}

fn typed(text: &str) -> Password {
    Password::typed(text.to_owned()).unwrap()
}

pub(crate) async fn starts(
    house: &House,
    mailed: &(RecoveryId, String),
) -> Result<Vec<u8>, RecoveryError> {
    let code = TypedCode::parse(&mailed.1).unwrap();
    let presented = StartRecovery { recovery: mailed.0, code, password: typed(NEW) };
    let waiting = start(&house.identity, house.origin(), presented).await?;
    Ok(seed_of(waiting.totp_uri.show()))
}

pub(crate) async fn completes(
    house: &House,
    mailed: &(RecoveryId, String),
    seed: &[u8],
) -> Result<usize, RecoveryError> {
    let totp = TotpCode::parse(&code_of(seed, house.now().0 / 1_000)).unwrap();
    let code = TypedCode::parse(&mailed.1).unwrap();
    let presented = CompleteRecovery { recovery: mailed.0, code, totp };
    let done = complete(&house.identity, house.origin(), presented).await?;
    Ok(done.value.backup_codes.len())
}

pub(crate) async fn with(
    house: &House,
    whom: &Person,
    password: &str,
    factor: Factor,
) -> Result<(), SignInError> {
    let presented = SignIn { password: typed(password), ..whom.presents(factor) };
    sign_in(&house.identity, house.origin(), presented).await.map(drop)
}

/// A later sign-in with this password and a code of this seed.
pub(crate) async fn signs_in_with(
    house: &House,
    whom: &Person,
    password: &str,
    seed: &[u8],
) -> Result<(), SignInError> {
    house.advance(30_000);
    let code = code_of(seed, house.now().0 / 1_000);
    with(house, whom, password, Factor::totp(&code).unwrap()).await
}

pub(crate) async fn told(house: &House, whom: &Person) -> Vec<NoticeKind> {
    let user = whom.user;
    let listing =
        house.store.platform_read(move |tx| tx.outbox().list(user, Page::first(50))).await;
    listing.unwrap().items.iter().map(|one| one.kind).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_second_person_and_a_delay_the_account_gets_new_factors_and_no_session() {
    each_engine(async |house: &House| {
        let (team, bob) = (&house.ours, &house.ours.operator);
        let before = bob.signs_in(house).await;
        registered(house, bob, &before).await;
        let mailed = approved(house, team, bob).await;
        assert_eq!(starts(house, &mailed).await, Err(RecoveryError::NotOpen), "the delay");
        house.advance(limits::RECOVERY_DELAY_MS - 1);
        assert_eq!(starts(house, &mailed).await, Err(RecoveryError::NotOpen), "still");
        house.advance(1);
        let seed = starts(house, &mailed).await.unwrap();
        assert_eq!(completes(house, &mailed, &seed).await, Ok(limits::BACKUP_CODES));
        let user = bob.user;
        let live = house.store.platform_read(move |tx| tx.sessions().list(user, Page::first(9)));
        assert_eq!(live.await.unwrap().items, vec![], "none is left, and none began");
        let passkeys = house.store.platform_read(move |tx| tx.passkeys().count(user));
        assert_eq!(passkeys.await, Ok(0), "whoever holds what was lost holds its passkeys");
        let again = refresh(&house.identity, house.origin(), before.refresh_token.show()).await;
        assert_eq!(again.unwrap_err(), RefreshError::Ended);
        house.advance(30_000);
        let with = async |password: &str, factor: Factor| with(house, bob, password, factor).await;
        let old_code = Factor::totp(&bob.code(house)).unwrap();
        assert_eq!(with(NEW, old_code).await, Err(SignInError::Wrong), "the old authenticator");
        let old_backup = Factor::backup_code(&bob.backup_codes[0]).unwrap();
        assert_eq!(with(NEW, old_backup).await, Err(SignInError::Wrong), "the old codes");
        let new_code = code_of(&seed, house.now().0 / 1_000);
        assert_eq!(with(NEW, Factor::totp(&new_code).unwrap()).await, Ok(()));
        let steps = [
            NoticeKind::FactorAdded,
            NoticeKind::RecoveryRequested,
            NoticeKind::RecoveryLink,
            NoticeKind::RecoveryCompleted,
        ];
        let told = told(house, bob).await;
        assert_eq!(told.len(), steps.len(), "{told:?}");
        assert!(steps.iter().all(|step| told.contains(step)), "{told:?}");
        for verb in [Verb::RecoveryRequested, Verb::RecoveryApproved, Verb::RecoveryCompleted] {
            assert_eq!(house.platform_log(verb).await.len(), 1, "{verb}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_vouches_for_themselves_for_an_equal_for_the_owner_or_for_a_neighbour() {
    each_engine(async |house: &House| {
        let (ours, theirs) = (&house.ours, &house.theirs);
        let admins = asked(house, ours, &ours.admin).await;
        let own = vouches(house, ours, &ours.admin, admins).await.unwrap_err();
        assert!(matches!(own, TeamError::Refused(RankDenied::Oneself)), "{own:?}");
        let owners = asked(house, ours, &ours.owner).await;
        let above = vouches(house, ours, &ours.admin, owners).await.unwrap_err();
        let TeamError::Refused(RankDenied::TargetNotBelowActor { .. }) = above else {
            panic!("{above:?}");
        };
        for below in [&ours.operator, &ours.viewer] {
            let refused = vouches(house, ours, below, admins).await.unwrap_err();
            assert!(matches!(refused, TeamError::Refused(RankDenied::Act(_))), "{refused:?}");
        }
        let neighbour = vouches(house, theirs, &theirs.owner, admins).await.unwrap_err();
        assert!(matches!(neighbour, TeamError::NotVisible), "{neighbour:?}");
        let scope = theirs.owner.scope(theirs.id);
        let listed = recoveries::list(&house.store, &scope, house.fresh(), Page::first(50)).await;
        assert_eq!(listed.unwrap().items.len(), 0, "a neighbour's list does not show it");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vouching_takes_a_fresh_factor_and_counts_once() {
    each_engine(async |house: &House| {
        let ours = &house.ours;
        let id = asked(house, ours, &ours.viewer).await;
        let given = house.now();
        house.advance(limits::FACTOR_FRESH_MS + 1);
        let scope = ours.owner.scope(ours.id);
        for (factor_at, key) in [(Some(given), false), (None, true)] {
            let refused = approve(&house.identity, &scope, factor_at, id).await.unwrap_err();
            let TeamError::Refused(RankDenied::Act(denied)) = refused else { panic!() };
            assert_eq!(matches!(denied, Denied::PersonNeeded(_)), key);
        }
        assert!(vouches(house, ours, &ours.owner, id).await.unwrap().value.opens_at.is_some());
        let again = vouches(house, ours, &ours.admin, id).await.unwrap_err();
        assert!(matches!(again, TeamError::NotVisible), "{again:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_vouches_nobody_into_another_one() {
    each_engine(async |house: &House| {
        let (ours, theirs, bob) = (&house.ours, &house.theirs, &house.ours.operator);
        // A hostile owner has invited bob as the least of their team.
        theirs.join(&house.store, bob, Role::Viewer, &[]).await;
        let id = asked(house, theirs, bob).await;
        let half = vouches(house, theirs, &theirs.owner, id).await.unwrap();
        assert_eq!(half.value.opens_at, None, "bob's own team has to vouch too");
        let twice = vouches(house, theirs, &theirs.admin, id).await.unwrap_err();
        assert!(matches!(twice, TeamError::Exists), "{twice:?}");
        house.advance(limits::RECOVERY_DELAY_MS);
        let forged = (id, TypedCode::new(house.store.mint()).shown().show().to_owned());
        assert_eq!(starts(house, &forged).await, Err(RecoveryError::NotOpen));
        let whole = vouches(house, ours, &ours.admin, id).await.unwrap();
        assert!(whole.value.opens_at.is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_session_of_the_person_cancels_and_nobody_elses() {
    each_engine(async |house: &House| {
        let (ours, bob, eve) = (&house.ours, &house.ours.operator, &house.theirs.owner);
        let mailed = approved(house, ours, bob).await;
        let (bobs, eves) = (bob.signs_in(house).await, eve.signs_in(house).await);
        let seen = of_account(&house.identity, &bob.account(&bobs)).await.unwrap();
        assert_eq!(seen.unwrap().id, mailed.0);
        assert!(of_account(&house.identity, &eve.account(&eves)).await.unwrap().is_none());
        let stranger = cancel(&house.identity, &eve.account(&eves), mailed.0).await;
        assert_eq!(stranger.unwrap_err(), AccountError::NotVisible);
        house.advance(limits::FACTOR_FRESH_MS + 1);
        assert!(cancel(&house.identity, &bob.account(&bobs), mailed.0).await.is_ok());
        let again = cancel(&house.identity, &bob.account(&bobs), mailed.0).await;
        assert_eq!(again.unwrap_err(), AccountError::NotVisible);
        house.advance(limits::RECOVERY_DELAY_MS);
        assert_eq!(starts(house, &mailed).await, Err(RecoveryError::NotOpen));
        assert_eq!(told(house, bob).await.last(), Some(&NoticeKind::RecoveryCancelled));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_ends_by_itself_before_and_after_its_approval() {
    each_engine(async |house: &House| {
        let ours = &house.ours;
        let id = asked(house, ours, &ours.operator).await;
        house.advance(limits::RECOVERY_REQUEST_MS);
        let late = vouches(house, ours, &ours.owner, id).await.unwrap_err();
        assert!(matches!(late, TeamError::NotVisible), "{late:?}");
        let mailed = approved(house, ours, &ours.viewer).await;
        house.advance(limits::RECOVERY_DELAY_MS + limits::RECOVERY_OPEN_MS);
        assert_eq!(starts(house, &mailed).await, Err(RecoveryError::NotOpen));
        let anew = asked(house, ours, &ours.viewer).await;
        assert_ne!(anew, mailed.0, "what ended does not stand in the way");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_of_others_and_of_resets_open_no_recovery_and_a_few_end_it() {
    each_engine(async |house: &House| {
        let ours = &house.ours;
        let bobs = approved(house, ours, &ours.operator).await;
        let cats = approved(house, ours, &ours.viewer).await;
        house.advance(limits::RECOVERY_DELAY_MS);
        let crossed = (bobs.0, cats.1.clone());
        for n in 0..limits::RESET_CODES_MAX {
            let code = TypedCode::parse(&crossed.1).unwrap();
            let presented = StartRecovery { recovery: crossed.0, code, password: typed(NEW) };
            let from = house.origin_from(u8::try_from(n).unwrap());
            let wrong = start(&house.identity, from, presented).await.unwrap_err();
            assert_eq!(wrong, RecoveryError::Wrong);
        }
        assert_eq!(starts(house, &bobs).await, Err(RecoveryError::NotOpen), "ended");
        assert!(starts(house, &cats).await.is_ok(), "another's goes on");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_forty_parallel_completions_one_wins() {
    each_engine(async |house: &House| {
        let ours = &house.ours;
        let mailed = approved(house, ours, &ours.operator).await;
        house.advance(limits::RECOVERY_DELAY_MS);
        let seed = starts(house, &mailed).await.unwrap();
        let attempts = (0..40).map(|_| completes(house, &mailed, &seed));
        let won = join_all(attempts).await.into_iter().filter(Result::is_ok).count();
        assert_eq!(won, 1);
        assert_eq!(house.platform_log(Verb::RecoveryCompleted).await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_tells_nobody_who_has_an_account_or_where() {
    each_engine(async |house: &House| {
        let (ours, theirs) = (&house.ours, &house.theirs);
        for (whom, place) in [
            (ours.operator.email.clone(), ours.id),
            (ours.viewer.email.clone(), theirs.id),
            (email("nobody@ours.example"), ours.id),
        ] {
            let began = std::time::Instant::now();
            assert_eq!(request(&house.identity, house.origin(), whom, place).await, Ok(()));
            assert!(began.elapsed().as_millis() >= 250, "the answer left early");
        }
        assert_eq!(told(house, &ours.operator).await, [NoticeKind::RecoveryRequested]);
        assert!(told(house, &ours.viewer).await.is_empty(), "they are not in that workspace");
    })
    .await;
}
