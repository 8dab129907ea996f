//! Every combination of the rules' inputs, as tables.
//!
//! Always true: the rows are made by walking `Role::ALL` and `Act::ALL`, so a new role or act
//! changes a table and somebody has to read it.

use std::collections::BTreeSet;
use std::fmt::{Display, Write as _};

use domain::authz::rank::{self, *};
use domain::authz::{
    Act, ActSet, Authority, Denied, Effect, Override, Overrides, Place, RankDenied, Role, Standing,
    decide_vouch,
};
use domain::{ApiKeyId, EmailAddress, InvitationId, ProjectId, TimeMs, UserId};
use uuid::Uuid;

use crate::golden;

pub(crate) const NOW: TimeMs = TimeMs(1_000_000);

pub(crate) fn user(number: u128) -> UserId {
    UserId::from(Uuid::from_u128(number))
}

pub(crate) fn project() -> ProjectId {
    ProjectId::from(Uuid::from_u128(7))
}

pub(crate) fn member(number: u128, role: Role) -> Standing {
    let (user, overrides, projects) = (user(number), Overrides::default(), BTreeSet::new());
    Standing { user, role, overrides, projects }
}

/// The standing of a person whose factor was given just now.
pub(crate) fn acting(standing: Standing) -> Authority {
    Authority { standing, ceiling: None, factor_at: Some(NOW), now: NOW }
}

pub(crate) fn overrides(list: &[(Effect, Act)]) -> Overrides {
    let one = |&(effect, act): &(Effect, Act)| Override {
        act,
        effect,
        project: None,
        expires_at_ms: None,
    };
    Overrides::new(list.iter().map(one).collect()).expect("a short list")
}

/// An actor of this role who holds every act that can be granted: what is left to refuse is rank.
fn delegated(role: Role) -> Authority {
    let missing = Act::ALL.iter().filter(|act| act.grantable());
    let missing: Vec<_> = missing
        .filter(|act| !role.base_rights().contains(**act))
        .map(|a| (Effect::Grant, *a))
        .collect();
    let mut standing = member(1, role);
    standing.overrides = overrides(&missing);
    standing.projects.insert(project());
    acting(standing)
}

fn answer<T>(decided: Result<T, RankDenied>) -> String {
    match decided {
        Ok(_) => "yes".to_owned(),
        Err(RankDenied::Act(Denied::NotVisible)) => "no: not visible".to_owned(),
        Err(RankDenied::Act(Denied::ActNotHeld(act))) => format!("no: {act} not held"),
        Err(RankDenied::Act(Denied::PersonNeeded(_))) => "no: a person is needed".to_owned(),
        Err(RankDenied::Act(denied)) => format!("no: {denied}"),
        Err(RankDenied::NewRoleNotBelowActor { .. }) => "no: new role not below actor".to_owned(),
        Err(RankDenied::TargetNotBelowActor { .. }) => "no: member not below actor".to_owned(),
        Err(RankDenied::OwnershipMovesByTransferOnly) => "no: by transfer only".to_owned(),
        Err(RankDenied::AboveActor(act)) => format!("no: {act} above actor"),
        Err(RankDenied::InviterLostRight) => "no: inviter has no right".to_owned(),
        Err(RankDenied::Oneself) => "no: oneself".to_owned(),
    }
}

struct Table(String);

impl Table {
    fn titled(title: &str, columns: &[&dyn Display]) -> Self {
        let mut table = Self(format!("{title}\n\n"));
        table.row(columns);
        table
    }

    fn row(&mut self, cells: &[&dyn Display]) {
        let mut line = String::new();
        for cell in cells {
            write!(line, "{:<20}", cell.to_string()).expect("memory");
        }
        self.0.push_str(line.trim_end());
        self.0.push('\n');
    }
}

#[test]
fn every_role_holds_exactly_these_acts() {
    let mut table = Table::titled(
        "Which role may do what by itself (+). Then: whether the act can be granted to a member\n\
         whose role lacks it, and whether it needs a person who gave a second factor in the last\n\
         five minutes.",
        &[&"act", &"viewer", &"operator", &"admin", &"owner", &"grantable", &"fresh factor"],
    );
    for act in Act::ALL {
        let [v, o, a, w] = Role::ALL.map(|role| yes(role.base_rights().contains(*act)));
        table.row(&[act, &v, &o, &a, &w, &yes(act.grantable()), &yes(act.needs_fresh_factor())]);
    }
    golden::same("roles.txt", &table.0);
}

