//! Rank guard bugs that other systems shipped, each as an attack on ours; and the attacks that our
//! own review found.

use std::collections::BTreeSet;

use domain::authz::rank::{self, *};
use domain::authz::{Act, ActSet, Denied, Effect, Override, Overrides, Place, RankDenied, Role};
use domain::{EmailAddress, InvitationId};
use uuid::Uuid;

use crate::tables::{NOW, acting, member, overrides, project, user};

fn invite(role: Role) -> Invite {
    let email = EmailAddress::parse("new@example.org").expect("an address");
    Invite { email, role, projects: BTreeSet::new() }
}

fn accept(role: Role) -> AcceptInvitation {
    let invitation = InvitationId::from(Uuid::from_u128(8));
    AcceptInvitation { invitation, user: user(3), role, projects: BTreeSet::new() }
}

fn above<T>(act: Act) -> Result<T, RankDenied> {
    Err(RankDenied::AboveActor(act))
}

#[test]
fn wpmgr_406_the_targets_rank_counts_and_not_only_the_granted_one() {
    let admin = acting(member(1, Role::Admin));
    let refused = RankDenied::TargetNotBelowActor { actor: Role::Admin, target: Role::Admin };
    let other = member(2, Role::Admin);
    assert_eq!(rank::decide_change_role(&admin, &other, Role::Viewer), Err(refused));
}

#[test]
fn wpmgr_406_a_keys_rights_come_from_its_creator_and_not_from_the_request() {
    let operator = acting(member(1, Role::Operator));
    let asked = ActSet::of(&[Act::SecretSet, Act::MemberInvite]);
    assert_eq!(rank::decide_create_key(&operator, asked), above(Act::MemberInvite));
}

#[test]
fn wpmgr_406_the_last_owner_cannot_leave_or_be_demoted() {
    let owner = acting(member(1, Role::Owner));
    let refused = Some(RankDenied::OwnershipMovesByTransferOnly);
    let itself = owner.standing.clone();
    assert_eq!(rank::decide_remove(&owner, &itself).err(), refused);
    for role in Role::ALL {
        assert_eq!(rank::decide_change_role(&owner, &itself, role).err(), refused);
    }
}

#[test]
fn url_shortener_360_admin_cannot_promote_self_to_owner() {
    let admin = acting(member(1, Role::Admin));
    let itself = admin.standing.clone();
    for role in Role::ALL {
        assert!(rank::decide_change_role(&admin, &itself, role).is_err(), "{role}");
    }
    assert!(rank::decide_transfer(&admin, &itself).is_err());
    assert!(rank::decide_invite(&admin, invite(Role::Owner)).is_err());
}

#[test]
fn formbricks_8438_a_key_is_cut_to_its_creators_present_role() {
    let mut key = acting(member(1, Role::Admin));
    (key.ceiling, key.factor_at) = (Some(Role::Admin.base_rights()), None);
    assert!(rank::decide_invite(&key, invite(Role::Operator)).is_ok());
    key.standing.role = Role::Viewer;
    let refused = Err(RankDenied::Act(Denied::ActNotHeld(Act::MemberInvite)));
    assert_eq!(rank::decide_invite(&key, invite(Role::Operator)), refused);
    assert_eq!(key.effective(Place::Workspace), Role::Viewer.base_rights());
}

#[test]
fn formbricks_8438_a_key_passes_the_same_guard_as_the_person() {
    let admin = acting(member(1, Role::Admin));
    let mut key = admin.clone();
    (key.ceiling, key.factor_at) = (Some(ActSet::ALL), None);
    for target in Role::ALL {
        for to in Role::ALL {
            let target = member(2, target);
            let person = rank::decide_change_role(&admin, &target, to);
            assert_eq!(rank::decide_change_role(&key, &target, to), person);
        }
    }
}

#[test]
fn precogly_176_a_member_cannot_demote_those_above() {
    for actor in Role::ALL {
        for target in Role::ALL.into_iter().filter(|target| *target >= actor) {
            let actor = acting(member(1, actor));
            assert!(rank::decide_change_role(&actor, &member(2, target), Role::Viewer).is_err());
        }
    }
}

#[test]
fn an_invitation_dies_with_its_inviters_right() {
    let lost = Err(RankDenied::InviterLostRight);
    let admin = acting(member(1, Role::Admin));
    assert!(rank::decide_accept(Some(&admin), accept(Role::Operator)).is_ok());
    let demoted = acting(member(1, Role::Operator));
    assert_eq!(rank::decide_accept(Some(&demoted), accept(Role::Operator)), lost);
    assert_eq!(rank::decide_accept(None, accept(Role::Operator)), lost);
}

