//! Fresh factors and workspaces: the session rises, and tokens of before fall.

use domain::authz::{Denied, RankDenied};
use domain::limits;
use identity::members;
use identity::sessions::{
    EnterError, Factor, RefreshError, SessionTokens, StepUpError, Whoami, enter_workspace, refresh,
    step_up, whoami,
};
use identity::{AuthRefused, TeamError, authenticate};
use ledger::Verb;

use crate::house::{House, each_engine};

async fn asks(house: &House, tokens: &SessionTokens) -> Result<(), AuthRefused> {
    authenticate(&house.identity, tokens.access_token.show(), house.origin()).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_up_makes_the_factor_fresh_and_old_tokens_fall() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let before = ada.signs_in(house).await;
        house.advance(limits::FACTOR_FRESH_MS - 60_000);
        let factor = Factor::totp(&ada.code(house)).unwrap();
        let risen = step_up(&house.identity, &ada.account(&before), factor).await.unwrap();
        assert_eq!((risen.entries.len(), risen.value.session), (1, before.session));
        house.refused_after(&before).await;
        assert_eq!(asks(house, &risen.value).await, Ok(()));
        let token = risen.value.access_token.show();
        let principal = authenticate(&house.identity, token, house.origin()).await.unwrap();
        assert_eq!(principal.account().unwrap().1.0 / 1_000, house.now().0 / 1_000);
        house.advance(limits::REFRESH_GRACE_MS + 1);
        let old = refresh(&house.identity, house.origin(), before.refresh_token.show()).await;
        assert_eq!(old.unwrap_err(), RefreshError::Replayed, "the refresh token moved on too");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_up_refuses_wrong_and_used_codes_and_counts_them() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let tokens = ada.signs_in(house).await;
        let account = ada.account(&tokens);
        let gives = async |code: &str| {
            let factor = Factor::totp(code).unwrap();
            step_up(&house.identity, &account, factor).await.map(drop)
        };
        let used = ada.code(house);
        assert_eq!(gives(&used).await, Err(StepUpError::Wrong), "the sign-in used it up");
        for _ in 1..5 {
            assert_eq!(gives("000000").await, Err(StepUpError::Wrong));
        }
        assert!(matches!(gives("000000").await, Err(StepUpError::Throttled(_))));
        assert_eq!(house.platform_log(Verb::SessionStepUpRefused).await.len(), 5);
        assert_eq!(asks(house, &tokens).await, Ok(()), "the session itself stands");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_needs_a_factor_that_is_fresh() {
    each_engine(async |house: &House| {
        let (ours, store) = (&house.ours, &house.store);
        let scope = ours.owner.scope(ours.id);
        let given = house.now();
        house.advance(limits::FACTOR_FRESH_MS + 1);
        let refused = members::transfer(store, &scope, Some(given), ours.admin.user).await;
        let Err(TeamError::Refused(RankDenied::Act(Denied::FactorNotFresh(_)))) = refused else {
            panic!("{refused:?}");
        };
        let moved = members::transfer(store, &scope, house.fresh(), ours.admin.user).await;
        assert!(moved.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entering_a_workspace_binds_the_session_and_leaving_it_behind_ends_its_tokens() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        house.theirs.join(&house.store, ada, domain::authz::Role::Viewer, &[]).await;
        let unbound = ada.signs_in(house).await;
        let account = ada.account(&unbound);
        let enters = async |tenant| {
            enter_workspace(&house.identity, &account, tenant).await.map(|done| done.value)
        };
        let ours = enters(house.ours.id).await.unwrap();
        let theirs = enters(house.theirs.id).await.unwrap();
        house.refused_after(&ours).await;
        house.refused_after(&unbound).await;
        let token = theirs.access_token.show();
        let principal = authenticate(&house.identity, token, house.origin()).await.unwrap();
        assert_eq!(principal.tenant(), Some(house.theirs.id));
        let Whoami::Person { email, workspace, .. } =
            whoami(&house.identity, &principal).await.unwrap()
        else {
            panic!("a person");
        };
        assert_eq!(
            (email, workspace.unwrap().role),
            (ada.email.clone(), domain::authz::Role::Viewer)
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_neighbours_workspace_is_entered_by_nobody_else() {
    each_engine(async |house: &House| {
        let ada = &house.ours.owner;
        let account = ada.account(&ada.signs_in(house).await);
        for tenant in [house.theirs.id, house.store.mint().id()] {
            let refused = enter_workspace(&house.identity, &account, tenant).await;
            assert_eq!(refused.unwrap_err(), EnterError::NotVisible);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hint_without_a_membership_opens_nothing_and_goes_away() {
    use domain::authz::Role;
    use store::{Caller, Commit, QuietReason, StoreError};
    each_engine(async |house: &House| {
        let (ada, tenant) = (&house.ours.owner, house.theirs.id);
        let account = ada.account(&ada.signs_in(house).await);
        let user = ada.user;
        house
            .store
            .platform_write(&Caller::from(&account), move |tx| {
                tx.memberships().set(user, tenant, Role::Owner)?;
                Ok::<_, StoreError>(Commit::quiet(QuietReason::Hint, ()))
            })
            .await
            .unwrap();
        let refused = enter_workspace(&house.identity, &account, tenant).await;
        assert_eq!(refused.unwrap_err(), EnterError::NotVisible);
        let hints = house.store.platform_read(move |tx| tx.memberships().of_user(user));
        assert!(hints.await.unwrap().iter().all(|hint| hint.workspace != tenant));
    })
    .await;
}
