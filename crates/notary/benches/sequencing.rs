//! Entries per second from "committed" to "in the log under a signed checkpoint", on SQLite with
//! every commit synced.
//!
//! Goal: 20,000 entries/s.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use broker::{Broker, BrokerConfig, PrimarySlot, Setup, Unlock};
use divan::Bencher;
use divan::counter::ItemsCount;
use domain::Mint;
use ledger::{AuditEvent, Stream, Verb};
use notary::{Touched, receipts, sequence};
use seal::{SystemClock, SystemEntropy};
use store::{Caller, Commit, EntryRef, Store, StoreConfig, StoreError, Unit};
use tokio::runtime::Runtime;

fn main() {
    divan::main();
}

/// A store and a broker in one folder. The broker's thread ends with the process.
struct House {
    runtime: Runtime,
    store: Store,
    broker: Broker,
    _folder: tempfile::TempDir,
}

impl House {
    fn open() -> Result<Self, Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        for name in ["data", "broker", "config", "run"] {
            std::fs::create_dir(folder.path().join(name))?;
        }
        let runtime = Runtime::new()?;
        let mint = Mint::new(Arc::new(SystemClock), Arc::new(SystemEntropy));
        let config = StoreConfig::Sqlite { folder: folder.path().join("data") };
        let store = runtime.block_on(Store::open(config, mint))?;
        start_broker(folder.path(), &store)?;
        let socket = folder.path().join("run/broker.sock");
        let broker = runtime.block_on(async {
            loop {
                match Broker::connect(&socket).await {
                    Ok(broker) => return broker,
                    Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                }
            }
        });
        Ok(Self { runtime, store, broker, _folder: folder })
    }

    fn write(&self, count: u32) -> Result<Vec<EntryRef>, StoreError> {
        let caller = Caller::system("bench", self.store.mint().id());
        let work = move |_: &mut store::AuditTx<'_>| {
            let event = |n| AuditEvent::new(Verb::WorkspaceUpdated, "workspace", n);
            Ok::<_, StoreError>(Commit::audited_all((0..count).map(event).collect(), ()))
        };
        let written = self.runtime.block_on(self.store.unit_write(Unit::Platform, &caller, work));
        Ok(written?.entries)
    }
}

fn start_broker(folder: &Path, store: &Store) -> Result<(), Box<dyn std::error::Error>> {
    let setup = Setup {
        instance: store.instance(),
        key_store: folder.join("broker/keys.db"),
        slots: folder.join("config"),
        primary: PrimarySlot::KeyFile(folder.join("config/key")),
    };
    broker::setup(&setup, &SystemClock, &SystemEntropy)?;
    use std::os::unix::fs::MetadataExt;
    let config = BrokerConfig {
        key_store: setup.key_store,
        slots: setup.slots,
        journal: folder.join("broker/journal"),
        socket: folder.join("run/broker.sock"),
        unlock: vec![Unlock::KeyFile(folder.join("config/key"))],
        peer_uids: vec![folder.metadata()?.uid()],
    };
    std::thread::spawn(move || {
        broker::run(config, Arc::new(SystemClock), Arc::new(SystemEntropy))
            .map_err(|error| eprintln!("{error}"))
    });
    Ok(())
}

#[divan::bench(args = [1, 100, 1_000], sample_count = 20, sample_size = 1)]
fn entries_sequenced(bencher: Bencher, batch: u32) {
    let Ok(house) = House::open() else { return eprintln!("no store or no broker") };
    bencher
        .with_inputs(|| house.write(batch).map(|entries| entries.len()))
        .input_counter(move |_| ItemsCount::new(batch))
        .bench_local_values(|written| {
            let step = sequence(&house.store, &house.broker, Unit::Platform, Stream::Workspace);
            let done = house.runtime.block_on(step);
            assert_eq!(done.map(|done| done.entries).ok(), written.ok());
        });
}

#[divan::bench(sample_count = 100)]
fn receipt_signed(bencher: Bencher) {
    let Ok(house) = House::open() else { return eprintln!("no store or no broker") };
    let (touched, entries) = (Touched::default(), house.write(1));
    bencher.bench_local(|| {
        let entries = entries.as_deref().unwrap_or(&[]);
        house.runtime.block_on(receipts(&house.store, &house.broker, &touched, entries))
    });
}