/// A cell for an answer beside another one.
fn wide(text: &str) -> String {
    format!("{text:<40}")
}

fn yes(it: bool) -> &'static str {
    if it { "+" } else { "-" }
}

#[test]
fn a_higher_role_holds_everything_a_lower_one_holds() {
    for (lower, higher) in Role::ALL.iter().zip(Role::ALL.iter().skip(1)) {
        assert!(lower.base_rights().is_subset_of(higher.base_rights()), "{lower} and {higher}");
        assert!(lower < higher);
    }
}

#[test]
fn change_role_is_decided_like_this_for_everyone() {
    let mut table = Table::titled(
        "Changing a member's role. First the roles as they are, then (+) actors who were granted\n\
         every act that can be granted: rank still decides.",
        &[&"actor", &"member is", &"is to be", &"answer"],
    );
    for (note, actors) in
        [("", Role::ALL.map(|r| acting(member(1, r)))), ("+", Role::ALL.map(delegated))]
    {
        for actor in actors {
            for target in Role::ALL {
                for to in Role::ALL {
                    let decided = rank::decide_change_role(&actor, &member(2, target), to);
                    let who = format!("{}{note}", actor.standing.role);
                    table.row(&[&who, &target, &to, &answer(decided)]);
                }
            }
        }
    }
    golden::same("change_role.txt", &table.0);
}

/// One act on one member, for every pair of roles, with and without everything granted, and on
/// oneself.
fn pairs<T>(
    name: &str,
    title: &str,
    decide: impl Fn(&Authority, &Standing) -> Result<T, RankDenied>,
) {
    let mut table = Table::titled(title, &[&"actor", &"member", &"answer"]);
    for (note, actors) in
        [("", Role::ALL.map(|r| acting(member(1, r)))), ("+", Role::ALL.map(delegated))]
    {
        for actor in actors {
            let who = format!("{}{note}", actor.standing.role);
            for target in Role::ALL {
                table.row(&[&who, &target, &answer(decide(&actor, &member(2, target)))]);
            }
            let itself = actor.standing.clone();
            table.row(&[&who, &"(itself)", &answer(decide(&actor, &itself))]);
        }
    }
    golden::same(name, &table.0);
}

#[test]
fn removing_is_decided_like_this_for_everyone() {
    let title = "Removing a member (itself: leaving). + marks an actor who was granted every act.";
    pairs("remove.txt", title, rank::decide_remove);
}

#[test]
fn vouching_for_a_recovery_is_decided_like_this_for_everyone() {
    let title = "Vouching for a member who lost both factors. + marks an actor who was granted \
                 every act.";
    pairs("vouch.txt", title, decide_vouch);
}

#[test]
fn vouching_takes_a_person_and_a_factor_given_a_short_while_ago() {
    let target = member(2, Role::Viewer);
    let owner = acting(member(1, Role::Owner));
    let stale = Authority { factor_at: Some(TimeMs(NOW.0 - 300_001)), ..owner.clone() };
    let key = Authority { ceiling: Some(Act::ALL.iter().copied().collect()), ..owner.clone() };
    assert!(decide_vouch(&owner, &target).is_ok());
    let refused = |actor: &Authority| match decide_vouch(actor, &target) {
        Err(RankDenied::Act(denied)) => denied,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(&stale), Denied::FactorNotFresh(Act::MemberChangeRole));
    assert_eq!(refused(&key), Denied::PersonNeeded(Act::MemberChangeRole));
}

#[test]
fn overriding_is_decided_like_this_for_everyone() {
    let title = "Granting a member `secret.reveal`. + marks an actor who was granted every act.";
    let reveal = overrides(&[(Effect::Grant, Act::SecretReveal)]);
    pairs("override_grant.txt", title, |actor, target| {
        rank::decide_overrides(actor, target, reveal.clone())
    });
    let title = "Denying a member `secret.list`. + marks an actor who was granted every act.";
    let deny = overrides(&[(Effect::Deny, Act::SecretList)]);
    pairs("override_deny.txt", title, |actor, target| {
        rank::decide_overrides(actor, target, deny.clone())
    });
}

#[test]
fn transferring_is_decided_like_this_for_everyone() {
    let title = "Handing the workspace over. + marks an actor who was granted every act.";
    pairs("transfer.txt", title, rank::decide_transfer);
}

