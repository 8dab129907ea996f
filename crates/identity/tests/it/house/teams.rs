//! A workspace with one member of each rank and a project that its operator and viewer are in.

use std::collections::BTreeSet;

use broker::{Broker, Realm};
use domain::authz::rank::{self, AcceptInvitation};
use domain::authz::{Authority, CreateProject, Overrides, Role, Standing, decide};
use domain::{ProjectId, TenantId};
use store::{Caller, Commit, Newcomer, QuietReason, Store, StoreError};

use super::{Person, name};

pub(crate) struct Team {
    pub(crate) id: TenantId,
    pub(crate) owner: Person,
    pub(crate) admin: Person,
    pub(crate) operator: Person,
    pub(crate) viewer: Person,
    /// The operator and the viewer are in it.
    pub(crate) project: ProjectId,
    /// Only those who reach every project reach it.
    pub(crate) hidden: ProjectId,
}

impl Team {
    pub(crate) async fn found(store: &Store, broker: &Broker, called: &str) -> Self {
        let person = async |rank: &str| {
            Person::enrolled(store, broker, &format!("{rank}@{called}.example")).await
        };
        let (owner, admin) = (person("owner").await, person("admin").await);
        let (operator, viewer) = (person("operator").await, person("viewer").await);
        let id: TenantId = store.mint().id();
        broker.create_realm(Realm::Tenant(id)).await.unwrap();
        let (project, hidden) = (store.mint().id(), store.mint().id());
        let team = Self { id, owner, admin, operator, viewer, project, hidden };
        team.born(store, called).await;
        team.join(store, &team.admin, Role::Admin, &[]).await;
        team.join(store, &team.operator, Role::Operator, &[project]).await;
        team.join(store, &team.viewer, Role::Viewer, &[project]).await;
        team
    }

    async fn born(&self, store: &Store, called: &str) {
        let (id, owner, title) = (self.id, self.owner.user, name(called));
        let (project, hidden, address) = (self.project, self.hidden, self.owner.email.clone());
        let caller = Caller::from(&self.owner.scope(id));
        let reserved = title.clone();
        store
            .platform_write(&caller, move |tx| {
                tx.workspaces().reserve(id, &reserved, owner)?;
                tx.memberships().set(owner, id, Role::Owner)?;
                Ok::<_, StoreError>(Commit::quiet(QuietReason::Installation, ()))
            })
            .await
            .unwrap();
        store.create_unit(id).await.unwrap();
        let authority = self.owner_authority(store);
        store
            .write(&self.owner.scope(id), move |tx| {
                assert!(tx.team().create(&title, owner, &address)?);
                for (project, called) in [(project, "shop"), (hidden, "payroll")] {
                    let create = CreateProject { name: name(called) };
                    tx.projects().create(decide(&authority, create).unwrap(), project, owner)?;
                }
                Ok::<_, StoreError>(Commit::quiet(QuietReason::Installation, ()))
            })
            .await
            .unwrap();
        store
            .platform_write(&caller, move |tx| {
                assert!(tx.workspaces().confirm(id)?);
                Ok::<_, StoreError>(Commit::quiet(QuietReason::Installation, ()))
            })
            .await
            .unwrap();
    }

    /// Makes somebody a member.
    pub(crate) async fn join(
        &self,
        store: &Store,
        person: &Person,
        role: Role,
        projects: &[ProjectId],
    ) {
        let (id, user, address) = (self.id, person.user, person.email.clone());
        let wanted = AcceptInvitation {
            invitation: store.mint().id(),
            user,
            role,
            projects: projects.iter().copied().collect(),
        };
        let permit = rank::decide_accept(Some(&self.owner_authority(store)), wanted).unwrap();
        store
            .write(&self.owner.scope(id), move |tx| {
                tx.members().insert(permit, &Newcomer { email: address })?;
                Ok::<_, StoreError>(Commit::quiet(QuietReason::Installation, ()))
            })
            .await
            .unwrap();
        store
            .platform_write(&Caller::from(&self.owner.scope(id)), move |tx| {
                tx.memberships().set(user, id, role)?;
                Ok::<_, StoreError>(Commit::quiet(QuietReason::Installation, ()))
            })
            .await
            .unwrap();
    }

    /// Somebody's rank now; `None` when they are not in the team.
    pub(crate) async fn role_of(&self, store: &Store, person: &Person) -> Option<Role> {
        let user = person.user;
        let scope = self.owner.scope(self.id);
        let found = store.read(&scope, move |tx| tx.members().find(user)).await.unwrap();
        found.map(|member| member.role)
    }

    fn owner_authority(&self, store: &Store) -> Authority {
        let standing = Standing {
            user: self.owner.user,
            role: Role::Owner,
            overrides: Overrides::default(),
            projects: BTreeSet::new(),
        };
        let now = store.mint().now();
        Authority { standing, ceiling: None, factor_at: Some(now), now }
    }
}
