//! A store with two workspaces in it, on either engine, with a clock that the test moves.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::authz::{
    AcceptInvitation, Act, ActSet, Authority, Permit, Role, SetSecret, Standing, decide, rank,
};
use domain::{
    Actor, Clock, EmailAddress, Entropy, EnvironmentId, Mint, Name, Origin, ProjectId, Scope,
    Sealed, SessionId, TenantId, TimeMs, UserAgent, UserId, VariableName,
};
use ledger::{AuditEvent, Verb};
use store::{
    Caller, Commit, Committed, NewUser, QuietReason, SecretHead, Store, StoreConfig, StoreError,
};

use crate::cluster::Database;

/// A clock that stands still until it is moved.
pub(crate) struct MovedClock(AtomicI64);

impl MovedClock {
    pub(crate) fn advance(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for MovedClock {
    fn now(&self) -> TimeMs {
        TimeMs(self.0.load(Ordering::SeqCst))
    }
}

struct Random;

impl Entropy for Random {
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).unwrap();
    }
}

pub(crate) fn mint() -> (Arc<MovedClock>, Mint) {
    let clock = Arc::new(MovedClock(AtomicI64::new(1_790_000_000_000)));
    (Arc::clone(&clock), Mint::new(clock, Arc::new(Random)))
}

/// Which engine a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

/// A workspace with its owner, one project and its environments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Workspace {
    pub(crate) tenant: TenantId,
    pub(crate) owner: UserId,
    pub(crate) session: SessionId,
    pub(crate) project: ProjectId,
    pub(crate) environment: EnvironmentId,
}

pub(crate) struct House {
    pub(crate) store: Store,
    pub(crate) config: StoreConfig,
    pub(crate) clock: Arc<MovedClock>,
    pub(crate) ours: Workspace,
    pub(crate) theirs: Workspace,
    ground: Ground,
}

/// What must outlive the store.
enum Ground {
    Folder(tempfile::TempDir),
    Place(std::path::PathBuf),
    Database(Database),
}

impl House {
    pub(crate) async fn open(kind: Kind) -> Self {
        let (clock, mint) = mint();
        let (config, ground) = match kind {
            Kind::Sqlite => {
                let folder = memory_folder();
                let config = StoreConfig::Sqlite { folder: folder.path().to_path_buf() };
                (config, Ground::Folder(folder))
            }
            Kind::Postgres => {
                let database = Database::new(&mint).await;
                (database.config(), Ground::Database(database))
            }
        };
        Self::furnished(config, ground, clock, mint).await
    }

    /// A house on SQLite in this folder.
    pub(crate) async fn at(folder: std::path::PathBuf) -> Self {
        let (clock, mint) = mint();
        let config = StoreConfig::Sqlite { folder: folder.clone() };
        Self::furnished(config, Ground::Place(folder), clock, mint).await
    }

    async fn furnished(
        config: StoreConfig,
        ground: Ground,
        clock: Arc<MovedClock>,
        mint: Mint,
    ) -> Self {
        let store = Store::open(config.clone(), mint).await.unwrap();
        let ours = workspace(&store, "ours").await;
        let theirs = workspace(&store, "theirs").await;
        Self { store, config, clock, ours, theirs, ground }
    }

    /// The database, when this house stands on PostgreSQL.
    pub(crate) fn database(&self) -> &Database {
        match &self.ground {
            Ground::Database(database) => database,
            Ground::Folder(_) | Ground::Place(_) => panic!("this house stands on SQLite"),
        }
    }

    pub(crate) fn on_postgres(&self) -> bool {
        matches!(self.ground, Ground::Database(_))
    }

    /// The data folder, when this house stands on SQLite.
    pub(crate) fn folder(&self) -> &std::path::Path {
        match &self.ground {
            Ground::Folder(folder) => folder.path(),
            Ground::Place(folder) => folder,
            Ground::Database(_) => panic!("this house stands on PostgreSQL"),
        }
    }

    pub(crate) fn scope(&self, workspace: Workspace) -> Scope {
        scope(&self.store, workspace)
    }
}

pub(crate) fn scope(store: &Store, workspace: Workspace) -> Scope {
    let actor = Actor::User { user: workspace.owner, session: workspace.session };
    Scope::authenticated(workspace.tenant, actor, origin(store))
}

pub(crate) fn origin(store: &Store) -> Origin {
    Origin {
        request: store.mint().id(),
        ip: Some(IpAddr::from([192, 0, 2, 7])),
        user_agent: Some(UserAgent::parse("tests/1").unwrap()),
    }
}

pub(crate) fn event(verb: Verb) -> AuditEvent {
    AuditEvent::new(verb, "thing", "one")
}

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

pub(crate) fn variable(text: &str) -> VariableName {
    VariableName::parse(text).unwrap()
}

