//! A store with two workspaces in it, and a broker process that signs for it.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use broker::{Broker, DataScope, Exposed, Grant, Purpose, Realm, RecordKind, RecordName};
use domain::authz::{
    AcceptInvitation, Act, Authority, Effect, Override, Overrides, Role, Standing, rank,
};
use domain::{
    Actor, EmailAddress, EnvironmentId, Mint, Name, Origin, Scope, SessionId, TenantId, UserAgent,
    UserId,
};
use ledger::{AuditEvent, Evidence, LogOrigin, Stream, Verb, Verdict, VerifierKey, verify_export};
use notary::{Export, NotaryError, Touched, Worker, begin_export, sequence};
use seal::{SystemClock, SystemEntropy};
use store::{Caller, Commit, EntryRef, NewUser, Newcomer, QuietReason, Store, StoreError, Unit};

use crate::ground::{Ground, Owner};

/// A workspace with its owner.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Workspace {
    pub(crate) tenant: TenantId,
    pub(crate) owner: UserId,
    pub(crate) session: SessionId,
    pub(crate) environment: EnvironmentId,
}

pub(crate) struct House {
    pub(crate) store: Store,
    pub(crate) broker: Broker,
    pub(crate) ours: Workspace,
    pub(crate) theirs: Workspace,
    pub(crate) touched: Touched,
    pub(crate) ground: Ground,
    process: Child,
    folder: tempfile::TempDir,
}

pub(crate) fn mint() -> Mint {
    Mint::new(Arc::new(SystemClock), Arc::new(SystemEntropy))
}

/// The helper binary that cargo builds beside the tests.
pub(crate) fn host() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let host = test.parent().unwrap().parent().unwrap().join("examples/notary_host");
    assert!(host.exists(), "build the examples first: cargo build -p notary --examples");
    host
}

fn start_broker(folder: &Path) -> Child {
    let uid = our_uid();
    let mut command = Command::new(host());
    command.arg("broker").arg(folder).arg(uid).stdin(Stdio::null()).spawn().unwrap()
}

/// The user these tests run as: the owner of a file they made.
fn our_uid() -> String {
    use std::os::unix::fs::MetadataExt;
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().metadata().unwrap().uid().to_string()
}

