//! Owners, whom nobody in their workspace ranks above: the host's operator vouches for them.

use domain::authz::Role;
use domain::limits;
use identity::codes::TypedCode;
use identity::recoveries::{HostVouchError, HostVouched, cancel, recover_on_host};
use identity::sessions::{Factor, SignInError};
use ledger::Verb;
use store::{NoticeKind, Page};

use crate::house::{House, Person, each_engine, email};
use crate::recoveries::{NEW, asked, completes, signs_in_with, starts, told, vouches, with};

const WHY: &str = "called back on the number in the contract";

async fn recovers(house: &House, whom: &Person) -> Result<HostVouched, HostVouchError> {
    let done = recover_on_host(&house.store, &house.broker, whom.email.clone(), WHY).await;
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
async fn nobody_without_an_account_and_nothing_without_a_reason() {
    each_engine(async |house: &House| {
        let (store, broker) = (&house.store, &house.broker);
        let nobody = recover_on_host(store, broker, email("nobody@example.org"), WHY).await;
        assert_eq!(nobody.unwrap_err(), HostVouchError::Nobody);
        let ada = &house.ours.owner;
        for reason in ["", "  ", "a\nb", &"x".repeat(201)] {
            let refused = recover_on_host(store, broker, ada.email.clone(), reason).await;
            assert_eq!(refused.unwrap_err(), HostVouchError::Reason, "{reason:?}");
        }
        let user = ada.user;
        let open = house.store.platform_read(move |tx| tx.recoveries().of_user(user)).await;
        assert_eq!(open.unwrap(), None, "nothing was begun");
        let listed = house.store.platform_read(move |tx| tx.outbox().list(user, Page::first(9)));
        assert!(listed.await.unwrap().items.is_empty());
    })
    .await;
}