#[test]
fn project_membership_is_decided_like_this_for_everyone() {
    let title =
        "Letting a member into a project. + marks an actor in it who was granted every act.";
    pairs("project_add.txt", title, |actor, target| {
        rank::decide_add_project_member(actor, target, project())
    });
    let title =
        "Letting a member out of a project. + marks an actor in it who was granted every act.";
    pairs("project_remove.txt", title, |actor, target| {
        rank::decide_remove_project_member(actor, target, project())
    });
}

#[test]
fn revoking_a_key_is_decided_like_this_for_everyone() {
    let title =
        "Revoking an API key that a member made. + marks an actor who was granted every act.";
    let key = ApiKeyId::from(Uuid::from_u128(9));
    pairs("revoke_key.txt", title, |actor, creator| {
        rank::decide_revoke_key(actor, key, creator.user, Some(creator))
    });
}

#[test]
fn inviting_is_decided_like_this_for_everyone() {
    let mut table = Table::titled(
        "Inviting somebody new, accepting that invitation (judged again by the inviter's rank\n\
         then), and taking it back. + marks an actor who was granted every act.",
        &[&"actor", &"new role", &wide("invite"), &wide("accept"), &"take back"],
    );
    let invitation = InvitationId::from(Uuid::from_u128(8));
    let email = EmailAddress::parse("new@example.org").expect("an address");
    for (note, actors) in
        [("", Role::ALL.map(|r| acting(member(1, r)))), ("+", Role::ALL.map(delegated))]
    {
        for actor in actors {
            for role in Role::ALL {
                let (email, projects) = (email.clone(), BTreeSet::new());
                let wanted = Invite { email, role, projects: projects.clone() };
                let invite = answer(rank::decide_invite(&actor, wanted));
                let wanted = AcceptInvitation { invitation, user: user(3), role, projects };
                let accept = answer(rank::decide_accept(Some(&actor), wanted));
                let back = RevokeInvitation { invitation };
                let back = answer(rank::decide_revoke_invitation(&actor, back, role));
                let who = format!("{}{note}", actor.standing.role);
                table.row(&[&who, &role, &wide(&invite), &wide(&accept), &back]);
            }
        }
    }
    golden::same("invite.txt", &table.0);
}

#[test]
fn creating_a_key_is_decided_like_this_for_everyone() {
    let mut table = Table::titled(
        "Creating an API key with one scope, by a person and by another key that has every scope.",
        &[&"actor", &"scope", &wide("by a person"), &"by a key"],
    );
    for role in Role::ALL {
        for act in Act::ALL {
            let person = acting(member(1, role));
            let mut key = person.clone();
            (key.ceiling, key.factor_at) = (Some(ActSet::ALL), None);
            let [person, key] = [person, key]
                .map(|actor| answer(rank::decide_create_key(&actor, ActSet::of(&[*act]))));
            table.row(&[&role, act, &wide(&person), &key]);
        }
    }
    golden::same("create_key.txt", &table.0);
}

#[test]
fn a_plain_act_is_answered_in_this_order() {
    let place = Place::Project(project());
    let person = acting(member(1, Role::Operator));
    let mut key = person.clone();
    (key.ceiling, key.factor_at) = (Some(ActSet::of(&[Act::SecretUseLocally])), None);
    key.standing.projects.insert(project());
    assert_eq!(person.check(Act::SecretList, place), Err(Denied::NotVisible));
    assert_eq!(key.check(Act::SecretList, place), Err(Denied::KeyScopeMissing(Act::SecretList)));
    let wanted = Act::SecretUseLocally;
    assert_eq!(key.check(wanted, place), Err(Denied::PersonNeeded(wanted)));
    let pretender = Authority { factor_at: Some(NOW), ..key.clone() };
    assert_eq!(pretender.check(wanted, place), Err(Denied::PersonNeeded(wanted)));
    let mut person = key.clone();
    person.ceiling = None;
    assert_eq!(person.check(Act::AuditRead, place), Err(Denied::ActNotHeld(Act::AuditRead)));
    assert_eq!(person.check(wanted, place), Err(Denied::PersonNeeded(wanted)));
    let fresh = domain::limits::FACTOR_FRESH_MS;
    let skew = domain::limits::CLOCK_SKEW_MS_MAX;
    for (age_ms, answer) in [
        (0, Ok(())),
        (fresh, Ok(())),
        (fresh + 1, Err(Denied::FactorNotFresh(wanted))),
        (-skew, Ok(())),
        (-skew - 1, Err(Denied::FactorNotFresh(wanted))),
    ] {
        person.factor_at = Some(NOW.plus_ms(-age_ms));
        assert_eq!(person.check(wanted, place), answer, "factor given {age_ms} ms ago");
    }
}
