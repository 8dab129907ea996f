//! How fast a unit is sealed into a folder and opened out of it, beside a plain copy of the same
//! bytes to the same disk, durable like it.
//!
//! Run: `cargo bench -p backup`. Figures are in `bench/RESULTS.md`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_precision_loss,
    reason = "a bench says what is wrong by stopping"
)]

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use backup::{Backup, Counted, FolderPlace, Kind, Known, Place, Writer};
use domain::{Entropy, InstanceId, TimeMs};
use ledger::VerifierKey;
use ledger::origin::log_key_name;
use seal::{HeapHomes, Key, RootKey, SystemEntropy};
use uuid::Uuid;

const MEBIBYTES: usize = 128;
const RUNS: usize = 3;
const OWNER: [u8; 16] = [7; 16];

fn main() {
    let folder = tempfile::tempdir_in(".").unwrap();
    let source = folder.path().join("unit.db");
    fill(&source);
    let root = RootKey::new(
        Key::moved(&HeapHomes, &mut [1; 32]).unwrap_or_else(|_| std::process::abort()),
    );
    let place = Place::Folder(FolderPlace::new(folder.path().join("place")));
    let (mut copied, mut sealed, mut opened) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..RUNS {
        copied.push(timed(|| copy(&source, &folder.path().join("copy"))));
        let number = u64::try_from(run).unwrap() + 1;
        sealed.push(timed(|| back_up(&place, &root, &source, number)));
        opened.push(timed(|| restore(&place, &root, number, &folder.path().join("restored"))));
    }
    let plain = best(&copied);
    show("copy, durable", plain, plain);
    show("backup (digest, seal, write, sync)", best(&sealed), plain);
    show("restore (read, open, digest, write, sync)", best(&opened), plain);
}

fn timed(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

fn best(runs: &[Duration]) -> Duration {
    runs.iter().copied().min().unwrap_or_default()
}

fn show(what: &str, took: Duration, plain: Duration) {
    let rate = MEBIBYTES as f64 / took.as_secs_f64();
    let ratio = plain.as_secs_f64() / took.as_secs_f64();
    println!("{what:42} {rate:7.0} MiB/s  {ratio:.2} of a copy");
}

fn fill(path: &Path) {
    let mut file = File::create(path).unwrap();
    let mut block = vec![0u8; 1024 * 1024];
    for _ in 0..MEBIBYTES {
        SystemEntropy.fill(&mut block);
        file.write_all(&block).unwrap();
    }
    file.sync_all().unwrap();
}

fn copy(from: &Path, to: &Path) {
    std::fs::copy(from, to).unwrap();
    File::open(to).unwrap().sync_all().unwrap();
}

/// As `casemate backup run` does it: the digest first, then the stream.
fn back_up(place: &Place, root: &RootKey, source: &Path, number: u64) {
    let (instance, mut known) = (instance(), Known::default());
    let what = (instance, Kind::Data);
    let recipient = root.recipient().unwrap();
    let moment = (number, TimeMs(0));
    let mut writer =
        Writer::begin(place, what, recipient, moment, &mut known, &SystemEntropy).unwrap();
    let mut counted = Counted::new(File::open(source).unwrap());
    std::io::copy(&mut counted, &mut std::io::sink()).unwrap();
    let (_, bytes, digest) = counted.finish();
    assert!(!writer.is_there("unit", (bytes, digest), &[]).unwrap());
    writer.send("unit", OWNER, &mut File::open(source).unwrap(), &[]).unwrap();
    let unsigned = writer.close(&[], ("sqlite", "0.1.0"), None).unwrap();
    let key = VerifierKey::ed25519(&log_key_name(instance), [7; 32]).unwrap();
    let signed = ledger::note::signed_note(&unsigned.text(), &key, &[0; 64]);
    unsigned.settle(&signed).unwrap();
}

fn restore(place: &Place, root: &RootKey, number: u64, target: &Path) {
    let backup = Backup::open(place, (instance(), Kind::Data), number).unwrap();
    let index = backup.index(root).unwrap();
    let mut file = File::create(target).unwrap();
    backup.restore(index.unit("unit").unwrap(), OWNER, root, &mut file).unwrap();
    file.sync_all().unwrap();
    let mut first = [0u8; 1];
    File::open(target).unwrap().read_exact(&mut first).unwrap();
}

fn instance() -> InstanceId {
    InstanceId::from(Uuid::from_u128(1))
}
