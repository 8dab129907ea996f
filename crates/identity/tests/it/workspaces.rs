//! Workspaces: born whole or not at all, ended for everybody.

use domain::authz::UpdateWorkspace;
use domain::limits;
use identity::sessions::{AccountError, enter_workspace, refresh, sign_out};
use identity::workspaces::{create, delete, get, list, update};
use identity::{AuthRefused, TeamError, authenticate, keys, members};
use ledger::Verb;
use store::{Caller, Commit, Page, QuietReason, StoreError, Unit};

use crate::house::{House, each_engine, name};

fn code<T>(answer: Result<T, TeamError>) -> &'static str {
    answer.err().map_or("done", |error| error.code())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_is_born_with_its_owner_and_listed_for_them_alone() {
    each_engine(async |house: &House| {
        let (ada, bob) = (&house.ours.owner, &house.theirs.owner);
        let (hers, his) =
            (ada.account(&ada.signs_in(house).await), bob.account(&bob.signs_in(house).await));
        let born = create(&house.store, &house.broker, &hers, name("second")).await.unwrap();
        assert_eq!(born.entries.len(), 1);
        let names = async |account| -> Vec<String> {
            let listed = list(&house.store, account).await.unwrap();
            listed.iter().map(|one| one.name.to_string()).collect()
        };
        assert_eq!(names(&hers).await, ["ours", "second"]);
        assert_eq!(names(&his).await, ["theirs"]);
        let entered = enter_workspace(&house.identity, &hers, born.value).await.unwrap();
        assert_eq!(entered.value.workspace, Some(born.value));
        let refused = enter_workspace(&house.identity, &his, born.value).await;
        assert_eq!(refused.unwrap_err().code(), "not_found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_owns_so_many_workspaces_and_no_more() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let account = ada.account(&ada.signs_in(house).await);
        for n in 1..limits::WORKSPACES_PER_OWNER_MAX {
            let called = name(&format!("w{n}"));
            create(&house.store, &house.broker, &account, called).await.unwrap();
        }
        let refused = create(&house.store, &house.broker, &account, name("over")).await;
        assert!(matches!(refused, Err(AccountError::LimitReached { .. })));
        let (theirs, store) = (&house.theirs, &house.store);
        theirs.join(store, ada, domain::authz::Role::Admin, &[]).await;
        let scope = theirs.owner.scope(theirs.id);
        let moved = members::transfer(store, &scope, house.fresh(), ada.user).await;
        assert_eq!(code(moved), "limit.reached", "a transfer is no way around it");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_workspace_is_gone_for_people_tokens_and_keys() {
    each_engine(async |house: &House| {
        let (ours, store) = (&house.ours, &house.store);
        let admin = &ours.admin;
        let account = admin.account(&admin.signs_in(house).await);
        let bound = enter_workspace(&house.identity, &account, ours.id).await.unwrap().value;
        let token = bound.access_token.show();
        assert!(authenticate(&house.identity, token, house.origin()).await.is_ok());

        let scope = ours.owner.scope(ours.id);
        assert_eq!(code(delete(store, &admin.scope(ours.id), house.fresh()).await), "act.not_held");
        assert_eq!(code(delete(store, &scope, house.fresh()).await), "done");
        assert_eq!(code(get(store, &scope, house.fresh()).await), "not_found");
        assert_eq!(code(delete(store, &scope, house.fresh()).await), "not_found");
        assert_eq!(code(keys::list(store, &scope, None, Page::first(10)).await), "not_found");
        house.refused_after(&bound).await;
        let theirs = &house.theirs;
        assert_eq!(code(get(store, &theirs.owner.scope(theirs.id), None).await), "done");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_workspace_was_deleted_is_refreshed_into_none() {
    each_engine(async |house: &House| {
        let (ours, theirs, identity) = (&house.ours, &house.theirs, &house.identity);
        let (ada, bob) = (&ours.owner, &theirs.owner);
        let (hers, his) = (ada.signs_in(house).await, bob.signs_in(house).await);
        enter_workspace(identity, &ada.account(&hers), ours.id).await.unwrap();
        enter_workspace(identity, &bob.account(&his), theirs.id).await.unwrap();
        delete(&house.store, &ada.scope(ours.id), house.fresh()).await.unwrap();

        let refreshed = async |token: &str| refresh(identity, house.origin(), token).await.unwrap();
        let left = refreshed(hers.refresh_token.show()).await.value;
        assert_eq!(left.workspace, None);
        let repeated = refreshed(hers.refresh_token.show()).await.value;
        assert_eq!(repeated.refresh_token.show(), left.refresh_token.show(), "nothing forks");
        assert_eq!(refreshed(his.refresh_token.show()).await.value.workspace, Some(theirs.id));

        let replica = house.replica().await;
        let asked = authenticate(&replica, left.access_token.show(), house.origin()).await.unwrap();
        assert_eq!(asked.tenant(), None);
        let listed = list(&house.store, &ada.account(&left)).await.unwrap();
        assert!(listed.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_members_session_lives_and_never_enters_the_workspace_again() {
    each_engine(async |house: &House| {
        let (ours, identity) = (&house.ours, &house.identity);
        let admin = &ours.admin;
        let session = admin.signs_in(house).await;
        let account = admin.account(&session);
        let bound = enter_workspace(identity, &account, ours.id).await.unwrap().value;
        let by = ours.owner.scope(ours.id);
        members::remove(&house.store, &by, house.fresh(), admin.user).await.unwrap();

        let inside = get(&house.store, &admin.scope(ours.id), house.fresh()).await;
        assert_eq!(code(inside), "not_found", "the row says so, whatever the token says");
        let entered = enter_workspace(identity, &account, ours.id).await;
        assert_eq!(entered.unwrap_err().code(), "not_found");
        let refreshed = refresh(identity, house.origin(), bound.refresh_token.show()).await;
        let scope = admin.scope(refreshed.unwrap().value.workspace.unwrap());
        assert_eq!(code(get(&house.store, &scope, house.fresh()).await), "not_found");
        let again = admin.signs_in(house).await;
        let entered = enter_workspace(identity, &admin.account(&again), ours.id).await;
        assert_eq!(entered.unwrap_err().code(), "not_found");
        assert!(list(&house.store, &admin.account(&again)).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_change_with_old_and_new_in_the_entry() {
    each_engine(async |house: &House| {
        let (ours, store) = (&house.ours, &house.store);
        let wanted = || UpdateWorkspace { production_local_use: true, device_sign_in: None };
        let by = async |scope| code(update(store, &scope, house.fresh(), wanted()).await);
        assert_eq!(by(ours.operator.scope(ours.id)).await, "act.not_held");
        assert_eq!(by(house.theirs.owner.scope(ours.id)).await, "not_found");
        assert_eq!(by(ours.admin.scope(ours.id)).await, "done");
        let log = house.our_log(Verb::WorkspaceUpdated).await;
        assert_eq!(log[0]["old"]["production_local_use"], false);
        assert_eq!(log[0]["new"]["production_local_use"], true);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_birth_that_was_cut_off_is_undone_or_finished() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let account = ada.account(&ada.signs_in(house).await);
        let (store, owner) = (&house.store, ada.user);
        let (never, half) = (store.mint().id(), store.mint().id());
        let caller = Caller::from(&account);
        store
            .platform_write(&caller, move |tx| {
                for (id, called) in [(never, "never"), (half, "half")] {
                    tx.workspaces().reserve(id, &name(called), owner)?;
                    tx.memberships().set(owner, id, domain::authz::Role::Owner)?;
                }
                Ok::<_, StoreError>(Commit::quiet(QuietReason::Hint, ()))
            })
            .await
            .unwrap();
        store.create_unit(half).await.unwrap();
        let address = ada.email.clone();
        store
            .write(&ada.scope(half), move |tx| {
                assert!(tx.team().create(&name("half"), owner, &address)?);
                Ok::<_, StoreError>(Commit::quiet(QuietReason::Installation, ()))
            })
            .await
            .unwrap();

        let mended = store.reconcile().await.unwrap();
        assert!(mended.confirmed.is_empty(), "a request may still be at it");
        house.advance(2 * i64::try_from(limits::REQUEST_MS_MAX).unwrap() + 1);
        let mended = store.reconcile().await.unwrap();
        assert_eq!((mended.confirmed, mended.released), (vec![half], vec![never]));
        let listed = list(store, &account).await.unwrap();
        let ids: Vec<_> = listed.iter().map(|one| one.workspace).collect();
        assert_eq!(ids, [house.ours.id, half]);
        assert!(!store.units().await.unwrap().contains(&Unit::Tenant(never)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ended_makes_and_lists_nothing() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let account = ada.account(&ada.signs_in(house).await);
        sign_out(&house.identity, &account).await.unwrap();
        let made = create(&house.store, &house.broker, &account, name("late")).await;
        assert_eq!(made.unwrap_err(), AccountError::Ended);
        assert_eq!(list(&house.store, &account).await.unwrap_err(), AccountError::Ended);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn housekeeping_removes_what_ended_and_nothing_that_counts() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let old = ada.signs_in(house).await;
        let account = ada.account(&old);
        sign_out(&house.identity, &account).await.unwrap();
        let kept = ada.signs_in(house).await;
        identity::sweep(&house.store).await.unwrap();
        let token = kept.access_token.show();
        assert!(authenticate(&house.identity, token, house.origin()).await.is_ok());
        let replica = house.replica().await;
        let refused = authenticate(&replica, old.access_token.show(), house.origin()).await;
        assert_eq!(
            refused.unwrap_err(),
            AuthRefused::Revoked,
            "its token is younger than its life"
        );
        house.advance(limits::SESSION_LIFE_MS_MAX + 1);
        assert!(identity::sweep(&house.store).await.unwrap() >= 2);
        assert_eq!(identity::sweep(&house.store).await, Ok(0));
    })
    .await;
}
