//! `backup run`: one backup in every place.
//!
//! Always true
//! 1. Each place is written by itself: one that fails does not keep the others from their backup,
//!    and the command fails all the same.
//! 2. Data first, then keys, under one number.
//! 3. Old backups go after the new one is there.

use backup::{BackupNote, Keep, Kind, Known, Place, Unsigned, Writer, sweep};
use domain::limits::{BACKUP_KEYS_COUNT_MIN, BACKUP_KNOWN_BYTES_MAX};
use ledger::Verb;
use seal::SystemEntropy;
use serde_json::json;
use store::{BackupRun, StoreError};

use super::host::Host;
use super::places::{NamedPlace, Places};
use super::{canary, keys, source};
use crate::failure::Failure;
use crate::folders;
use crate::output::Output;
use crate::settings::Settings;

/// This release, as notes name it.
const PROGRAM: &str = env!("CARGO_PKG_VERSION");

/// Makes a backup in every place.
///
/// # Errors
/// The last of what went wrong; each was told.
pub(super) async fn run(settings: &Settings, output: &Output) -> Result<(), Failure> {
    let places = Places::configured(settings)?;
    let host = Host::connect(settings).await?;
    let done = all(&host, &places, output).await;
    host.store.close().await;
    done
}

async fn all(host: &Host<'_>, places: &Places, output: &Output) -> Result<(), Failure> {
    canary::ensure(host).await?;
    let number = next_number(host, places);
    let mut failed = None;
    for place in places.iter() {
        output.step(&format!("Backing up to the {} place.", place.name));
        match one(host, place, number).await {
            Ok(made) => tell(output, place, &made),
            Err(failure) => {
                output.step(&format!("The {} place: {failure}", place.name));
                failed = Some(failure);
            }
        }
    }
    let (word, verb) = match &failed {
        None => ("ok", Verb::BackupMade),
        Some(_) => ("failed", Verb::BackupFailed),
    };
    let details = json!({
        "places": places.iter().map(|place| place.name).collect::<Vec<_>>(),
        "why": failed.as_ref().map(Failure::what),
    });
    host.record(&[BackupRun::Data, BackupRun::Keys], (number, word), (verb, details)).await?;
    failed.map_or(Ok(()), Err)
}

/// A number that no place has used.
fn next_number(host: &Host<'_>, places: &Places) -> u64 {
    let mut last = 0;
    for place in places.iter() {
        for (at, kind) in [(&place.data, Kind::Data), (&place.keys, Kind::Keys)] {
            // A place that is away fails its own backup below, and not the other's.
            let listed = backup::list(at, host.store.instance(), kind).unwrap_or_default();
            last = listed.last().map_or(0, |newest| newest.number).max(last);
        }
    }
    last + 1
}

/// What was made in one place.
struct Made {
    data: backup::Finished,
    keys: backup::Finished,
}

async fn one(host: &Host<'_>, place: &NamedPlace, number: u64) -> Result<Made, Failure> {
    let data = part(host, (place.name, &place.data), Kind::Data, number).await?;
    let keys = part(host, (place.name, &place.keys), Kind::Keys, data.note.number).await?;
    let (instance, config) = (host.store.instance(), &host.settings.config.backup);
    let now = host.store.mint().now();
    let keep = Keep { count: config.keep_count, age_ms: config.keep_ms };
    sweep(&place.data, (instance, Kind::Data), keep, now)?;
    let keep = Keep { count: BACKUP_KEYS_COUNT_MIN, age_ms: config.keep_keys_ms };
    sweep(&place.keys, (instance, Kind::Keys), keep, now)?;
    Ok(Made { data, keys })
}

async fn part(
    host: &Host<'_>,
    (name, place): (&str, &Place),
    kind: Kind,
    number: u64,
) -> Result<backup::Finished, Failure> {
    let file = host.settings.places.data.backup().join(format!("{name}-{}.json", kind.as_str()));
    let mut known = remembered(&file);
    let what = (host.store.instance(), kind);
    let moment = (number, host.store.mint().now());
    let mut writer =
        Writer::begin(place, what, host.recipient, moment, &mut known, &SystemEntropy)?;
    match kind {
        Kind::Data => source::send(host, &mut writer).await?,
        Kind::Keys => keys::send(host.settings, &mut writer)?,
    }
    let engine = source::engine(&host.settings.config.database.engine);
    let witnessed = host.store.platform_read::<_, StoreError>(|tx| tx.checkpoint_log().head());
    let witnessed = witnessed.await?.map(|head| head.cosigned_note());
    let unsigned: Unsigned<'_> = writer.close(&host.ways, (engine, PROGRAM), witnessed)?;
    let signed = host.broker.sign_backup(&unsigned.text()).await?;
    let finished = unsigned.settle(&signed)?;
    let text = serde_json::to_vec(&known).unwrap_or_default();
    folders::write_whole(&file, &text)?;
    Ok(finished)
}

/// What earlier runs sent to this place; nothing when that was lost, which costs a full backup.
fn remembered(file: &std::path::Path) -> Known {
    let fits = file.metadata().is_ok_and(|found| found.len() <= BACKUP_KNOWN_BYTES_MAX);
    let bytes = if fits { std::fs::read(file).unwrap_or_default() } else { Vec::new() };
    serde_json::from_slice(&bytes).unwrap_or_default()
}

fn tell(output: &Output, place: &NamedPlace, made: &Made) {
    let BackupNote { number, parts, bytes, .. } = made.data.note;
    let (sent, sent_bytes) = (made.data.sent, made.data.sent_bytes);
    output.result(
        "backup.made",
        json!({
            "place": place.name, "number": number, "parts": parts, "bytes": bytes,
            "sent": sent, "sent_bytes": sent_bytes, "keys_number": made.keys.note.number,
            "keys_bytes": made.keys.note.bytes, "root_key": made.data.note.root.to_string(),
        }),
        &format!(
            "Backup {number} is in the {} place: {parts} parts, {bytes} bytes, of which {sent} \
             parts and {sent_bytes} bytes were sent.",
            place.name
        ),
    );
}
