//! The state of a small team, the calls its people make, and what a permitted call changes.
//!
//! Always true: [`Team::apply`] does what the store's tables document, nothing cleverer; whether a
//! call may happen is asked of a [`super::guard::Guard`] first.

use std::collections::BTreeSet;
use std::fmt;

use domain::authz::rank::{
    AcceptInvitation, AddProjectMember, ChangeRole, CreateKey, Invite, RemoveMember,
    RemoveProjectMember, SetOverrides, TransferOwnership,
};
use domain::authz::{ActSet, Authority, Overrides, Role, Standing};
use domain::{ApiKeyId, InvitationId, ProjectId, TimeMs, UserId};
use uuid::Uuid;

/// Seats at the table; the last one is the newcomer's.
pub(super) const SEATS: usize = 5;
/// The seat that is empty at the start.
pub(super) const NEWCOMER: usize = 4;
/// Before an override with an end has ended.
pub(super) const EARLY: TimeMs = TimeMs(1_000);
/// When overrides with an end end.
pub(super) const END: TimeMs = TimeMs(2_000);

pub(super) fn user(seat: usize) -> UserId {
    UserId::from(Uuid::from_u128(seat as u128 + 1))
}

fn seat_of(user: UserId) -> usize {
    usize::try_from(user.uuid().as_u128()).expect("a seat") - 1
}

/// The one project that people are invited to.
pub(super) fn project() -> ProjectId {
    ProjectId::from(Uuid::from_u128(100))
}

/// A project that only those who reach everything reach.
pub(super) fn elsewhere() -> ProjectId {
    ProjectId::from(Uuid::from_u128(101))
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub creator: usize,
    pub scopes: ActSet,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Invitation {
    pub inviter: usize,
    pub role: Role,
    pub projects: BTreeSet<ProjectId>,
}

/// A team at one moment. `breach` is the broken promise of the call that led here.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Team {
    /// Boxed, since the checker moves states about.
    pub members: Box<[Option<Standing>; SEATS]>,
    pub key: Option<Key>,
    pub invitation: Option<Invitation>,
    pub now: TimeMs,
    pub breach: Option<super::check::Breach>,
}

/// Who calls: a person, or the API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Person(usize),
    Key,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Call {
    Invite(Role, BTreeSet<ProjectId>),
    TakeBackInvitation,
    AcceptInvitation,
    ChangeRole(usize, Role),
    SetOverrides(usize, Overrides),
    Remove(usize),
    Transfer(usize),
    AddToProject(usize),
    RemoveFromProject(usize),
    CreateKey(ActSet),
    RevokeKey,
}

/// A seat by the name of whoever sat there at the start.
fn seat_name(seat: usize) -> &'static str {
    ["owner", "admin", "operator", "viewer", "newcomer"][seat]
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(seat) => write!(f, "the first {}", seat_name(*seat)),
            Self::Key => f.write_str("the key"),
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invite(role, into) => {
                write!(f, "invite a new {role} into {} projects", into.len())
            }
            Self::TakeBackInvitation => f.write_str("take the invitation back"),
            Self::AcceptInvitation => f.write_str("accept the invitation"),
            Self::ChangeRole(seat, to) => write!(f, "make {} {to}", seat_name(*seat)),
            Self::SetOverrides(seat, to) => {
                write!(f, "override {}:", seat_name(*seat))?;
                to.iter().try_for_each(|one| {
                    let at = if one.project.is_some() { " in the project" } else { "" };
                    let end = if one.expires_at_ms.is_some() { " for a while" } else { "" };
                    write!(f, " {:?} {}{at}{end}", one.effect, one.act)
                })
            }
            Self::Remove(seat) => write!(f, "remove {}", seat_name(*seat)),
            Self::Transfer(seat) => write!(f, "hand the workspace to {}", seat_name(*seat)),
            Self::AddToProject(seat) => write!(f, "let {} into the project", seat_name(*seat)),
            Self::RemoveFromProject(seat) => write!(f, "let {} out", seat_name(*seat)),
            Self::CreateKey(scopes) => write!(f, "make a key for {} acts", scopes.iter().count()),
            Self::RevokeKey => f.write_str("revoke the key"),
        }
    }
}

