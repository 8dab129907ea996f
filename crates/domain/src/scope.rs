//! Who asks, for which workspace, from where: the first argument of everything that touches a
//! tenant.
//!
//! Always true: a [`Scope`] names exactly one tenant, and that tenant came from a verified
//! credential or a verified job, never from a parameter of the request.
//!
//! [`Scope`] is made in three places only (request authentication, job claim, tests); `clippy.toml`
//! bans its constructors elsewhere and tidy holds the list.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{
    ApiKeyId, GlassHand, JobId, PasskeyId, RequestId, SessionId, TenantId, UserAgent, UserId,
};

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Actor {
    /// A person, in a session.
    User {
        /// The person.
        user: UserId,
        /// The session the request came in.
        session: SessionId,
    },
    /// An API key; its rights never exceed its creator's.
    Key {
        /// The key.
        key: ApiKeyId,
        /// Who made it.
        creator: UserId,
    },
    /// A background job, on behalf of the person whose request enqueued it.
    Job {
        /// The job.
        job: JobId,
        /// Whose rights it has.
        principal: UserId,
    },
}

impl Actor {
    /// The person whose standing in the workspace decides what this actor may do.
    #[must_use]
    pub const fn principal(&self) -> UserId {
        match *self {
            Self::User { user, .. } => user,
            Self::Key { creator, .. } => creator,
            Self::Job { principal, .. } => principal,
        }
    }
}

/// The short form that grants and log lines use: `user:…`, `key:…`, `job:…`.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User { user, .. } => write!(f, "user:{user}"),
            Self::Key { key, .. } => write!(f, "key:{key}"),
            Self::Job { job, .. } => write!(f, "job:{job}"),
        }
    }
}

/// Where a request came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Names the request in answers, logs and entries.
    pub request: RequestId,
    /// The peer's address; `None` for background jobs.
    pub ip: Option<IpAddr>,
    /// What the client calls itself.
    pub user_agent: Option<UserAgent>,
}

/// One tenant, one actor, one origin.
#[derive(Debug, Clone)]
pub struct Scope {
    tenant: TenantId,
    actor: Actor,
    origin: Origin,
}

impl Scope {
    /// The scope of a request whose credential was verified. Request authentication only.
    #[must_use]
    pub const fn authenticated(tenant: TenantId, actor: Actor, origin: Origin) -> Self {
        Self { tenant, actor, origin }
    }

    /// The scope of a job whose authentication code was verified. Job claim only.
    #[must_use]
    pub const fn claimed(
        tenant: TenantId,
        job: JobId,
        principal: UserId,
        request: RequestId,
    ) -> Self {
        Self {
            tenant,
            actor: Actor::Job { job, principal },
            origin: Origin { request, ip: None, user_agent: None },
        }
    }

    /// The tenant.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The actor.
    #[must_use]
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The origin.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }
}

/// A person's own account, outside any workspace. Opens no tenant.
#[derive(Debug, Clone)]
pub struct AccountScope {
    user: UserId,
    session: SessionId,
    origin: Origin,
}

impl AccountScope {
    /// The scope of a verified session. Request authentication only.
    #[must_use]
    pub const fn authenticated(user: UserId, session: SessionId, origin: Origin) -> Self {
        Self { user, session, origin }
    }

    /// The person.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// The session.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// The origin.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }
}

/// A person of the platform's staff, in a session begun with a passkey. Opens no tenant.
#[derive(Debug, Clone)]
pub struct StaffScope {
    account: AccountScope,
}

impl StaffScope {
    /// The scope of somebody who was just found to be staff, in such a session. Request
    /// authentication only.
    #[must_use]
    pub const fn authenticated(account: AccountScope) -> Self {
        Self { account }
    }

    /// Their own account.
    #[must_use]
    pub const fn account(&self) -> &AccountScope {
        &self.account
    }
}

/// A person of the platform's staff whose hardware answered a short while ago: which passkey, in
/// which session. Opens no tenant.
#[derive(Debug, Clone)]
pub struct StaffHand {
    staff: StaffScope,
    passkey: PasskeyId,
}

impl StaffHand {
    /// The hand of somebody whose passkey in hardware was just found to be fresh. Request
    /// authentication only.
    #[must_use]
    pub const fn asserted(staff: StaffScope, passkey: PasskeyId) -> Self {
        Self { staff, passkey }
    }

    /// Their own account.
    #[must_use]
    pub const fn account(&self) -> &AccountScope {
        self.staff.account()
    }

    /// What tells this hand from another one.
    #[must_use]
    pub const fn hand(&self) -> GlassHand {
        let account = self.staff.account();
        GlassHand { user: account.user(), session: account.session(), passkey: self.passkey }
    }
}
