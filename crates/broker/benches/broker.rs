//! Openings per second through a real broker process: one durable, signed journal entry before
//! each.
//!
//! Beside it the same request without an opening (an authentication code), so the journal's share
//! is visible. `cargo bench -p broker` prints one line per number of callers; the disk's sync rate
//! bounds the first column. Then the time to put a new root key above [`TENANTS`] workspaces, each
//! with a key of its own, and to give one workspace a new seed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode};
use std::sync::Arc;
use std::time::{Duration, Instant};

use broker::{
    Broker, BrokerConfig, DataScope, Exposed, Grant, MacPurpose, PrimarySlot, Purpose, Realm,
    RecordKind, RecordName, Setup, Unlock,
};
use domain::{Clock, InstanceId, RequestId, TenantId};
use seal::{SystemClock, SystemEntropy};
use uuid::Uuid;

const CALLERS: [usize; 4] = [1, 8, 64, 256];
/// Short enough that the journal does not reach the bound at which the broker stops opening.
const MEASURED: Duration = Duration::from_secs(1);

/// Workspaces under the root key that is rotated.
const TENANTS: u128 = 10_000;

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let done = match arguments.as_slice() {
        [_, word, folder] if word == "host" => host(Path::new(folder)),
        [_, rest @ ..] if rest.iter().any(|word| word == "--bench") => measure(),
        // A test runner that only asks what is in here.
        _ => Ok(()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn config(folder: &Path) -> BrokerConfig {
    BrokerConfig {
        key_store: folder.join("keys.db"),
        slots: folder.to_owned(),
        journal: folder.join("journal"),
        socket: folder.join("broker.sock"),
        unlock: vec![Unlock::KeyFile(folder.join("key"))],
        peer_uids: vec![rustix::process::getuid().as_raw()],
    }
}

fn host(folder: &Path) -> Result<(), Failure> {
    Ok(broker::run(config(folder), Arc::new(SystemClock), Arc::new(SystemEntropy))?)
}

/// Ends the broker when the measurement ends, however it ends.
struct Host(Child);

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn measure() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let code = set_up(folder.path())?;
    let program: PathBuf = std::env::current_exe()?;
    let host = Host(Command::new(program).arg("host").arg(folder.path()).spawn()?);
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let socket = folder.path().join("broker.sock");
        let mut tries = 0;
        let broker = loop {
            match Broker::connect(&socket).await {
                Ok(broker) => break broker,
                Err(error) if tries > 500 => return Err(Failure::from(error)),
                Err(_) => tries += 1,
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        report(&broker).await?;
        fill(&broker).await
    })?;
    drop(host);
    rotate_root(folder.path(), &code)
}

fn set_up(folder: &Path) -> Result<Exposed, Failure> {
    let wanted = Setup {
        instance: InstanceId::from(Uuid::from_u128(1)),
        key_store: folder.join("keys.db"),
        slots: folder.to_owned(),
        primary: PrimarySlot::KeyFile(folder.join("key")),
    };
    Ok(broker::setup(&wanted, &SystemClock, &SystemEntropy)?.recovery_code)
}

/// A realm and a data key for each of [`TENANTS`] workspaces.
async fn fill(broker: &Broker) -> Result<(), Failure> {
    let mut first = None;
    for n in 0..TENANTS {
        let realm = Realm::Tenant(TenantId::from(Uuid::from_u128(1_000 + n)));
        first.get_or_insert(realm);
        broker.create_realm(realm).await?;
        let (scope, kind) = (DataScope::Whole, RecordKind::SecretValue);
        let name = RecordName { scope, kind, id: Uuid::from_u128(n), version: 1 };
        broker.seal(realm, vec![(name, Exposed::copy_of(b"value"))]).await?;
    }
    let realm = first.ok_or("there is no workspace")?;
    let began = Instant::now();
    for epoch in 1..=100 {
        broker.rotate_realm(realm, epoch).await?;
    }
    println!("new seed for one workspace: {:?} (mean of 100)", began.elapsed() / 100);
    Ok(())
}

fn rotate_root(folder: &Path, code: &Exposed) -> Result<(), Failure> {
    let config = config(folder);
    for round in 1..=5 {
        let began = Instant::now();
        let (clock, entropy) = (&SystemClock, &SystemEntropy);
        let done = broker::rotate_root(&config, Some(code), clock, entropy, &broker::no_steps)?;
        let (realms, keys) = (done.after.realms, done.after.data_keys);
        println!("new root key {round}: {realms} realms, {keys} keys in {:?}", began.elapsed());
    }
    Ok(())
}

async fn report(broker: &Broker) -> Result<(), Failure> {
    let tenant = TenantId::from(Uuid::from_u128(2));
    let realm = Realm::Tenant(tenant);
    broker.create_realm(realm).await?;
    let name = RecordName {
        scope: DataScope::Whole,
        kind: RecordKind::SecretValue,
        id: Uuid::from_u128(3),
        version: 1,
    };
    let value = Exposed::copy_of(b"postgres://app:0123456789abcdef@db/app");
    let sealed = broker.seal(realm, vec![(name, value)]).await?;
    let sealed = sealed.into_iter().next().ok_or("nothing was sealed")?;
    println!("callers   opens/s   p50 us   p99 us   codes/s");
    for callers in CALLERS {
        let sealed = sealed.clone();
        let (opens, mut times) = load(broker, callers, move |broker| {
            let sealed = sealed.clone();
            async move { broker.open(grant(realm), vec![(name, sealed)]).await.is_ok() }
        })
        .await?;
        let (codes, _) = load(broker, callers, |broker| async move {
            broker.mac(MacPurpose::Refresh, vec![7; 64]).await.is_ok()
        })
        .await?;
        times.sort_unstable();
        let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
        let (p50, p99) = (at(50).as_micros(), at(99).as_micros());
        println!("{callers:>7} {opens:>9} {p50:>8} {p99:>8} {codes:>9}");
        let head = broker.status().await?.journal_seq;
        broker.journal_copied(head).await?;
    }
    Ok(())
}

fn grant(realm: Realm) -> Grant {
    Grant {
        realm,
        purpose: Purpose::Reveal,
        actor: "user:bench".to_owned(),
        request: RequestId::from(Uuid::from_u128(4)),
        expires_at: SystemClock.now().plus_ms(10_000),
    }
}

/// Calls per second and the time of each call.
async fn load<Work, Answer>(
    broker: &Broker,
    callers: usize,
    work: Work,
) -> Result<(u64, Vec<Duration>), Failure>
where
    Work: Fn(Broker) -> Answer + Clone + Send + Sync + 'static,
    Answer: Future<Output = bool> + Send,
{
    let began = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..callers {
        let (broker, work) = (broker.clone(), work.clone());
        tasks.spawn(async move {
            let mut times = Vec::new();
            while began.elapsed() < MEASURED {
                let asked = Instant::now();
                assert!(work(broker.clone()).await, "a call failed");
                times.push(asked.elapsed());
            }
            times
        });
    }
    let times: Vec<Duration> = tasks.join_all().await.into_iter().flatten().collect();
    let calls = u64::try_from(times.len())?;
    Ok((calls / MEASURED.as_secs(), times))
}
