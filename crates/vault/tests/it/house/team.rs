//! A workspace with its people and projects.

use std::collections::BTreeSet;

use domain::authz::rank::{self, AcceptInvitation};
use domain::authz::{Authority, Overrides, Role, Standing};
use domain::{
    Actor, EmailAddress, EnvironmentId, Mint, Origin, ProjectId, Scope, Sealed, TenantId, TimeMs,
    UserAgent, UserId,
};
use ledger::Verb;
use serde_json::Value;
use store::{
    Caller, Commit, EntryFilter, LoggedEntry, NewUser, Newcomer, Page, QuietReason, Store,
    StoreError,
};
use vault::projects::create_project;
use vault::secrets::SecretPath;

use super::{name, variable};

/// One workspace as its people see it.
pub(crate) struct Team {
    pub(crate) id: TenantId,
    pub(crate) owner: Scope,
    pub(crate) admin: Scope,
    pub(crate) operator: Scope,
    pub(crate) viewer: Scope,
    /// The project that everybody is in.
    pub(crate) project: ProjectId,
    pub(crate) production: EnvironmentId,
    pub(crate) development: EnvironmentId,
    /// The project that only those who reach every project reach.
    pub(crate) hidden: ProjectId,
    pub(crate) hidden_development: EnvironmentId,
}

/// Somebody signed in to this workspace.
fn person(mint: &Mint, tenant: TenantId, user: UserId) -> Scope {
    let actor = Actor::User { user, session: mint.id() };
    let origin = Origin {
        request: mint.id(),
        ip: Some("192.0.2.7".parse().unwrap()),
        user_agent: Some(UserAgent::parse("test/1").unwrap()),
    };
    Scope::authenticated(tenant, actor, origin)
}

impl Team {
    pub(crate) async fn found(store: &Store, called: &str) -> Self {
        let mint = store.mint().clone();
        let id: TenantId = mint.id();
        let owner = person(&mint, id, mint.id());
        let (team_name, user) = (name(called), owner.actor().principal());
        let (reserved, anyone) = (team_name.clone(), Caller::anonymous(owner.origin().clone()));
        let account = NewUser {
            id: user,
            email: address(user),
            password_hash: "$argon2id$".to_owned(),
            totp: Sealed::from_envelope(vec![1]),
            totp_last_step: 1,
        };
        store
            .platform_write::<_, StoreError>(&anyone, move |tx| {
                tx.users().create(&account)?;
                tx.workspaces().reserve(id, &reserved, user)?;
                Ok(Commit::quiet(QuietReason::Installation, ()))
            })
            .await
            .unwrap();
        store.create_unit(id).await.unwrap();
        store
            .write::<_, StoreError>(&owner, move |tx| {
                assert!(tx.team().create(&team_name, user, &address(user))?);
                Ok(Commit::quiet(QuietReason::Installation, ()))
            })
            .await
            .unwrap();
        store
            .platform_write::<_, StoreError>(&anyone, move |tx| {
                assert!(tx.workspaces().confirm(id)?);
                Ok(Commit::quiet(QuietReason::Hint, ()))
            })
            .await
            .unwrap();
        let everybody = create_project(store, &owner, name("shop")).await.unwrap().value;
        let hidden = create_project(store, &owner, name("payroll")).await.unwrap().value;
        let project = everybody.project.id;
        let mut team = Self {
            id,
            admin: owner.clone(),
            operator: owner.clone(),
            viewer: owner.clone(),
            owner,
            project,
            production: everybody.environments[0].id,
            development: everybody.environments[2].id,
            hidden: hidden.project.id,
            hidden_development: hidden.environments[2].id,
        };
        team.admin = team.join(store, Role::Admin, BTreeSet::new()).await;
        team.operator = team.join(store, Role::Operator, BTreeSet::from([project])).await;
        team.viewer = team.join(store, Role::Viewer, BTreeSet::from([project])).await;
        team
    }

    /// Lets somebody new in by the owner's invitation.
    pub(crate) async fn join(
        &self,
        store: &Store,
        role: Role,
        projects: BTreeSet<ProjectId>,
    ) -> Scope {
        let mint = store.mint();
        let (user, invitation) = (mint.id(), mint.id());
        let owner = self.owner_authority(mint.now());
        let wanted = AcceptInvitation { invitation, user, role, projects };
        let permit = rank::decide_accept(Some(&owner), wanted).unwrap();
        store
            .write(&self.owner, move |tx| {
                let newcomer = Newcomer { email: address(user) };
                tx.members().insert(permit, &newcomer)?;
                Ok::<_, StoreError>(Commit::quiet(QuietReason::Installation, ()))
            })
            .await
            .unwrap();
        person(mint, self.id, user)
    }

    /// The owner's authority, with a factor given just now.
    pub(crate) fn owner_authority(&self, now: TimeMs) -> Authority {
        let standing = Standing {
            user: self.owner.actor().principal(),
            role: Role::Owner,
            overrides: Overrides::default(),
            projects: BTreeSet::new(),
        };
        Authority { standing, ceiling: None, factor_at: Some(now), now }
    }

    /// A secret's place in the development environment of the project that everybody is in.
    pub(crate) fn path(&self, called: &str) -> SecretPath {
        let (project, environment) = (self.project, self.development);
        SecretPath { project, environment, name: variable(called) }
    }
}

fn address(user: UserId) -> EmailAddress {
    EmailAddress::parse(&format!("{user}@example.org")).unwrap()
}

/// What the workspace's log says under this verb, oldest first: the hashed bytes as JSON, and the
/// entry.
pub(crate) async fn logged(store: &Store, scope: &Scope, verb: Verb) -> Vec<(Value, LoggedEntry)> {
    let filter = EntryFilter { verb: Some(verb), ..EntryFilter::default() };
    let listing =
        store.read(scope, move |tx| tx.audit().list(&filter, Page::first(200))).await.unwrap();
    let entries = listing.items.into_iter().rev();
    entries.map(|entry| (serde_json::from_slice(&entry.body).unwrap(), entry)).collect()
}
