//! Every reachable sequence of membership calls in small teams (ROLE-2 to ROLE-5).
//!
//! A team has a member of each rank, a newcomer who is invited, and an API key. Six scenarios each
//! walk *all* sequences of their calls, without a bound on length; their state counts are printed.
//! The rules are then written a second time and broken clause by clause: each break must be found,
//! and its counter-example is printed.
//!
//! Sources: stateright's breadth-first checker, deepened step by step, so that a
//! counter-example is a shortest one.

mod check;
mod guard;
mod scenarios;
mod team;

use std::io::{self, Write as _};

use check::{Scenario, Walk};
use guard::{Clause, Real, Written};
use stateright::{Checker, HasDiscoveries, Model};

/// Walks a scenario with the real rules and with their second writing at their side.
fn check(scenario: Scenario, states_min: usize) {
    let name = scenario.name;
    let walk = Walk { scenario, guard: Real, compare: true };
    let done = walk.checker().threads(2).finish_when(HasDiscoveries::AnyFailures).spawn_bfs();
    let done = done.join();
    // Written past the test harness, which keeps what passing tests print to itself.
    let counted = format!("{} states by {} calls", done.unique_state_count(), done.state_count());
    writeln!(io::stderr(), "model: {name}: {counted}").expect("standard error");
    done.assert_properties();
    assert!(done.unique_state_count() >= states_min, "the walk of {name} became small");
}

#[test]
fn no_sequence_of_roles_and_invitations_raises_anybody() {
    check(scenarios::roles(), 5_000);
}

#[test]
fn no_sequence_of_overrides_raises_anybody() {
    check(scenarios::overrides(), 5_000);
}

#[test]
fn no_sequence_of_keys_raises_anybody() {
    check(scenarios::keys(), 1_000);
}

#[test]
fn no_sequence_of_project_invitations_raises_anybody() {
    check(scenarios::projects(), 1_000);
}

#[test]
fn those_below_a_silent_owner_gain_nothing_together() {
    check(scenarios::silent_owner(), 1_000);
    check(scenarios::denied_act(), 100);
}

/// The longest counter-example that is looked for.
const CALLS_MAX: usize = 8;

/// Breaks the rules and demands a counter-example; the shortest is printed.
fn broken(scenario: fn() -> Scenario, without: &'static [Clause]) {
    let name = scenario().name;
    for depth in 1..=CALLS_MAX {
        let walk = Walk { scenario: scenario(), guard: Written { without }, compare: false };
        let checker = walk.checker().finish_when(HasDiscoveries::AnyFailures);
        let done = checker.target_max_depth(depth).spawn_bfs().join();
        if let Some((promise, path)) = done.discoveries().into_iter().next() {
            println!("\nwithout {without:?}, in {name}, it is not so that {promise}:");
            let breach = path.last_state().breach;
            path.into_actions().iter().for_each(|step| println!("  {step}"));
            println!("  -> {breach:?}");
            return;
        }
    }
    panic!("{name}: nobody noticed the lack of {without:?}");
}

macro_rules! counter_examples {
    ($($name:ident: $scenario:ident without $($clause:ident)+;)*) => {$(
        #[test]
        fn $name() {
            broken(scenarios::$scenario, &[$(Clause::$clause),+]);
        }
    )*};
}

// Two clauses in a row: two walls stand there, either alone holds.
counter_examples! {
    broken_act_is_held: roles without ActIsHeld;
    broken_new_role_below_actor: roles without NewRoleBelowActor;
    broken_target_below_actor: roles without TargetBelowActor;
    broken_target_below_actor_for_overrides: overrides without TargetBelowActor;
    broken_ownership_moves_by_transfer_only: roles without OwnershipMovesByTransferOnly;
    broken_owner_alone_transfers: roles without ActIsHeld OwnerAloneTransfers;
    broken_transfer_is_to_somebody_else: roles without TransferIsToSomebodyElse;
    broken_old_owner_steps_down: roles without OldOwnerStepsDown;
    broken_role_hands_out_held_acts: overrides without RoleHandsOutHeldActs;
    broken_overrides_hand_out_held_acts: overrides without OverridesHandOutHeldActs;
    broken_project_hands_out_held_acts: projects without ProjectHandsOutHeldActs;
    broken_invitation_hands_out_held_acts: denied_act without InvitationHandsOutHeldActs;
    broken_grants_are_held: overrides without GrantsAreHeld OverridesHandOutHeldActs;
    broken_grants_are_in_base_rights: overrides without GrantsAreInBaseRights;
    broken_grants_are_grantable: overrides without GrantsAreGrantable;
    broken_grants_end_with_the_role: overrides without GrantsEndWithTheRole;
    broken_invitation_is_judged_again: roles without InvitationIsJudgedAgain;
    broken_members_join_once: roles without MembersJoinOnce;
    broken_key_scopes_are_held: keys without KeyScopesAreHeld;
    broken_key_is_cut_to_its_creator_now: keys without KeyIsCutToItsCreatorNow;
    broken_keys_are_made_by_people: keys without KeysAreMadeByPeople;
    broken_revoked_key_belongs_below: keys without RevokedKeyBelongsBelow;
}
