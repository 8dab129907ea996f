//! What the walls cost: the same read and the same write, with and without them, side by side.
//!
//! Printed are medians of several rounds that alternate between the two, and their ratio. The bare
//! side is the same driver, the same statement and the same pool shape, without a tenant setting,
//! row security, scope, permit or entry.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a bench makes scopes like a test, and asks for PostgreSQL's address"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::authz::{Authority, CreateProject, Role, SetSecret, Standing, decide};
use domain::{
    Actor, Clock, EmailAddress, Entropy, EnvironmentId, Mint, Name, Origin, ProjectId, Scope,
    Sealed, TenantId, TimeMs, UserId, VariableName,
};
use ledger::{AuditEvent, Verb};
use store::postgres::{Roles, create_database, prepare};
use store::{Commit, PostgresTarget, QuietReason, Store, StoreConfig, StoreError};
use tokio::task::JoinSet;

const TASKS: usize = 16;
const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_millis(600);

struct Now;

impl Clock for Now {
    fn now(&self) -> TimeMs {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        TimeMs(i64::try_from(since.as_millis()).unwrap())
    }
}

struct Random;

impl Entropy for Random {
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).unwrap();
    }
}

/// One workspace with one secret, and everything needed to ask for it.
#[derive(Clone)]
struct Ground {
    store: Store,
    scope: Scope,
    owner: UserId,
    project: ProjectId,
    environment: EnvironmentId,
    name: VariableName,
}

fn authority(owner: UserId, now: TimeMs) -> Authority {
    let standing = Standing {
        user: owner,
        role: Role::Owner,
        overrides: Default::default(),
        projects: Default::default(),
    };
    Authority { standing, ceiling: None, factor_at: Some(now), now }
}

impl Ground {
    async fn new(config: StoreConfig) -> Self {
        let mint = Mint::new(Arc::new(Now), Arc::new(Random));
        let store = Store::open(config, mint.clone()).await.unwrap();
        let (tenant, owner): (TenantId, UserId) = (mint.id(), mint.id());
        let (project, secret) = (mint.id(), mint.id());
        let actor = Actor::User { user: owner, session: mint.id() };
        let origin = Origin { request: mint.id(), ip: None, user_agent: None };
        let scope = Scope::authenticated(tenant, actor, origin);
        let name = VariableName::parse("DATABASE_URL").unwrap();
        store.create_unit(tenant).await.unwrap();
        let wanted = name.clone();
        let environment = store
            .write::<_, StoreError>(&scope, move |tx| {
                let title = Name::parse("bench").unwrap();
                let email = EmailAddress::parse("owner@bench.example").unwrap();
                tx.team().create(&title, owner, &email)?;
                let authority = authority(owner, tx.now());
                let create = decide(&authority, CreateProject { name: title }).unwrap();
                tx.projects().create(create, project, owner)?;
                let born = tx.environments().create_first(project)?;
                let environment = born.first().unwrap().id;
                let set = SetSecret { project, environment, name: wanted };
                let set = decide(&authority, set).unwrap();
                let sealed = Sealed::from_envelope(vec![7; 200]);
                tx.secrets().set(set, secret, owner, &sealed)?;
                let event = AuditEvent::new(Verb::WorkspaceCreated, "workspace", tenant);
                Ok(Commit::audited(event, environment))
            })
            .await
            .unwrap()
            .value;
        Self { store, scope, owner, project, environment, name }
    }

    async fn scoped_read(self) {
        let found = self
            .store
            .fetch_sealed(&self.scope, self.project, self.environment, &self.name)
            .await
            .unwrap();
        assert!(found.is_some());
    }

    /// A small write, with an entry or without one.
    async fn write(self, ending: Ending) {
        self.store
            .write::<_, StoreError>(&self.scope, move |tx| {
                let random: [u8; 8] = tx.mint().bytes();
                let name = format!("S{}", u64::from_be_bytes(random));
                let set = SetSecret {
                    project: self.project,
                    environment: self.environment,
                    name: VariableName::parse(&name).unwrap(),
                };
                let permit = decide(&authority(self.owner, tx.now()), set).unwrap();
                let id = tx.mint().id();
                let sealed = Sealed::from_envelope(vec![7; 200]);
                tx.secrets().set(permit, id, self.owner, &sealed)?;
                Ok(match ending {
                    Ending::Audited => {
                        let event = AuditEvent::new(Verb::SecretSet, "secret", name);
                        Commit::audited(event, ())
                    }
                    Ending::Bare => Commit::quiet(QuietReason::Installation, ()),
                })
            })
            .await
            .unwrap();
    }
}

#[derive(Clone, Copy)]
enum Ending {
    Audited,
    Bare,
}

/// How often per second `work` is done by sixteen tasks.
async fn rate<F>(work: impl Fn() -> F + Clone + Send + Sync + 'static) -> f64
where
    F: Future<Output = ()> + Send,
{
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let work = work.clone();
        tasks.spawn(async move {
            let mut done = 0_u32;
            while begun.elapsed() < ROUND {
                work().await;
                done += 1;
            }
            done
        });
    }
    let done: u32 = tasks.join_all().await.into_iter().sum();
    f64::from(done) / begun.elapsed().as_secs_f64()
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or_default()
}