pub(crate) async fn connect(folder: &Path) -> Broker {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        match Broker::connect(&folder.join("run/broker.sock")).await {
            Ok(broker) => return broker,
            Err(error) => assert!(Instant::now() < deadline, "no broker: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

impl House {
    pub(crate) async fn on(ground: Ground) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["data", "broker", "config", "run"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let store = Store::open(ground.config(folder.path()), mint()).await.unwrap();
        let instance = store.instance().to_string();
        let mut setup = Command::new(host());
        assert!(setup.arg("setup").arg(folder.path()).arg(instance).status().unwrap().success());
        let process = start_broker(folder.path());
        let broker = connect(folder.path()).await;
        let ours = workspace(&store, &broker, "ours").await;
        let theirs = workspace(&store, &broker, "theirs").await;
        let touched = Touched::default();
        Self { store, broker, ours, theirs, touched, ground, process, folder }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn scope(&self, workspace: Workspace) -> Scope {
        scope(&self.store, workspace)
    }

    pub(crate) fn worker(&self) -> Worker {
        Worker::new(self.store.clone(), self.broker.clone(), self.touched.clone())
    }

    pub(crate) async fn key(&self) -> VerifierKey {
        VerifierKey::parse(&self.broker.log_key().await.unwrap()).unwrap()
    }

    pub(crate) fn origin(&self, workspace: Workspace) -> LogOrigin {
        LogOrigin::new(self.store.instance(), workspace.tenant, Stream::Workspace)
    }

    /// Writes `count` entries into a workspace's log, in one commit.
    pub(crate) async fn write(&self, workspace: Workspace, count: usize) -> Vec<EntryRef> {
        let work = move |_: &mut store::TenantTx<'_>| {
            let event = |n| AuditEvent::new(Verb::WorkspaceUpdated, "workspace", n);
            Ok::<_, StoreError>(Commit::audited_all((0..count).map(event).collect(), ()))
        };
        self.store.write(&self.scope(workspace), work).await.unwrap().entries
    }

    pub(crate) async fn sequence(&self, workspace: Workspace) -> Result<u64, NotaryError> {
        let unit = Unit::Tenant(workspace.tenant);
        loop {
            let done = sequence(&self.store, &self.broker, unit, Stream::Workspace).await?;
            if !done.more {
                return Ok(done.size);
            }
        }
    }

    pub(crate) async fn export(&self, workspace: Workspace) -> Result<Vec<u8>, NotaryError> {
        let scope = self.scope(workspace);
        let begun = begin_export(&self.store, &self.broker, &scope, Stream::Workspace).await?;
        whole(begun.value).await
    }

    /// The verdict of somebody who has the export and the key.
    pub(crate) async fn verdict(&self, workspace: Workspace) -> Verdict {
        let (file, key) = (self.export(workspace).await.unwrap(), self.key().await);
        verify_export(&file[..], Evidence { keys: &[key], ..Evidence::default() })
    }

    /// Somebody who owns the machine, at a workspace's rows.
    pub(crate) async fn owner_of(&self, workspace: Workspace) -> Owner {
        self.ground.owner_of(self.folder(), workspace.tenant).await
    }

    /// Seals a value for a workspace and opens it again, which leaves an entry in the journal.
    pub(crate) async fn open_a_secret(&self, realm: Realm, environment: EnvironmentId) -> u64 {
        self.open_in(realm, environment, self.store.mint().id(), self.store.mint().id()).await
    }

    /// The same by the owner of our workspace, whose log announces it first, in the same request.
    pub(crate) async fn announce_and_open_a_secret(
        &self,
        realm: Realm,
        environment: EnvironmentId,
    ) -> u64 {
        let (scope, secret) = (self.scope(self.ours), self.store.mint().id::<domain::SecretId>());
        let event = AuditEvent::new(Verb::SecretRevealed, "secret", secret);
        let announced =
            self.store.write::<_, StoreError>(&scope, move |_| Ok(Commit::audited(event, ())));
        announced.await.unwrap();
        self.open_in(realm, environment, secret.uuid(), scope.origin().request).await
    }

    async fn open_in(
        &self,
        realm: Realm,
        environment: EnvironmentId,
        id: uuid::Uuid,
        request: domain::RequestId,
    ) -> u64 {
        let name = RecordName {
            scope: DataScope::Environment(environment),
            kind: RecordKind::SecretValue,
            id,
            version: 1,
        };
        let value = Exposed::copy_of(b"correct horse");
        let sealed = self.broker.seal(realm, vec![(name, value)]).await.unwrap().remove(0);
        let grant = Grant {
            realm,
            purpose: Purpose::Reveal,
            actor: "user:ada".into(),
            request,
            expires_at: self.store.mint().now().plus_ms(10_000),
        };
        self.broker.open(grant, vec![(name, sealed)]).await.unwrap().journal_seq
    }

    /// Ends the broker as a crash would.
    pub(crate) fn kill_broker(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub(crate) async fn restart_broker(&mut self) {
        self.process = start_broker(self.folder.path());
        self.broker = connect(self.folder.path()).await;
    }

    /// One more workspace.
    pub(crate) async fn another(&self, called: &str) -> Workspace {
        workspace(&self.store, &self.broker, called).await
    }

    /// Lets somebody into a workspace with this role, and gives their scope.
    pub(crate) async fn join(&self, workspace: Workspace, role: Role) -> Scope {
        self.join_as(workspace, self.store.mint().id(), role).await
    }

    /// The same for somebody who is known already.
    pub(crate) async fn join_as(&self, workspace: Workspace, user: UserId, role: Role) -> Scope {
        let inviter = self.scope(workspace);
        let joined = self.store.write::<_, StoreError>(&inviter, move |tx| {
            let authority = owner(workspace.owner, tx.now());
            let projects = std::collections::BTreeSet::default();
            let accepted = AcceptInvitation { invitation: tx.mint().id(), user, role, projects };
            let permit = rank::decide_accept(Some(&authority), accepted).unwrap();
            let email = EmailAddress::parse("new@ours.example").unwrap();
            tx.members().insert(permit, &Newcomer { email })?;
            Ok(Commit::audited(AuditEvent::new(Verb::MemberJoined, "member", user), ()))
        });
        joined.await.unwrap();
        scope(&self.store, Workspace { owner: user, ..workspace })
    }

    /// Takes a member out of a workspace.
    pub(crate) async fn leave(&self, workspace: Workspace, user: UserId) {
        let scope = self.scope(workspace);
        let left = self.store.write::<_, StoreError>(&scope, move |tx| {
            let target = tx.members().standing(user)?.unwrap();
            let permit = rank::decide_remove(&owner(workspace.owner, tx.now()), &target).unwrap();
            tx.members().remove(permit)?;
            Ok(Commit::audited(AuditEvent::new(Verb::MemberRemoved, "member", user), ()))
        });
        left.await.unwrap();
    }

    /// Grants a member one act.
    pub(crate) async fn grant(&self, workspace: Workspace, user: UserId, act: Act) {
        let scope = self.scope(workspace);
        let granted = self.store.write::<_, StoreError>(&scope, move |tx| {
            let target = tx.members().standing(user)?.unwrap();
            let one = Override { act, effect: Effect::Grant, project: None, expires_at_ms: None };
            let wanted = Overrides::new(vec![one]).unwrap();
            let authority = owner(workspace.owner, tx.now());
            let permit = rank::decide_overrides(&authority, &target, wanted).unwrap();
            tx.members().set_overrides(permit)?;
            Ok(Commit::audited(AuditEvent::new(Verb::MemberOverridesChanged, "member", user), ()))
        });
        granted.await.unwrap();
    }
}

impl Drop for House {
    fn drop(&mut self) {
        // Killing a process that has ended already fails, and that is fine.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Every line of an export.
pub(crate) async fn whole(mut export: Export) -> Result<Vec<u8>, NotaryError> {
    let mut file = Vec::new();
    while let Some(line) = export.next_line().await? {
        file.extend_from_slice(line.as_bytes());
    }
    Ok(file)
}

fn owner(user: UserId, now: domain::TimeMs) -> Authority {
    let overrides = domain::authz::Overrides::default();
    let projects = std::collections::BTreeSet::default();
    let standing = Standing { user, role: Role::Owner, overrides, projects };
    Authority { standing, ceiling: None, factor_at: Some(now), now }
}

#[allow(clippy::disallowed_methods, reason = "a test stands in for request authentication")]
fn scope(store: &Store, workspace: Workspace) -> Scope {
    let actor = Actor::User { user: workspace.owner, session: workspace.session };
    Scope::authenticated(workspace.tenant, actor, origin(store))
}

fn origin(store: &Store) -> Origin {
    Origin {
        request: store.mint().id(),
        ip: Some(IpAddr::from([192, 0, 2, 7])),
        user_agent: Some(UserAgent::parse("tests/1").unwrap()),
    }
}

async fn workspace(store: &Store, broker: &Broker, called: &str) -> Workspace {
    let mint = store.mint();
    let (tenant, owner): (TenantId, UserId) = (mint.id(), mint.id());
    let made = Workspace { tenant, owner, session: mint.id(), environment: mint.id() };
    let email = EmailAddress::parse(&format!("owner@{called}.example")).unwrap();
    let person = NewUser {
        id: owner,
        email: email.clone(),
        password_hash: "$argon2id$".into(),
        totp: domain::Sealed::from_envelope(vec![1]),
        totp_last_step: 1,
    };
    let title = Name::parse(called).unwrap();
    let reserved = title.clone();
    let caller = Caller::anonymous(origin(store));
    let reserve = store.platform_write::<_, StoreError>(&caller, move |tx| {
        tx.users().create(&person)?;
        tx.workspaces().reserve(tenant, &reserved, owner)?;
        Ok(Commit::quiet(QuietReason::Installation, ()))
    });
    reserve.await.unwrap();
    store.create_unit(tenant).await.unwrap();
    let parent = scope(store, made);
    let birth = store.write::<_, StoreError>(&parent, move |tx| {
        assert!(tx.team().create(&title, owner, &email)?);
        let event = AuditEvent::new(Verb::WorkspaceCreated, "workspace", tenant);
        Ok(Commit::audited(event, ()))
    });
    birth.await.unwrap();
    let confirm = store.platform_write::<_, StoreError>(&caller, move |tx| {
        assert!(tx.workspaces().confirm(tenant)?);
        Ok(Commit::quiet(QuietReason::Hint, ()))
    });
    confirm.await.unwrap();
    for realm in [Realm::Tenant(tenant), Realm::Person(owner)] {
        broker.create_realm(realm).await.unwrap();
    }
    made
}