#[test]
fn nobody_accepts_their_own_invitation() {
    let owner = acting(member(3, Role::Owner));
    assert_eq!(rank::decide_accept(Some(&owner), accept(Role::Admin)), Err(RankDenied::Oneself));
}

#[test]
fn a_denied_admin_does_not_get_the_act_back_through_a_friend() {
    let mut denied = member(1, Role::Admin);
    denied.overrides = overrides(&[(Effect::Deny, Act::SecretUseLocally)]);
    let denied = acting(denied);
    let friend = member(2, Role::Viewer);
    let act = Act::SecretUseLocally;
    assert_eq!(rank::decide_invite(&denied, invite(Role::Operator)), above(act));
    assert_eq!(rank::decide_change_role(&denied, &friend, Role::Operator), above(act));
    let grant = overrides(&[(Effect::Grant, act)]);
    assert_eq!(rank::decide_overrides(&denied, &friend, grant), above(act));
    let mut operator = member(2, Role::Operator);
    operator.overrides = overrides(&[(Effect::Deny, act)]);
    assert_eq!(rank::decide_overrides(&denied, &operator, Overrides::default()), above(act));
    operator.overrides = Overrides::default();
    assert_eq!(rank::decide_add_project_member(&denied, &operator, project()), above(act));
}

#[test]
fn a_deny_is_not_lifted_by_giving_it_an_end() {
    let mut denied = member(1, Role::Admin);
    denied.overrides = overrides(&[(Effect::Deny, Act::SecretSet)]);
    let mut operator = member(2, Role::Operator);
    operator.overrides = overrides(&[(Effect::Deny, Act::SecretSet)]);
    let ending = Override {
        act: Act::SecretSet,
        effect: Effect::Deny,
        project: None,
        expires_at_ms: Some(NOW.plus_ms(1)),
    };
    let ending = Overrides::new(vec![ending]).expect("one");
    let decided = rank::decide_overrides(&acting(denied), &operator, ending);
    assert_eq!(decided, above(Act::SecretSet));
}

#[test]
fn a_key_that_may_only_invite_does_not_bring_in_somebody_who_may_more() {
    let mut key = acting(member(1, Role::Owner));
    (key.ceiling, key.factor_at) = (Some(ActSet::of(&[Act::MemberInvite])), None);
    assert!(matches!(
        rank::decide_invite(&key, invite(Role::Admin)),
        Err(RankDenied::AboveActor(_))
    ));
}

#[test]
fn what_was_granted_is_not_passed_on() {
    let mut operator = member(1, Role::Operator);
    operator.overrides =
        overrides(&[(Effect::Grant, Act::MemberOverride), (Effect::Grant, Act::SecretReveal)]);
    let operator = acting(operator);
    let viewer = member(2, Role::Viewer);
    let reveal = overrides(&[(Effect::Grant, Act::SecretReveal)]);
    assert_eq!(rank::decide_overrides(&operator, &viewer, reveal), above(Act::SecretReveal));
    let set = overrides(&[(Effect::Grant, Act::SecretSet)]);
    assert!(rank::decide_overrides(&operator, &viewer, set).is_ok());
}

#[test]
fn the_owner_cannot_grant_away_what_ends_or_moves_the_workspace() {
    let owner = acting(member(1, Role::Owner));
    for act in [Act::WorkspaceDelete, Act::WorkspaceTransfer] {
        let grant = overrides(&[(Effect::Grant, act)]);
        assert_eq!(rank::decide_overrides(&owner, &member(2, Role::Admin), grant), above(act));
    }
}

#[test]
fn a_grant_for_a_project_out_of_reach_says_nothing_about_it() {
    let mut operator = member(1, Role::Operator);
    operator.overrides = overrides(&[(Effect::Grant, Act::MemberOverride)]);
    let one = Override {
        act: Act::SecretSet,
        effect: Effect::Grant,
        project: Some(project()),
        expires_at_ms: None,
    };
    let grant = Overrides::new(vec![one]).expect("one");
    let decided = rank::decide_overrides(&acting(operator), &member(2, Role::Viewer), grant);
    assert_eq!(decided, Err(RankDenied::Act(Denied::NotVisible)));
}

#[test]
fn those_who_reach_no_project_hold_nothing_in_it() {
    let operator = member(1, Role::Operator);
    assert!(operator.effective(Place::Project(project()), NOW).is_empty());
    assert!(!member(1, Role::Admin).effective(Place::Project(project()), NOW).is_empty());
}