/// What a guard permitted: the values inside the permit.
pub(super) enum Permitted {
    Invite(Invite),
    TakeBackInvitation,
    Accept(AcceptInvitation),
    ChangeRole(ChangeRole),
    SetOverrides(SetOverrides),
    Remove(RemoveMember),
    Transfer(TransferOwnership),
    AddToProject(AddProjectMember),
    RemoveFromProject(RemoveProjectMember),
    CreateKey(CreateKey),
    RevokeKey,
}

impl Team {
    /// Owner, admin, operator and viewer in their seats (the last two in the project), and an empty
    /// chair.
    pub(super) fn new(overrides: impl Fn(usize) -> Overrides) -> Self {
        let roles = [Role::Owner, Role::Admin, Role::Operator, Role::Viewer];
        let members = Box::new(std::array::from_fn(|seat| {
            let role = *roles.get(seat)?;
            let projects =
                if role < Role::Admin { BTreeSet::from([project()]) } else { BTreeSet::new() };
            Some(Standing { user: user(seat), role, overrides: overrides(seat), projects })
        }));
        Self { members, key: None, invitation: None, now: EARLY, breach: None }
    }

    /// A person's authority, second factor just given.
    pub(super) fn person(&self, seat: usize) -> Option<Authority> {
        let standing = self.members[seat].clone()?;
        Some(Authority { standing, ceiling: None, factor_at: Some(self.now), now: self.now })
    }

    /// The key's authority: its creator's, cut to its scopes.
    pub(super) fn key_authority(&self) -> Option<Authority> {
        let key = self.key.as_ref()?;
        let standing = self.members[key.creator].clone()?;
        let ceiling = Some(key.scopes);
        Some(Authority { standing, ceiling, factor_at: None, now: self.now })
    }

    /// Who a caller is.
    pub(super) fn authority(&self, by: By) -> Option<Authority> {
        match by {
            By::Person(seat) => self.person(seat),
            By::Key => self.key_authority(),
        }
    }

    /// The seat whose person answers for this caller.
    pub(super) fn seat(&self, by: By) -> usize {
        match by {
            By::Person(seat) => seat,
            By::Key => self.key.as_ref().map_or(SEATS, |key| key.creator),
        }
    }

    /// The ids the model gives to its single invitation and its single key.
    pub(super) fn invitation_id() -> InvitationId {
        InvitationId::from(Uuid::from_u128(200))
    }

    pub(super) fn key_id() -> ApiKeyId {
        ApiKeyId::from(Uuid::from_u128(300))
    }

    fn member(&mut self, user: UserId) -> &mut Standing {
        self.members[seat_of(user)].as_mut().expect("a member")
    }

    /// Writes what was permitted.
    pub(super) fn apply(&mut self, by: By, permitted: Permitted) {
        match permitted {
            Permitted::Invite(it) => {
                let inviter = self.seat(by);
                self.invitation =
                    Some(Invitation { inviter, role: it.role, projects: it.projects });
            }
            Permitted::TakeBackInvitation => self.invitation = None,
            Permitted::Accept(it) => {
                let overrides = Overrides::default();
                let (user, role, projects) = (it.user, it.role, it.projects);
                self.members[seat_of(user)] = Some(Standing { user, role, overrides, projects });
                self.invitation = None;
            }
            Permitted::ChangeRole(it) => {
                let member = self.member(it.target);
                (member.role, member.overrides) = (it.to, it.remaining);
            }
            Permitted::SetOverrides(it) => self.member(it.target).overrides = it.to,
            Permitted::Remove(it) => self.members[seat_of(it.target)] = None,
            Permitted::Transfer(it) => {
                for (user, role) in [(it.to, Role::Owner), (it.from, Role::Admin)] {
                    let member = self.member(user);
                    (member.role, member.overrides) = (role, Overrides::default());
                }
            }
            Permitted::AddToProject(it) => {
                self.member(it.target).projects.insert(it.project);
            }
            Permitted::RemoveFromProject(it) => {
                self.member(it.target).projects.remove(&it.project);
            }
            Permitted::CreateKey(it) => {
                self.key = Some(Key { creator: seat_of(it.creator), scopes: it.scopes });
            }
            Permitted::RevokeKey => self.key = None,
        }
    }
}
