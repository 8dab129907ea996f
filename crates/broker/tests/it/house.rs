//! The test house: a real broker process over a folder of its own, and two tenants and two people
//! always in it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use broker::{Broker, DataScope, Exposed, Grant, Purpose, Realm, RecordKind, RecordName};
use domain::{Clock, EnvironmentId, InstanceId, RequestId, TenantId, UserId};
use seal::SystemClock;
use uuid::Uuid;

/// What every test starts from.
pub(crate) struct House {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) instance: InstanceId,
    pub(crate) recovery_code: String,
    pub(crate) ann: Tenant,
    pub(crate) bob: Tenant,
    pub(crate) user: UserId,
    pub(crate) other_user: UserId,
    broker: Option<Child>,
}

/// A tenant with one environment.
#[derive(Clone, Copy)]
pub(crate) struct Tenant {
    pub(crate) id: TenantId,
    pub(crate) environment: EnvironmentId,
}

impl Tenant {
    fn new() -> Self {
        Self { id: id(), environment: id() }
    }

    pub(crate) fn realm(&self) -> Realm {
        Realm::Tenant(self.id)
    }

    pub(crate) fn name(&self) -> RecordName {
        let scope = DataScope::Environment(self.environment);
        RecordName { scope, kind: RecordKind::SecretValue, id: random(), version: 1 }
    }

    pub(crate) fn grant(&self) -> Grant {
        Grant {
            realm: self.realm(),
            purpose: Purpose::Reveal,
            actor: "user:ann".to_owned(),
            request: id(),
            expires_at: SystemClock.now().plus_ms(10_000),
        }
    }
}

pub(crate) fn random() -> Uuid {
    let mut bytes = [0u8; 16];
    domain::Entropy::fill(&seal::SystemEntropy, &mut bytes);
    Uuid::from_bytes(bytes)
}

pub(crate) fn id<T: From<Uuid>>() -> T {
    T::from(random())
}

pub(crate) fn secret(text: &str) -> Exposed {
    Exposed::copy_of(text.as_bytes())
}

/// The helper binary that cargo builds beside the tests.
fn host() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let host = test.parent().unwrap().parent().unwrap().join("examples/broker_host");
    assert!(host.exists(), "build the examples first: cargo build -p broker --examples");
    host
}

pub(crate) fn our_uid() -> u32 {
    rustix::process::getuid().as_raw()
}

impl House {
    /// An installation with keys, not running.
    pub(crate) fn set_up() -> Self {
        let mut house = Self::empty();
        let made = house.host(&["setup"], &[&house.instance.to_string()]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let printed = String::from_utf8(made.stdout).unwrap();
        house.recovery_code = printed.lines().nth(1).unwrap().to_owned();
        house
    }

    /// Folders, and nothing in them.
    pub(crate) fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["data", "data/journal", "config", "run"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self {
            folder,
            instance: id(),
            recovery_code: String::new(),
            ann: Tenant::new(),
            bob: Tenant::new(),
            user: id(),
            other_user: id(),
            broker: None,
        }
    }

    /// A running broker with both tenants' and both people's realms.
    pub(crate) async fn running() -> (Self, Broker) {
        let mut house = Self::set_up();
        let broker = house.start().await;
        house.create_realms(&broker).await;
        (house, broker)
    }

    pub(crate) async fn create_realms(&self, broker: &Broker) {
        let people = [self.user, self.other_user].map(Realm::Person);
        for realm in [self.ann.realm(), self.bob.realm()].into_iter().chain(people) {
            broker.create_realm(realm).await.unwrap();
        }
    }

    /// Starts the broker and waits until it answers.
    pub(crate) async fn start(&mut self) -> Broker {
        let uid = our_uid().to_string();
        self.spawn(&uid);
        self.connect().await
    }

    pub(crate) fn spawn(&mut self, uids: &str) {
        let mut command = Command::new(host());
        command.arg("run").arg(self.path("")).arg(uids).stdin(Stdio::null());
        self.spawn_command(&mut command);
    }

    /// Starts a broker that ends itself at a step (`Name:N`), as by `kill -9`.
    pub(crate) async fn start_dying_at(&mut self, step: &str) -> Broker {
        let uid = our_uid().to_string();
        let mut command = Command::new(host());
        command.arg("run").arg(self.path("")).args([&uid, step]).stdin(Stdio::null());
        self.spawn_command(&mut command);
        self.connect().await
    }

    pub(crate) fn spawn_command(&mut self, command: &mut Command) {
        assert!(self.broker.is_none());
        self.broker = Some(command.spawn().unwrap());
    }

    pub(crate) async fn connect(&mut self) -> Broker {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            if let Ok(broker) = Broker::connect(&self.socket()).await {
                return broker;
            }
            let ended = self.broker.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none(), "the broker ended: {ended:?}");
            assert!(Instant::now() < deadline, "the broker does not answer");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Ends the broker as a crash would.
    pub(crate) fn kill(&mut self) {
        let mut broker = self.broker.take().unwrap();
        broker.kill().unwrap();
        broker.wait().unwrap();
    }

    pub(crate) fn pid(&self) -> u32 {
        self.broker.as_ref().unwrap().id()
    }

    pub(crate) fn wait(&mut self) -> std::process::ExitStatus {
        self.broker.take().unwrap().wait().unwrap()
    }

    /// Runs a broker that is expected to refuse, and returns what it said.
    pub(crate) fn refused_start(&self) -> String {
        let output = self.host(&["run"], &[&our_uid().to_string()]);
        assert!(!output.status.success(), "it started");
        String::from_utf8(output.stderr).unwrap()
    }

    /// Runs the helper to its end: `before FOLDER after`.
    pub(crate) fn host(&self, before: &[&str], after: &[&str]) -> Output {
        self.host_command(before, after).output().unwrap()
    }

    pub(crate) fn host_command(&self, before: &[&str], after: &[&str]) -> Command {
        let mut command = Command::new(host());
        command.args(before).arg(self.path("")).args(after).stdin(Stdio::null());
        command
    }

    pub(crate) fn host_binary() -> PathBuf {
        host()
    }

    pub(crate) fn path(&self, inside: &str) -> PathBuf {
        self.folder.path().join(inside)
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.path("run/broker.sock")
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(mut broker) = self.broker.take() {
            let _ = broker.kill();
            let _ = broker.wait();
        }
    }
}

/// Every file below `folder`, with its bytes.
pub(crate) fn all_files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(all_files(&path));
        } else if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            files.push((path, bytes));
        }
    }
    files
}

/// The request id of a grant, for journal checks.
pub(crate) fn request_of(grant: &Grant) -> Option<RequestId> {
    Some(grant.request)
}