/// Measures two kinds of work in turns and prints both and their ratio.
async fn compare<F, G>(
    title: &str,
    walled: impl Fn() -> F + Clone + Send + Sync + 'static,
    bare: impl Fn() -> G + Clone + Send + Sync + 'static,
) where
    F: Future<Output = ()> + Send,
    G: Future<Output = ()> + Send,
{
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        with.push(rate(walled.clone()).await);
        without.push(rate(bare.clone()).await);
    }
    let (with, without) = (median(with), median(without));
    println!("{title:<58} {with:>9.0}/s {without:>9.0}/s   ratio {:.2}", with / without);
}

const BARE: &str = "select s.secret_id, s.name, v.version, v.sealed from secrets s \
    join secret_versions v on v.tenant_id = $1 and v.secret_id = s.secret_id \
    and v.version = s.version \
    where s.tenant_id = $1 and s.project_id = $2 and s.environment_id = $3 and s.name = $4";

async fn on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let ground = Ground::new(StoreConfig::Sqlite { folder: folder.path().to_path_buf() }).await;
    let tenant = ground.scope.tenant();
    let file = folder.path().join(format!("tenants/{tenant}.db"));
    let idle = Arc::new(std::sync::Mutex::new(Vec::new()));
    let permits = Arc::new(tokio::sync::Semaphore::new(4));
    let text = BARE.replace('$', "?");
    let (project, environment) = (ground.project, ground.environment);
    let bare = move || {
        let (idle, permits, text) = (Arc::clone(&idle), Arc::clone(&permits), text.clone());
        let file = file.clone();
        async move {
            let _permit = permits.acquire().await.unwrap();
            let reader: Option<rusqlite::Connection> = idle.lock().unwrap().pop();
            let reader = tokio::task::spawn_blocking(move || {
                let reader = reader.unwrap_or_else(|| rusqlite::Connection::open(file).unwrap());
                let mut found = reader.prepare_cached(&text).unwrap();
                let ids = (tenant.to_bytes(), project.to_bytes(), environment.to_bytes());
                let sealed: Vec<u8> = found
                    .query_row((ids.0, ids.1, ids.2, "DATABASE_URL"), |row| row.get(3))
                    .unwrap();
                assert_eq!(sealed.len(), 200);
                drop(found);
                reader
            })
            .await
            .unwrap();
            idle.lock().unwrap().push(reader);
        }
    };
    let walled = ground.clone();
    compare("SQLite: scoped read / bare read", move || walled.clone().scoped_read(), bare).await;
    writes("SQLite: audited write / unaudited write", ground).await;
}

async fn writes(title: &str, ground: Ground) {
    let (audited, bare) = (ground.clone(), ground);
    compare(
        title,
        move || audited.clone().write(Ending::Audited),
        move || bare.clone().write(Ending::Bare),
    )
    .await;
}

/// The superuser's address with another user and database.
fn address(superuser: &str, user: Option<&str>, database: &str) -> String {
    let (scheme, rest) = superuser.split_once("://").unwrap();
    let (own, host) = rest.split_once('@').unwrap();
    let (host, _) = host.rsplit_once('/').unwrap();
    format!("{scheme}://{}@{host}/{database}", user.unwrap_or(own))
}

async fn on_postgres(superuser: &str) {
    let database = format!("cm_bench_{}", std::process::id());
    let roles = Roles::without_passwords(&database).unwrap();
    let mint = Mint::new(Arc::new(Now), Arc::new(Random));
    create_database(&PostgresTarget::socket(superuser), &database).await.unwrap();
    let admin = PostgresTarget::socket(address(superuser, None, &database));
    prepare(&admin, &roles, &mint).await.unwrap();
    let target = |role: String| PostgresTarget::socket(address(superuser, Some(&role), &database));
    let ground = Ground::new(StoreConfig::Postgres {
        runtime: target(roles.runtime()),
        platform: target(roles.platform()),
        pool: TASKS,
    })
    .await;
    // The bare side: the superuser, whom row security does not touch, in autocommit.
    let mut config: tokio_postgres::Config = address(superuser, None, &database).parse().unwrap();
    config.options("-c search_path=casemate");
    let manager = deadpool_postgres::Manager::new(config, tokio_postgres::NoTls);
    let pool = deadpool_postgres::Pool::builder(manager).max_size(TASKS).build().unwrap();
    let ids = (ground.scope.tenant().uuid(), ground.project.uuid(), ground.environment.uuid());
    let bare = move || {
        let pool = pool.clone();
        async move {
            let client = pool.get().await.unwrap();
            let statement = client.prepare_cached(BARE).await.unwrap();
            let row = client
                .query_one(&statement, &[&ids.0, &ids.1, &ids.2, &"DATABASE_URL"])
                .await
                .unwrap();
            assert_eq!(row.get::<_, &[u8]>(3).len(), 200);
        }
    };
    let walled = ground.clone();
    compare("PostgreSQL: scoped read / bare read", move || walled.clone().scoped_read(), bare)
        .await;
    writes("PostgreSQL: audited write / unaudited write", ground).await;
}

#[tokio::main]
async fn main() {
    println!("{TASKS} tasks, medians of {ROUNDS} alternating rounds of {ROUND:?}");
    on_sqlite().await;
    match std::env::var("CASEMATE_TEST_POSTGRES") {
        Ok(superuser) => on_postgres(&superuser).await,
        Err(_) => println!("PostgreSQL: NOT RUN, CASEMATE_TEST_POSTGRES names no superuser"),
    }
}
