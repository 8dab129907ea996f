//! What one decision costs: `cargo bench -p domain`. The aim is that authority never shows in a
//! request's time (well under a microsecond for a plain act).

use std::collections::BTreeSet;

use divan::{Bencher, black_box};
use domain::authz::{
    Act, Authority, Effect, ListSecrets, Override, Overrides, Place, Role, Standing, decide, rank,
};
use domain::{EnvironmentId, ProjectId, TimeMs, UserId};
use uuid::Uuid;

fn main() {
    divan::main();
}

const NOW: TimeMs = TimeMs(1_000_000);

fn project() -> ProjectId {
    ProjectId::from(Uuid::from_u128(7))
}

/// A member with `count` overrides, each with its own end.
fn member(role: Role, count: usize) -> Standing {
    let list = Act::ALL.iter().take(count).enumerate().map(|(at, act)| Override {
        act: *act,
        effect: Effect::Deny,
        project: Some(project()),
        expires_at_ms: i64::try_from(at).ok().map(|at| NOW.plus_ms(at)),
    });
    Standing {
        user: UserId::from(Uuid::from_u128(u128::from(role as u8))),
        role,
        overrides: Overrides::new(list.collect()).unwrap_or_default(),
        projects: BTreeSet::from([project()]),
    }
}

fn acting(standing: Standing) -> Authority {
    Authority { standing, ceiling: None, factor_at: Some(NOW), now: NOW }
}

#[divan::bench(args = [0, 4, 16])]
fn plain_act(bencher: Bencher<'_, '_>, overrides: usize) {
    let mut operator = member(Role::Operator, overrides);
    operator.projects.insert(project());
    let actor = acting(operator);
    let environment = EnvironmentId::from(Uuid::from_u128(9));
    bencher.bench(|| decide(black_box(&actor), ListSecrets { project: project(), environment }));
}

#[divan::bench(args = [0, 4, 16])]
fn change_role(bencher: Bencher<'_, '_>, overrides: usize) {
    let (actor, target) = (acting(member(Role::Owner, 0)), member(Role::Viewer, overrides));
    bencher.bench(|| rank::decide_change_role(black_box(&actor), black_box(&target), Role::Admin));
}

#[divan::bench]
fn rights_at_a_place(bencher: Bencher<'_, '_>) {
    let actor = acting(member(Role::Admin, 4));
    bencher.bench(|| black_box(&actor).effective(Place::Project(project())));
}
