//! Owners, whom nobody in their workspace ranks above: the host's operator vouches for them.

use domain::authz::Role;
use domain::{Reason, limits};
use identity::codes::TypedCode;
use identity::recoveries::{HostVouchError, HostVouched, cancel, recover_on_host};
use identity::sessions::{
    Factor, HostSignOutError, RefreshError, SignInError, refresh, sign_out_on_host,
};
use ledger::Verb;
use store::NoticeKind;

use crate::house::{House, Person, each_engine, email};
use crate::recoveries::{NEW, asked, completes, signs_in_with, starts, told, vouches, with};

const WHY: &str = "called back on the number in the contract";

fn why() -> Reason {
    WHY.parse().unwrap()
}

async fn recovers(house: &House, whom: &Person) -> Result<HostVouched, HostVouchError> {
    let done = recover_on_host(&house.store, &house.broker, whom.email.clone(), why()).await;
    done.map(|done| done.value)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_is_recovered_by_the_host_after_the_delay_and_everybody_sees_it() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let done = recovers(house, ada).await.unwrap();
        let mailed = (done.recovery, done.code.unwrap().show().to_owned());
        assert!(starts(house, &mailed).await.is_err(), "the delay");
        house.advance(limits::RECOVERY_DELAY_MS);
        let seed = starts(house, &mailed).await.unwrap();
        assert_eq!(completes(house, &mailed, &seed).await, Ok(limits::BACKUP_CODES));
        assert_eq!(signs_in_with(house, ada, NEW, &seed).await, Ok(()));
        let told = told(house, ada).await;
        for step in [NoticeKind::RecoveryRequested, NoticeKind::RecoveryLink] {
            assert!(told.contains(&step), "{told:?}");
        }
        let approved = house.platform_log(Verb::RecoveryApproved).await;
        assert_eq!(
            (&approved[0]["new"]["by"], &approved[0]["new"]["why"]),
            (&"host".into(), &WHY.into())
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_vouches_for_no_member_and_into_no_workspace_of_others() {
    each_engine(async |house: &House| {
        let (ours, theirs) = (&house.ours, &house.theirs);
        assert_eq!(recovers(house, &ours.admin).await.unwrap_err(), HostVouchError::NotOwner);
        theirs.join(&house.store, &ours.owner, Role::Viewer, &[]).await;
        let half = recovers(house, &ours.owner).await.unwrap();
        assert!(half.code.is_none() && half.vouched.opens_at.is_none(), "theirs vouches too");
        assert_eq!(recovers(house, &ours.owner).await.unwrap_err(), HostVouchError::Already);
        house.advance(limits::RECOVERY_DELAY_MS);
        let forged = TypedCode::new(house.store.mint()).shown().show().to_owned();
        assert!(starts(house, &(half.recovery, forged)).await.is_err());
        let whole = vouches(house, theirs, &theirs.owner, half.recovery).await;
        assert!(whole.unwrap().value.opens_at.is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_who_asked_is_vouched_for_once_and_stops_it_from_any_session() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let tokens = ada.signs_in(house).await;
        let id = asked(house, &house.ours, ada).await;
        let done = recovers(house, ada).await.unwrap();
        assert_eq!(done.recovery, id, "the one that she asked for");
        assert_eq!(recovers(house, ada).await.unwrap_err(), HostVouchError::Already);
        cancel(&house.identity, &ada.account(&tokens), id).await.unwrap();
        house.advance(limits::RECOVERY_DELAY_MS);
        let mailed = (id, done.code.unwrap().show().to_owned());
        assert!(starts(house, &mailed).await.is_err());
        house.advance(30_000);
        let factor = Factor::totp(&ada.code(house)).unwrap();
        assert_eq!(with(house, ada, NEW, factor).await, Err(SignInError::Wrong), "no change");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_without_an_account_is_recovered_or_signed_out() {
    each_engine(async |house: &House| {
        let (store, broker) = (&house.store, &house.broker);
        let nobody = recover_on_host(store, broker, email("nobody@example.org"), why()).await;
        assert_eq!(nobody.unwrap_err(), HostVouchError::Nobody);
        let nobody = sign_out_on_host(store, email("nobody@example.org"), why()).await;
        assert_eq!(nobody.unwrap_err(), HostSignOutError::Nobody);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_the_host_signs_out_is_signed_out_everywhere_and_nobody_else_is() {
    each_engine(async |house: &House| {
        let (bob, neighbour) = (&house.ours.operator, &house.theirs.owner);
        let (one, two) = (bob.signs_in(house).await, bob.signs_in(house).await);
        let theirs = neighbour.signs_in(house).await;
        let ended = sign_out_on_host(&house.store, bob.email.clone(), why()).await.unwrap().value;
        assert!(ended.contains(&one.session) && ended.contains(&two.session));
        house.refused_after(&one).await;
        for tokens in [&one, &two] {
            let next = refresh(&house.identity, house.origin(), tokens.refresh_token.show()).await;
            assert_eq!(next.unwrap_err(), RefreshError::Ended);
        }
        let next = refresh(&house.identity, house.origin(), theirs.refresh_token.show()).await;
        assert!(next.is_ok());
        let entries = house.platform_log(Verb::SessionEnded).await;
        let entry = &entries.last().unwrap()["new"];
        assert_eq!((&entry["by"], &entry["why"]), (&"host".into(), &WHY.into()));
    })
    .await;
}
