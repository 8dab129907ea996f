//! `backup drill`: a restore in a scratch place, as nobody wants to do it for the first time after
//! a fire.
//!
//! Always true
//! 1. It restores from the place what a restore would, checks that every log adds up to the
//!    checkpoint that was signed, and opens a record that was sealed; then it removes everything.
//! 2. How it ended is in the platform's log, with what was read and how long it took; a rehearsal
//!    that failed fails the command.
//! 3. On PostgreSQL the dump is opened and checked to its end; it is not loaded into a server, and
//!    the entry says so.

use std::sync::Arc;
use std::time::Instant;

use backup::{Index, Kind, sha256};
use broker::Exposed;
use broker::backup::{open_own_root, open_record};
use domain::Mint;
use ledger::note::Note;
use ledger::{Checkpoint, Frontier, Stream, Verb, VerifierKey};
use seal::{RootKey, SystemClock, SystemEntropy};
use serde_json::{Value, json};
use server::config::Engine;
use store::{AuditTx, BackupRun, Store, StoreConfig, StoreError, Unit};

use super::host::{Host, clear_scratch};
use super::keys::KeysTarget;
use super::places::{NamedPlace, Places};
use super::restore::Source;
use super::{canary, target};
use crate::failure::{Exit, Failure};
use crate::folders;
use crate::keys::broker_config;
use crate::layout::DataFolder;
use crate::output::Output;
use crate::settings::Settings;

/// Entries read at once.
const ENTRIES_PER_READ: u32 = 256;

/// Rehearses a restore from every place.
///
/// # Errors
/// The last of what went wrong; each was told and recorded.
pub(super) async fn drill(settings: &Settings, output: &Output) -> Result<(), Failure> {
    let places = Places::configured(settings)?;
    // The root key passes through locked memory here.
    crate::up::prepare::limits();
    let host = Host::connect(settings).await?;
    let mut failed = None;
    for place in places.iter() {
        output.step(&format!("Rehearsing a restore from the {} place.", place.name));
        let begun = Instant::now();
        let done = one(&host, place).await;
        let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        clear_scratch(settings)?;
        let (number, word, details) = match &done {
            Ok(rehearsed) => (rehearsed.number, "ok", rehearsed.value(place.name, took_ms)),
            Err(failure) => {
                let what = failure.what();
                (0, "failed", json!({ "place": place.name, "ok": false, "why": what }))
            }
        };
        let entry = (Verb::BackupDrilled, details.clone());
        host.record(&[BackupRun::Drill], (number, word), entry).await?;
        match done {
            Ok(rehearsed) => output.result("backup.drilled", details, &rehearsed.text(took_ms)),
            Err(failure) => {
                output.step(&format!("The {} place: {failure}", place.name));
                failed = Some(failure);
            }
        }
    }
    host.store.close().await;
    failed.map_or(Ok(()), Err)
}

/// What a rehearsal found.
struct Rehearsed {
    number: u64,
    bytes: u64,
    logs: usize,
    entries: u64,
    canary: Canary,
    contents: String,
}

/// Whether the canary was opened.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Canary {
    /// It was, and is the value that was sealed.
    Opened,
    /// Its row is inside a dump that was not loaded: one of now was opened with the restored keys.
    OpenedFromHere,
}

impl Rehearsed {
    fn value(&self, place: &str, took_ms: u64) -> Value {
        json!({
            "place": place, "ok": true, "number": self.number, "bytes": self.bytes,
            "logs": self.logs, "entries": self.entries, "contents_sha256": self.contents,
            "canary": match self.canary {
                Canary::Opened => "opened",
                Canary::OpenedFromHere => "opened with the restored keys",
            },
            "took_ms": took_ms,
        })
    }

    fn text(&self, took_ms: u64) -> String {
        format!(
            "Backup {} restores: {} bytes, {} logs with {} entries add up, the canary opens \
             ({took_ms} ms).",
            self.number, self.bytes, self.logs, self.entries
        )
    }
}

