//! Arbitrary teams rather than small ones: any overrides, any projects, any ends. Whatever a rule
//! permits hands out only what the actor holds at that place now; looked at act by act, at every
//! place and around every end.

use std::collections::BTreeSet;

use domain::authz::rank::{self, *};
use domain::authz::{Act, ActSet, Authority, Effect, Override, Overrides, Place, Role, Standing};
use domain::{EmailAddress, ProjectId, TimeMs};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use uuid::Uuid;

use crate::tables::{NOW, user};

const PROJECTS: u128 = 3;

fn projects() -> impl Iterator<Item = ProjectId> {
    (1..=PROJECTS).map(|number| ProjectId::from(Uuid::from_u128(number)))
}

fn any_override() -> impl Strategy<Value = Override> {
    let act = proptest::sample::select(Act::ALL);
    let effect = proptest::sample::select(vec![Effect::Grant, Effect::Deny]);
    let place = proptest::option::of(proptest::sample::select(projects().collect::<Vec<_>>()));
    let end = proptest::option::of((-3..6i64).prop_map(|ms| NOW.plus_ms(ms)));
    (act, effect, place, end).prop_map(|(act, effect, project, expires_at_ms)| Override {
        act,
        effect,
        project,
        expires_at_ms,
    })
}

fn any_overrides() -> impl Strategy<Value = Overrides> {
    proptest::collection::vec(any_override(), 0..8).prop_map(|mut list| {
        list.sort_by_key(|one| (one.act, one.project));
        list.dedup_by_key(|one| (one.act, one.project));
        Overrides::new(list).unwrap()
    })
}

fn any_role() -> impl Strategy<Value = Role> {
    proptest::sample::select(Role::ALL.to_vec())
}

fn any_standing(number: u128) -> impl Strategy<Value = Standing> {
    let role = any_role();
    let reached = proptest::sample::subsequence(projects().collect::<Vec<_>>(), 0..=3);
    (role, any_overrides(), reached).prop_map(move |(role, overrides, reached)| {
        let projects = reached.into_iter().collect();
        Standing { user: user(number), role, overrides, projects }
    })
}

/// An actor who may be a key, and who holds the acts of membership often enough to get past the
/// first clause.
fn any_actor() -> impl Strategy<Value = Authority> {
    let scopes = proptest::sample::subsequence(Act::ALL, 0..=Act::ALL.len())
        .prop_map(|acts| acts.into_iter().collect::<ActSet>());
    (any_standing(1), proptest::option::weighted(0.2, scopes), any::<bool>()).prop_map(
        |(mut standing, ceiling, delegated)| {
            if delegated {
                let acts = [
                    Act::MemberOverride,
                    Act::MemberChangeRole,
                    Act::MemberInvite,
                    Act::ProjectInvite,
                ];
                let kept =
                    standing.overrides.iter().filter(|one| !acts.contains(&one.act)).copied();
                let granted = acts.map(|act| Override {
                    act,
                    effect: Effect::Grant,
                    project: None,
                    expires_at_ms: None,
                });
                standing.overrides = Overrides::new(kept.chain(granted).collect()).unwrap();
            }
            Authority { standing, ceiling, factor_at: Some(NOW), now: NOW }
        },
    )
}

fn holds(standing: Option<&Standing>, act: Act, place: Place, at: TimeMs) -> bool {
    standing.is_some_and(|standing| standing.effective(place, at).contains(act))
}

/// The first act, place and moment at which `after` holds what neither `before` did then nor the
/// actor does now.
fn unheld_gain(
    actor: &Authority,
    before: Option<&Standing>,
    after: &Standing,
) -> Option<(Act, Place, TimeMs)> {
    let places = projects().map(Place::Project).chain([Place::Workspace]);
    places.flat_map(|place| (0..8).map(move |ms| (place, NOW.plus_ms(ms)))).find_map(
        |(place, at)| {
            let gained = |act: &&Act| {
                holds(Some(after), **act, place, at) && !holds(before, **act, place, at)
            };
            let unheld = |act: &&Act| !actor.effective(place).contains(**act);
            Act::ALL.iter().filter(gained).find(unheld).map(|act| (*act, place, at))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn overrides_hand_out_only_what_is_held(
        actor in any_actor(), target in any_standing(2), to in any_overrides(),
    ) {
        if let Ok(permit) = rank::decide_overrides(&actor, &target, to) {
            let SetOverrides { to, .. } = permit.into_inner();
            let after = Standing { overrides: to, ..target.clone() };
            prop_assert_eq!(unheld_gain(&actor, Some(&target), &after), None);
            prop_assert!(target.role < actor.standing.role);
        }
    }

    #[test]
    fn roles_hand_out_only_what_is_held(
        actor in any_actor(), target in any_standing(2), to in any_role(),
    ) {
        if let Ok(permit) = rank::decide_change_role(&actor, &target, to) {
            let ChangeRole { to, remaining, .. } = permit.into_inner();
            let after = Standing { role: to, overrides: remaining, ..target.clone() };
            prop_assert_eq!(unheld_gain(&actor, Some(&target), &after), None);
            prop_assert!(target.role < actor.standing.role && to < actor.standing.role);
        }
    }

    #[test]
    fn projects_hand_out_only_what_is_held(actor in any_actor(), target in any_standing(2)) {
        for project in projects() {
            if rank::decide_add_project_member(&actor, &target, project).is_ok() {
                let mut after = target.clone();
                after.projects.insert(project);
                prop_assert_eq!(unheld_gain(&actor, Some(&target), &after), None);
            }
        }
    }

    #[test]
    fn invitations_hand_out_only_what_is_held(actor in any_actor(), newcomer in any_standing(2)) {
        let Standing { role, projects, .. } = newcomer.clone();
        let email = EmailAddress::parse("new@example.org").unwrap();
        if rank::decide_invite(&actor, Invite { email, role, projects }).is_ok() {
            let after = Standing { overrides: Overrides::default(), ..newcomer };
            prop_assert_eq!(unheld_gain(&actor, None, &after), None);
            prop_assert!(role < actor.standing.role);
        }
    }

    #[test]
    fn a_key_holds_no_more_than_its_creator_anywhere(actor in any_actor()) {
        let creator = Authority { ceiling: None, ..actor.clone() };
        for place in projects().map(Place::Project).chain([Place::Workspace]) {
            prop_assert!(actor.effective(place).is_subset_of(creator.effective(place)));
        }
    }
}

/// The strategies above get past every clause often enough to mean something.
#[test]
fn arbitrary_teams_are_permitted_something() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let pairs = (any_actor(), any_standing(2), any_overrides());
    let mut permitted = BTreeSet::new();
    for _ in 0..4_000 {
        let (actor, target, to) = pairs.new_tree(&mut runner).unwrap().current();
        let changed = to != target.overrides;
        if changed && rank::decide_overrides(&actor, &target, to).is_ok() {
            permitted.insert(("overrides", actor.standing.role));
        }
        if rank::decide_change_role(&actor, &target, Role::Operator).is_ok() {
            permitted.insert(("role", actor.standing.role));
        }
    }
    for role in [Role::Admin, Role::Owner] {
        assert!(permitted.contains(&("overrides", role)), "{role}");
        assert!(permitted.contains(&("role", role)), "{role}");
    }
}