pub(crate) fn email(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

/// The authority of a workspace's owner, with a factor given just now.
pub(crate) fn owner_authority(user: UserId, now: TimeMs) -> Authority {
    Authority {
        standing: Standing {
            user,
            role: Role::Owner,
            overrides: Default::default(),
            projects: Default::default(),
        },
        ceiling: None,
        factor_at: Some(now),
        now,
    }
}

pub(crate) fn set_permit(workspace: Workspace, now: TimeMs, secret: &str) -> Permit<SetSecret> {
    decide(
        &owner_authority(workspace.owner, now),
        SetSecret {
            project: workspace.project,
            environment: workspace.environment,
            name: variable(secret),
        },
    )
    .unwrap()
}

pub(crate) fn accept_permit(
    workspace: Workspace,
    now: TimeMs,
    invitation: domain::InvitationId,
    user: UserId,
    role: Role,
) -> Permit<AcceptInvitation> {
    rank::decide_accept(
        Some(&owner_authority(workspace.owner, now)),
        AcceptInvitation { invitation, user, role, projects: Default::default() },
    )
    .unwrap()
}

async fn workspace(store: &Store, called: &str) -> Workspace {
    let mint = store.mint();
    let made = Workspace {
        tenant: mint.id(),
        owner: mint.id(),
        session: mint.id(),
        project: mint.id(),
        environment: mint.id(),
    };
    let address = email(&format!("owner@{called}.example"));
    let person = NewUser {
        id: made.owner,
        email: address.clone(),
        password_hash: "$argon2id$".into(),
        totp: domain::Sealed::from_envelope(vec![1]),
        totp_last_step: 1,
    };
    let title = name(called);
    let reserved = title.clone();
    store
        .platform_write::<_, StoreError>(&Caller::anonymous(origin(store)), move |tx| {
            tx.users().create(&person)?;
            tx.workspaces().reserve(made.tenant, &reserved, made.owner)?;
            Ok(Commit::quiet(QuietReason::Installation, ()))
        })
        .await
        .unwrap();
    store.create_unit(made.tenant).await.unwrap();
    let environment = store
        .write::<_, StoreError>(&scope(store, made), move |tx| {
            assert!(tx.team().create(&title, made.owner, &address)?);
            let authority = owner_authority(made.owner, tx.now());
            let create = domain::authz::CreateProject { name: title };
            let permit = decide(&authority, create).unwrap();
            tx.projects().create(permit, made.project, made.owner)?;
            let born = tx.environments().create_first(made.project)?;
            Ok(Commit::audited(event(Verb::WorkspaceCreated), born[0].id))
        })
        .await
        .unwrap()
        .value;
    store
        .platform_write::<_, StoreError>(&Caller::system("tests", mint.id()), move |tx| {
            assert!(tx.workspaces().confirm(made.tenant)?);
            Ok(Commit::quiet(QuietReason::Hint, ()))
        })
        .await
        .unwrap();
    Workspace { environment, ..made }
}

pub(crate) fn invite_permit(
    workspace: Workspace,
    now: TimeMs,
    role: Role,
) -> Permit<domain::authz::Invite> {
    let wanted = domain::authz::Invite {
        email: email("newcomer@new.example"),
        role,
        projects: Default::default(),
    };
    rank::decide_invite(&owner_authority(workspace.owner, now), wanted).unwrap()
}

pub(crate) fn key_permit(workspace: Workspace, now: TimeMs) -> Permit<domain::authz::CreateKey> {
    let scopes = ActSet::of(&[Act::SecretList]);
    rank::decide_create_key(&owner_authority(workspace.owner, now), scopes).unwrap()
}

/// Sets a secret by its whole path.
pub(crate) async fn set_secret(
    house: &House,
    workspace: Workspace,
    secret: &str,
    envelope: Vec<u8>,
) -> Result<Committed<SecretHead>, StoreError> {
    let secret = secret.to_owned();
    house
        .store
        .write(&house.scope(workspace), move |tx| {
            let permit = set_permit(workspace, tx.now(), &secret);
            let id = tx.mint().id();
            let sealed = Sealed::from_envelope(envelope);
            let head = tx.secrets().set(permit, id, workspace.owner, &sealed)?;
            Ok(Commit::audited(event(Verb::SecretSet), head))
        })
        .await
}

/// Lets a newcomer into a workspace.
pub(crate) async fn join(house: &House, workspace: Workspace, role: Role) -> UserId {
    let user: UserId = house.store.mint().id();
    house
        .store
        .write::<_, StoreError>(&house.scope(workspace), move |tx| {
            let invitation = tx.mint().id();
            let permit = accept_permit(workspace, tx.now(), invitation, user, role);
            let newcomer = store::Newcomer { email: email(&format!("m{user}@ours.example")) };
            tx.members().insert(permit, &newcomer)?;
            Ok(Commit::audited(event(Verb::MemberJoined), ()))
        })
        .await
        .unwrap();
    user
}

/// The program itself, as a caller.
pub(crate) fn as_system(store: &Store) -> Caller {
    Caller::system("tests", store.mint().id())
}

/// A folder in memory where there is one: these tests ask what is written, not how fast the disk
/// is.
pub(crate) fn memory_folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}
