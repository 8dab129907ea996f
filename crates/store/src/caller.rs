//! Who an entry of the platform's unit, or of housekeeping, names as its actor.
//!
//! Always true: a tenant's entries take their actor from the [`Scope`]; a [`Caller`] opens no
//! tenant.

use domain::{AccountScope, Actor, Origin, RequestId, Scope, SessionId, UserId};
use ledger::EntryActor;

/// Who acts on the platform's unit, and from where.
#[derive(Debug, Clone)]
pub struct Caller {
    actor: EntryActor,
    origin: Origin,
}

impl Caller {
    /// A person in a session that is beginning or that was verified.
    #[must_use]
    pub const fn account(user: UserId, session: SessionId, origin: Origin) -> Self {
        Self { actor: EntryActor::Domain(Actor::User { user, session }), origin }
    }

    /// Somebody who has not said who they are, or could not prove it.
    #[must_use]
    pub const fn anonymous(origin: Origin) -> Self {
        Self { actor: EntryActor::Anonymous, origin }
    }

    /// A part of the program, acting by itself. `part` is a stable word such as `sequencer`.
    #[must_use]
    pub const fn system(part: &'static str, request: RequestId) -> Self {
        let origin = Origin { request, ip: None, user_agent: None };
        Self { actor: EntryActor::System(part), origin }
    }

    /// Who acts.
    #[must_use]
    pub const fn actor(&self) -> &EntryActor {
        &self.actor
    }

    /// From where.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl From<&AccountScope> for Caller {
    fn from(scope: &AccountScope) -> Self {
        Self::account(scope.user(), scope.session(), scope.origin().clone())
    }
}

impl From<&Scope> for Caller {
    fn from(scope: &Scope) -> Self {
        Self { actor: EntryActor::Domain(*scope.actor()), origin: scope.origin().clone() }
    }
}
