//! The rank guard, by the names of the bugs that others had, on every use case that changes
//! somebody's place.

use domain::Scope;
use domain::authz::{Act, Effect, Overrides, RankDenied, Role};
use domain::authz::{Override, rank::Invite};
use futures_util::future::join_all;
use identity::members::{change_role, invite, list, remove, set_overrides, transfer};
use identity::{TeamError, keys, workspaces};
use ledger::Verb;
use store::Page;

use crate::house::{House, Person, Team, each_engine, email, name};

fn grants(act: Act) -> Overrides {
    let one = Override { act, effect: Effect::Grant, project: None, expires_at_ms: None };
    Overrides::new(vec![one]).unwrap()
}

fn denies(act: Act) -> Overrides {
    let one = Override { act, effect: Effect::Deny, project: None, expires_at_ms: None };
    Overrides::new(vec![one]).unwrap()
}

async fn changes(
    house: &House,
    actor: &Person,
    target: &Person,
    to: Role,
) -> Result<(), TeamError> {
    let scope = actor.scope(house.ours.id);
    change_role(&house.store, &scope, house.fresh(), target.user, to).await.map(drop)
}

fn code<T>(answer: Result<T, TeamError>) -> &'static str {
    answer.err().map_or("done", |error| error.code())
}

#[tokio::test(flavor = "multi_thread")]
async fn admin_cannot_promote_to_admin() {
    each_engine(async |house: &House| {
        let Team { owner, admin, operator, .. } = &house.ours;
        let refused = changes(house, admin, operator, Role::Admin).await;
        assert_eq!(code(refused), "rank.new_role_not_below_actor");
        assert_eq!(code(changes(house, owner, operator, Role::Admin).await), "done");
        assert_eq!(house.ours.role_of(&house.store, operator).await, Some(Role::Admin));
        let log = house.our_log(Verb::MemberRoleChanged).await;
        assert_eq!(log.len(), 1, "a refused change leaves no entry");
        assert_eq!(
            (&log[0]["old"]["role"], &log[0]["new"]["role"]),
            (&"operator".into(), &"admin".into())
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rank_is_compared_with_the_target_too() {
    each_engine(async |house: &House| {
        let Team { owner, admin, .. } = &house.ours;
        let second = Person::enrolled(&house.store, &house.broker, "second@ours.example").await;
        house.ours.join(&house.store, &second, Role::Admin, &[]).await;
        let refused = changes(house, admin, &second, Role::Viewer).await;
        assert_eq!(code(refused), "rank.target_not_below_actor");
        let refused = changes(house, admin, owner, Role::Viewer).await;
        assert_eq!(code(refused), "rank.ownership_moves_by_transfer_only");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn admin_cannot_promote_themselves_to_owner() {
    each_engine(async |house: &House| {
        let Team { id, admin, .. } = &house.ours;
        for to in [Role::Owner, Role::Admin] {
            assert_ne!(code(changes(house, admin, admin, to).await), "done", "{to}");
        }
        let scope = admin.scope(*id);
        let moved = transfer(&house.store, &scope, house.fresh(), admin.user).await;
        assert_eq!(code(moved), "act.not_held");
        assert_eq!(house.ours.role_of(&house.store, admin).await, Some(Role::Admin));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_below_admin_changes_anybodys_place() {
    each_engine(async |house: &House| {
        let Team { id, admin, operator, viewer, .. } = &house.ours;
        let store = &house.store;
        for actor in [operator, viewer] {
            let scope = actor.scope(*id);
            for target in [admin, operator, viewer] {
                assert_eq!(code(changes(house, actor, target, Role::Viewer).await), "act.not_held");
                let empty = Overrides::default();
                let set = set_overrides(store, &scope, house.fresh(), target.user, empty).await;
                assert_eq!(code(set), "act.not_held");
                if target.user != actor.user {
                    let gone = remove(store, &scope, house.fresh(), target.user).await;
                    assert_eq!(code(gone), "act.not_held");
                }
            }
            let moved = transfer(store, &scope, house.fresh(), viewer.user).await;
            assert_eq!(code(moved), "act.not_held");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_is_neither_removed_nor_demoted_and_leaves_only_after_a_transfer() {
    each_engine(async |house: &House| {
        let Team { id, owner, admin, .. } = &house.ours;
        let store = &house.store;
        for actor in [owner, admin] {
            let gone = remove(store, &actor.scope(*id), house.fresh(), owner.user).await;
            assert_eq!(code(gone), "rank.ownership_moves_by_transfer_only");
        }
        let moved = transfer(store, &owner.scope(*id), house.fresh(), admin.user).await;
        assert_eq!(code(moved), "done");
        assert_eq!(house.ours.role_of(store, owner).await, Some(Role::Admin));
        assert_eq!(house.ours.role_of(store, admin).await, Some(Role::Owner));
        assert_eq!(code(remove(store, &owner.scope(*id), house.fresh(), owner.user).await), "done");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_parallel_transfers_one_wins_and_there_is_one_owner() {
    each_engine(async |house: &House| {
        let Team { id, owner, admin, operator, viewer, .. } = &house.ours;
        let scope = owner.scope(*id);
        let moves = [admin, operator, viewer]
            .map(|to| transfer(&house.store, &scope, house.fresh(), to.user));
        let answers = join_all(moves).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        let everybody = [owner, admin, operator, viewer];
        let mut owners = 0;
        for person in everybody {
            let role = house.ours.role_of(&house.store, person).await;
            owners += usize::from(role == Some(Role::Owner));
        }
        assert_eq!(owners, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demotion_and_a_use_of_the_old_rank_do_not_pass_each_other() {
    each_engine(async |house: &House| {
        let Team { owner, admin, operator, viewer, .. } = &house.ours;
        let demote = changes(house, owner, admin, Role::Viewer);
        let promote = changes(house, admin, viewer, Role::Operator);
        let (demoted, promoted) = futures_util::future::join(demote, promote).await;
        assert_eq!(code(demoted), "done");
        let late = changes(house, admin, operator, Role::Viewer).await;
        assert_eq!(code(late), "act.not_held", "the next transaction sees the new rank");
        let role = house.ours.role_of(&house.store, viewer).await;
        let expected = if promoted.is_ok() { Role::Operator } else { Role::Viewer };
        assert_eq!(role, Some(expected), "either it came first, or it did nothing");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_override_never_grants_what_its_giver_does_not_hold() {
    each_engine(async |house: &House| {
        let Team { id, owner, admin, operator, .. } = &house.ours;
        let store = &house.store;
        let sets = async |actor: &Person, target: &Person, to: Overrides| {
            set_overrides(store, &actor.scope(*id), house.fresh(), target.user, to).await.map(drop)
        };
        for act in [Act::WorkspaceTransfer, Act::WorkspaceDelete] {
            assert_eq!(code(sets(admin, operator, grants(act)).await), "rank.above_actor");
            assert_eq!(code(sets(owner, operator, grants(act)).await), "rank.above_actor");
        }
        assert_eq!(code(sets(admin, operator, grants(Act::AuditRead)).await), "done");
        assert_eq!(code(sets(owner, admin, denies(Act::AuditExport)).await), "done");
        let refused = sets(admin, operator, grants(Act::AuditExport)).await;
        assert_eq!(code(refused), "rank.above_actor", "what was denied is not handed on");
        let lifted = sets(admin, admin, Overrides::default()).await;
        assert_eq!(
            code(lifted),
            "rank.target_not_below_actor",
            "a deny is not lifted by its bearer"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promotion_takes_grants_away_and_keeps_denies() {
    each_engine(async |house: &House| {
        let Team { id, owner, operator, .. } = &house.ours;
        let (store, scope) = (&house.store, owner.scope(*id));
        let both = Overrides::new(
            grants(Act::AuditRead).iter().chain(denies(Act::SecretSet).iter()).copied().collect(),
        );
        set_overrides(store, &scope, house.fresh(), operator.user, both.unwrap()).await.unwrap();
        let changed = change_role(store, &scope, house.fresh(), operator.user, Role::Viewer).await;
        assert_eq!(changed.unwrap().value.remaining, denies(Act::SecretSet));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_member_holds_nothing_from_the_next_call_on_and_their_keys_die() {
    each_engine(async |house: &House| {
        let Team { id, owner, admin, .. } = &house.ours;
        let store = &house.store;
        let scope = admin.scope(*id);
        let wanted = keys::WantedKey {
            name: name("robot"),
            scopes: domain::authz::ActSet::of(&[Act::MemberList]),
            expires_at: None,
            networks: domain::Networks::default(),
        };
        let key = keys::create(store, &house.broker, &scope, house.fresh(), wanted).await.unwrap();
        let text = key.value.text.show().to_owned();
        assert!(identity::authenticate(&house.identity, &text, house.origin()).await.is_ok());
        remove(store, &owner.scope(*id), house.fresh(), admin.user).await.unwrap();
        assert_eq!(code(list(store, &scope, house.fresh(), Page::first(10)).await), "not_found");
        assert_eq!(code(workspaces::get(store, &scope, house.fresh()).await), "not_found");
        let refused = identity::authenticate(&house.identity, &text, house.origin()).await;
        assert_eq!(refused.unwrap_err().code(), "auth.invalid");
        let log = house.our_log(Verb::MemberRemoved).await;
        assert_eq!(log[0]["new"]["revoked_keys"].as_array().unwrap().len(), 1);
        let user = admin.user;
        let hints = store.platform_read(move |tx| tx.memberships().of_user(user)).await.unwrap();
        assert!(hints.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn neighbour_tenant_sees_404_not_403() {
    each_engine(async |house: &House| {
        let (ours, theirs, store) = (&house.ours, &house.theirs, &house.store);
        let trespass: Scope = ours.owner.scope(theirs.id);
        let fresh = house.fresh();
        let target = theirs.viewer.user;
        let wanted =
            Invite { email: email("friend@ours.example"), role: Role::Viewer, projects: [].into() };
        let answers = [
            code(list(store, &trespass, fresh, Page::first(10)).await),
            code(change_role(store, &trespass, fresh, target, Role::Operator).await),
            code(set_overrides(store, &trespass, fresh, target, Overrides::default()).await),
            code(remove(store, &trespass, fresh, target).await),
            code(transfer(store, &trespass, fresh, target).await),
            code(invite(store, &house.broker, &trespass, fresh, wanted).await),
            code(keys::list(store, &trespass, fresh, Page::first(10)).await),
            code(workspaces::get(store, &trespass, fresh).await),
            code(workspaces::delete(store, &trespass, fresh).await),
        ];
        assert_eq!(answers, ["not_found"; 9]);
        let here = ours.owner.scope(ours.id);
        assert_eq!(code(remove(store, &here, fresh, target).await), "not_found");
        assert_eq!(code(transfer(store, &here, fresh, target).await), "not_found");
        assert_eq!(theirs.role_of(store, &theirs.viewer).await, Some(Role::Viewer));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_may_not_see_the_team_learns_nothing_about_its_members() {
    each_engine(async |house: &House| {
        let Team { id, owner, admin, operator, .. } = &house.ours;
        let (store, scope) = (&house.store, owner.scope(*id));
        let blind = denies(Act::MemberList);
        set_overrides(store, &scope, house.fresh(), admin.user, blind).await.unwrap();
        let known = changes(house, admin, operator, Role::Viewer).await;
        let unknown = changes(house, admin, &house.theirs.viewer, Role::Viewer).await;
        assert_eq!((code(known), code(unknown)), ("not_found", "not_found"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_but_the_owner_may_leave() {
    each_engine(async |house: &House| {
        let Team { id, admin, operator, viewer, .. } = &house.ours;
        for person in [admin, operator, viewer] {
            let left = remove(&house.store, &person.scope(*id), None, person.user).await;
            assert_eq!(code(left), "done");
            assert_eq!(house.ours.role_of(&house.store, person).await, None);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_refuses_carries_its_own_code() {
    let rules = [
        (RankDenied::OwnershipMovesByTransferOnly, "rank.ownership_moves_by_transfer_only"),
        (RankDenied::InviterLostRight, "rank.inviter_lost_right"),
        (RankDenied::Oneself, "rank.oneself"),
        (RankDenied::AboveActor(Act::AuditRead), "rank.above_actor"),
    ];
    for (rule, expected) in rules {
        assert_eq!(TeamError::from(rule).code(), expected);
    }
}
