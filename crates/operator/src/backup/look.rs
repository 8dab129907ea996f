//! `backup list` and `backup verify`.
//!
//! Always true: what is shown as whole was read to its last byte, and was signed by the
//! installation's log key.

use backup::{Backup, BackupNote, Kind, Place};
use broker::Broker;
use domain::InstanceId;
use ledger::VerifierKey;
use serde_json::json;

use super::Verify;
use super::places::{NamedPlace, Places};
use crate::failure::{Exit, Failure, chain};
use crate::folders::FolderError;
use crate::output::Output;
use crate::settings::Settings;

/// Longest file of a key.
const KEY_BYTES_MAX: usize = 1_024;

/// `backup list`: notes as they claim to be, without a key.
pub(super) async fn list(settings: &Settings, output: &Output) -> Result<(), Failure> {
    let places = Places::configured(settings)?;
    for place in places.iter() {
        for (at, kind) in parts(place) {
            for instance in backup::instances(at)? {
                for listed in backup::list(at, instance, kind)? {
                    let number = listed.number;
                    match listed.note {
                        Ok(note) => show(output, place.name, &note),
                        Err(error) => output.result(
                            "backup.unreadable",
                            json!({ "place": place.name, "kind": kind.as_str(), "number": number,
                                    "why": chain(&error) }),
                            &format!(
                                "{} {} {number}: {}",
                                place.name,
                                kind.as_str(),
                                chain(&error)
                            ),
                        ),
                    }
                }
            }
        }
    }
    Ok(())
}

fn show(output: &Output, place: &str, note: &BackupNote) {
    let BackupNote { instance, kind, number, made_at, root, engine, program, parts, bytes, .. } =
        note;
    output.result(
        "backup",
        json!({
            "place": place, "instance": instance, "kind": kind.as_str(), "number": number,
            "made_at_ms": made_at.0, "root_key": root.to_string(), "engine": engine,
            "program": program, "parts": parts, "bytes": bytes,
        }),
        &format!(
            "{place} {} {number}: {parts} parts, {bytes} bytes, made at {} ms, root key {root}",
            kind.as_str(),
            made_at.0
        ),
    );
}

/// `backup verify`.
pub(super) async fn verify(
    settings: &Settings,
    asked: &Verify,
    output: &Output,
) -> Result<(), Failure> {
    let places = Places::configured(settings)?;
    let key = log_key(settings, asked).await?;
    let (mut whole, mut wrong) = (0_usize, 0_usize);
    for place in places.iter() {
        for (at, kind) in parts(place) {
            for instance in backup::instances(at)? {
                for listed in backup::list(at, instance, kind)? {
                    if asked.number.is_some_and(|number| number != listed.number) {
                        continue;
                    }
                    let checked = check(at, (instance, kind), listed.number, &key);
                    match &checked {
                        Ok(()) => whole += 1,
                        Err(_) => wrong += 1,
                    }
                    tell(output, place.name, (kind, listed.number), checked.err().as_ref());
                }
            }
        }
    }
    match (whole, wrong) {
        (0, 0) => Err(Failure::new(
            Exit::NotFound,
            "there is no such backup",
            "make one with casemate backup run; casemate backup list shows what there is",
        )),
        (_, 0) => Ok(()),
        (_, wrong) => Err(Failure::new(
            Exit::Refused,
            format!("{wrong} backups are not whole, or not this installation's"),
            "make a new one now, and find out what changed them",
        )),
    }
}

fn check(
    place: &Place,
    what: (InstanceId, Kind),
    number: u64,
    key: &VerifierKey,
) -> Result<(), backup::ReadError> {
    let backup = Backup::open(place, what, number)?;
    backup.check_signature(key)?;
    backup.check_parts(&mut |_| {})
}

fn tell(
    output: &Output,
    place: &str,
    (kind, number): (Kind, u64),
    error: Option<&backup::ReadError>,
) {
    let kind = kind.as_str();
    let (verdict, why) = match error {
        None => ("WHOLE", String::new()),
        Some(error) => ("NOT WHOLE", chain(error)),
    };
    output.result(
        "backup.verified",
        json!({ "place": place, "kind": kind, "number": number, "verdict": verdict, "why": why }),
        format!("{verdict}  {place} {kind} {number} {why}").trim_end(),
    );
}

/// The key that notes are believed by: a file's, else the running broker's.
async fn log_key(settings: &Settings, asked: &Verify) -> Result<VerifierKey, Failure> {
    let text = match &asked.log_key_file {
        Some(path) => {
            let bytes = std::fs::read(path).map_err(|e| FolderError::new(path, "read", e))?;
            String::from_utf8(bytes).ok().filter(|text| text.len() <= KEY_BYTES_MAX)
        }
        None => Some(Broker::connect(&settings.config.broker.socket).await?.log_key().await?),
    };
    text.and_then(|text| VerifierKey::parse(text.trim()).ok()).ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            "what was given is no log key",
            "it is one line: casemate/INSTANCE+HASH+KEY, as the platform serves it",
        )
    })
}

pub(super) fn parts(place: &NamedPlace) -> [(&Place, Kind); 2] {
    [(&place.data, Kind::Data), (&place.keys, Kind::Keys)]
}