async fn one(host: &Host<'_>, place: &NamedPlace) -> Result<Rehearsed, Failure> {
    let instance = host.store.instance();
    let newest = backup::list(&place.data, instance, Kind::Data)?.pop();
    let number = newest.map(|newest| newest.number).ok_or_else(|| {
        Failure::new(Exit::NotFound, "there is no backup to restore", "casemate backup run")
    })?;
    let source = Source::open(place, (instance, number))?;
    let config = broker_config(host.settings, Vec::new())?;
    let root = open_own_root(&config)?;
    let scratch = host.settings.places.data.backup_scratch();
    let (keys, slots) = (scratch.join("broker"), scratch.join("slots"));
    let data = DataFolder::scratch(scratch.join("data"));
    for folder in [&keys, &slots, &data.path().to_owned()] {
        folders::make(folder, 0o700)?;
    }
    let restored =
        source.keys_into(&KeysTarget { folder: &keys, slots: &slots, data: &data }, &root)?;
    if restored.log_key != host.log_key {
        return Err(wrong("the restored keys are not the ones that sign here"));
    }
    let index = source.data.index(&root)?;
    let note = source.data.note();
    let mut found = Rehearsed {
        number,
        bytes: note.bytes,
        logs: 0,
        entries: 0,
        canary: Canary::Opened,
        contents: data_encoding::HEXLOWER.encode(&note.contents),
    };
    match &host.settings.config.database.engine {
        Engine::Sqlite => {
            files(&mut found, &source, &index, &root, &data, &host.log_key).await?;
            let restored = open_scratch(&data).await?;
            let opened = open_canary(&restored, instance.uuid(), &keys, root).await;
            restored.close().await;
            opened?;
        }
        Engine::Postgres(_) => {
            dump(&source, &index, &root)?;
            found.canary = Canary::OpenedFromHere;
            open_canary(&host.store, instance.uuid(), &keys, root).await?;
        }
    }
    Ok(found)
}

async fn files(
    found: &mut Rehearsed,
    source: &Source<'_>,
    index: &Index,
    root: &RootKey,
    data: &DataFolder,
    log_key: &VerifierKey,
) -> Result<(), Failure> {
    target::files(&source.data, index, root, data)?;
    let store = open_scratch(data).await?;
    let checked = async {
        for unit in store.units().await? {
            for stream in Stream::ALL {
                found.logs += 1;
                found.entries += adds_up(&store, unit, stream, log_key).await?;
            }
        }
        Ok::<_, Failure>(())
    };
    let checked = checked.await;
    store.close().await;
    checked
}

async fn open_scratch(data: &DataFolder) -> Result<Store, Failure> {
    let mint = Mint::new(Arc::new(SystemClock), Arc::new(SystemEntropy));
    let folder = data.path().to_owned();
    Ok(Store::open(StoreConfig::Sqlite { folder }, mint).await?)
}

/// Whether a restored log adds up to its newest signed checkpoint; how many entries it has.
async fn adds_up(
    store: &Store,
    unit: Unit,
    stream: Stream,
    log_key: &VerifierKey,
) -> Result<u64, Failure> {
    let last = move |tx: &mut AuditTx<'_>| tx.audit().checkpoint(stream);
    let Some(stored) = store.unit_read::<_, StoreError>(unit, last).await? else { return Ok(0) };
    let note = Note::parse(&stored.note).ok();
    let text =
        note.and_then(|note| note.open(std::slice::from_ref(log_key)).ok().map(String::from));
    let signed = text.and_then(|text| Checkpoint::parse(&text).ok());
    let signed = signed.ok_or_else(|| wrong("a restored checkpoint is not signed"))?;
    let mut frontier = Frontier::new();
    while frontier.size() < signed.size {
        let from = frontier.size();
        let part = move |tx: &mut AuditTx<'_>| tx.audit().range(stream, from, ENTRIES_PER_READ);
        let part = store.unit_read::<_, StoreError>(unit, part).await?;
        let fitting = part.into_iter().filter(|entry| entry.index < Some(signed.size));
        for entry in fitting {
            if entry.index != Some(frontier.size()) {
                break;
            }
            frontier.append(ledger::tree::leaf_hash(&entry.body), |_, _| {});
        }
        if frontier.size() == from {
            return Err(wrong("a restored log has fewer entries than were signed for"));
        }
    }
    if frontier.root() == signed.root {
        Ok(signed.size)
    } else {
        Err(wrong("a restored log does not add up to its checkpoint"))
    }
}

/// Opens the canary in `store` with the restored keys in `keys`.
async fn open_canary(
    store: &Store,
    instance: uuid::Uuid,
    keys: &std::path::Path,
    root: RootKey,
) -> Result<(), Failure> {
    let found = store.platform_read::<_, StoreError>(|tx| tx.backups().canary()).await?;
    let found = found.ok_or_else(|| wrong("the restored data has no canary"))?;
    let tools = (Arc::new(SystemClock) as _, Arc::new(SystemEntropy) as _);
    let (realm, name) = (canary::realm(instance), canary::record(found.record));
    let opened: Exposed =
        open_record(&keys.join("keys.db"), root, realm, &name, &found.sealed, tools)??;
    if sha256(opened.expose()) == found.digest {
        Ok(())
    } else {
        Err(wrong("the canary opened to something else"))
    }
}

/// Opens a dump to its end.
fn dump(source: &Source<'_>, index: &Index, root: &RootKey) -> Result<(), Failure> {
    let unit = index.unit(super::source::DATABASE);
    let unit = unit.ok_or_else(|| wrong("the backup holds no database"))?;
    Ok(source.data.restore(unit, [0; 16], root, &mut std::io::sink())?)
}

fn wrong(what: &str) -> Failure {
    Failure::new(
        Exit::Failed,
        what,
        "this backup would not bring the installation back: make a new one, and find out why",
    )
}
