//! The processes that the tests start and kill.
//!
//! ```text
//! notary_host setup FOLDER INSTANCE     makes the broker's keys
//! notary_host broker FOLDER UID         runs a broker until killed
//! notary_host work FOLDER TENANT STORE  writes entries, sequences them, and prints each receipt
//! notary_host stream FOLDER STORE       sends streams over loopback
//!                                       STORE: a data folder, or two addresses of PostgreSQL
//! ```

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use broker::{Broker, BrokerConfig, PrimarySlot, Setup, Unlock};
use domain::{Mint, TenantId};
use ledger::{AuditEvent, Verb};
use notary::streams::Sender;
use notary::{Touched, Worker, receipts};
use outbound::http::HttpClient;
use outbound::judge::Policy;
use seal::{SystemClock, SystemEntropy};
use store::{Caller, Commit, PostgresTarget, Store, StoreConfig, StoreError, Unit};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["setup", folder, instance] => set_up(Path::new(folder), instance),
        ["broker", folder, uid] => run_broker(Path::new(folder), uid),
        ["work", folder, tenant, store @ ..] => work(Path::new(folder), tenant, store),
        ["retain", folder, tenant, store @ ..] => retain(Path::new(folder), tenant, store),
        ["stream", folder, store @ ..] => stream(Path::new(folder), store),
        _ => Err("usage: notary_host setup|broker|work|retain|stream FOLDER ...".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn set_up(folder: &Path, instance: &str) -> Result<(), String> {
    let setup = Setup {
        instance: instance.parse().map_err(text)?,
        key_store: folder.join("broker/keys.db"),
        slots: folder.join("config"),
        primary: PrimarySlot::KeyFile(folder.join("config/key")),
    };
    broker::setup(&setup, &SystemClock, &SystemEntropy).map(drop).map_err(text)
}

fn run_broker(folder: &Path, uid: &str) -> Result<(), String> {
    let config = BrokerConfig {
        key_store: folder.join("broker/keys.db"),
        slots: folder.join("config"),
        journal: folder.join("broker/journal"),
        socket: socket(folder),
        unlock: vec![Unlock::KeyFile(folder.join("config/key"))],
        peer_uids: vec![uid.parse().map_err(text)?],
    };
    broker::run(config, Arc::new(SystemClock), Arc::new(SystemEntropy)).map_err(text)
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("run/broker.sock")
}

/// Drops what is past its time from a tenant's security log, once; says so before it begins.
#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn retain(folder: &Path, tenant: &str, store: &[&str]) -> Result<(), String> {
    let mint = Mint::new(Arc::new(SystemClock), Arc::new(SystemEntropy));
    let store = Store::open(config(store)?, mint).await.map_err(text)?;
    let broker = Broker::connect(&socket(folder)).await.map_err(text)?;
    let unit = store::Unit::Tenant(tenant.parse().map_err(text)?);
    println!("begins");
    notary::retain(&store, &broker, unit, notary::KeptDays::PROMISED).await.map_err(text)?;
    Ok(())
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn work(folder: &Path, tenant: &str, store: &[&str]) -> Result<(), String> {
    let mint = Mint::new(Arc::new(SystemClock), Arc::new(SystemEntropy));
    let store = Store::open(config(store)?, mint).await.map_err(text)?;
    let broker = Broker::connect(&socket(folder)).await.map_err(text)?;
    let tenant: TenantId = tenant.parse().map_err(text)?;
    let touched = Touched::default();
    let worker = Worker::new(store.clone(), broker.clone(), touched.clone());
    // A second sequencer of the same logs, as another replica would run it.
    let rival = Worker::new(store.clone(), broker.clone(), touched.clone());
    let sequencing = async {
        loop {
            rival.sweep().await;
        }
    };
    tokio::select! {
        () = worker.run(std::future::pending()) => Ok(()),
        () = sequencing => Ok(()),
        written = write(&store, &broker, &touched, tenant) => written,
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn stream(folder: &Path, store: &[&str]) -> Result<(), String> {
    let mint = Mint::new(Arc::new(SystemClock), Arc::new(SystemEntropy));
    let store = Store::open(config(store)?, mint).await.map_err(text)?;
    let broker = Broker::connect(&socket(folder)).await.map_err(text)?;
    let loopback = Policy::allowing(vec!["127.0.0.0/8".parse().map_err(text)?]);
    let client = HttpClient::new(loopback, None).map_err(text)?;
    Sender::new(store, broker, client, "casemate.example").run(std::future::pending()).await;
    Ok(())
}

fn config(words: &[&str]) -> Result<StoreConfig, String> {
    match words {
        [folder] => Ok(StoreConfig::Sqlite { folder: folder.into() }),
        [runtime, platform] => Ok(StoreConfig::Postgres {
            runtime: PostgresTarget::socket(*runtime),
            platform: PostgresTarget::socket(*platform),
            pool: 4,
        }),
        _ => Err("a store is a folder, or two addresses of PostgreSQL".to_owned()),
    }
}

/// Writes entries and prints a receipt for each, once its commit is durable.
async fn write(
    store: &Store,
    broker: &Broker,
    touched: &Touched,
    tenant: TenantId,
) -> Result<(), String> {
    for number in 0_u64.. {
        let caller = Caller::system("tests", store.mint().id());
        let written = store
            .unit_write::<_, StoreError>(Unit::Tenant(tenant), &caller, move |_| {
                let event = AuditEvent::new(Verb::WorkspaceUpdated, "workspace", number);
                Ok(Commit::audited(event, ()))
            })
            .await
            .map_err(text)?;
        let headers = receipts(store, broker, touched, &written.entries).await.map_err(text)?;
        for header in headers {
            let mut out = std::io::stdout().lock();
            writeln!(out, "{header}").and_then(|()| out.flush()).map_err(text)?;
        }
    }
    Ok(())
}
