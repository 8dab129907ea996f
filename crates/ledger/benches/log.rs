//! Entries per second: made, hashed into the tree, and verified offline from an export.
//!
//! Goals: 20,000 entries/s sequenced; an export of one million entries verified in less than 5 s.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use divan::Bencher;
use divan::counter::ItemsCount;
use domain::{Actor, Clock, Entropy, Mint, Origin, TenantId, TimeMs, UserAgent};
use ledger::export::{ExportWriter, ExportedEntry};
use ledger::note::signed_note;
use ledger::{
    AuditEvent, CanonicalEntry, Checkpoint, EntryContext, Evidence, Frontier, LogOrigin, Stream,
    Verb, VerifierKey, canonical_entry, verify_export,
};
use serde_json::json;

fn main() {
    divan::main();
}

struct Still;

impl Clock for Still {
    fn now(&self) -> TimeMs {
        TimeMs(1_790_000_000_000)
    }
}

struct Counted(AtomicU64);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        let count = self.0.fetch_add(1, Ordering::Relaxed);
        for (byte, from) in bytes.iter_mut().zip(count.to_be_bytes().iter().cycle()) {
            *byte = *from;
        }
    }
}

fn mint() -> Mint {
    Mint::new(Arc::new(Still), Arc::new(Counted(AtomicU64::new(1))))
}

fn entry(mint: &Mint, unit: TenantId) -> CanonicalEntry {
    let actor = Actor::User { user: mint.id(), session: mint.id() };
    let origin = Origin {
        request: mint.id(),
        ip: "203.0.113.9".parse().ok(),
        user_agent: UserAgent::parse("casemate/0.1 (linux; x86_64)").ok(),
    };
    let context = EntryContext::new(mint.id(), unit, actor.into(), &origin, mint.now());
    let event = AuditEvent::new(Verb::MemberRoleChanged, "member", unit)
        .old_value(json!({"role": "viewer"}))
        .new_value(json!({"role": "operator"}));
    canonical_entry(&context, &event, mint)
}

#[divan::bench]
fn entry_made(bencher: Bencher) {
    let mint = mint();
    let unit = mint.id();
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| entry(&mint, unit));
}

#[divan::bench]
fn leaves_hashed_and_appended(bencher: Bencher) {
    const LEAVES: u32 = 10_000;
    let mint = mint();
    let bytes = entry(&mint, mint.id()).bytes;
    bencher.counter(ItemsCount::new(LEAVES)).bench_local(|| {
        let mut frontier = Frontier::new();
        for _ in 0..LEAVES {
            frontier.append(ledger::tree::leaf_hash(&bytes), |_, _| {});
        }
        frontier.root()
    });
}

/// An export of `size` entries in a temporary file, and the key that signed it.
fn export(size: u64) -> Option<(tempfile::NamedTempFile, VerifierKey)> {
    let mint = mint();
    let unit = mint.id();
    let mut frontier = Frontier::new();
    let file = tempfile::NamedTempFile::new().ok()?;
    // The head needs the root, so the entries are made twice from the same counted randomness.
    let again = Mint::new(Arc::new(Still), Arc::new(Counted(AtomicU64::new(1))));
    let _: TenantId = again.id();
    for _ in 0..size {
        frontier.append(entry(&mint, unit).hash, |_, _| {});
    }
    let pair = Ed25519KeyPair::from_seed_unchecked(&[1; 32]).ok()?;
    let key = VerifierKey::ed25519("bench", pair.public_key().as_ref().try_into().ok()?).ok()?;
    let origin = LogOrigin::new(mint.id(), unit, Stream::Workspace);
    let text = Checkpoint { origin, size, root: frontier.root() }.text();
    let signature = pair.sign(text.as_bytes());
    let note = signed_note(&text, &key, signature.as_ref().try_into().ok()?);
    let (mut writer, head) = ExportWriter::begin(&note, Vec::new(), None, None).ok()?;
    let mut out = BufWriter::new(file.as_file());
    out.write_all(head.as_bytes()).ok()?;
    for index in 0..size {
        let CanonicalEntry { bytes, hash: leaf, personal, .. } = entry(&again, unit);
        let line = writer
            .entry(&ExportedEntry { index, leaf, bytes, personal, erased: Vec::new() })
            .ok()?;
        out.write_all(line.as_bytes()).ok()?;
    }
    out.write_all(writer.end().ok()?.as_bytes()).ok()?;
    out.flush().ok()?;
    drop(out);
    Some((file, key))
}

#[divan::bench(args = [100_000, 1_000_000], sample_count = 3, sample_size = 1)]
fn export_verified(bencher: Bencher, size: u64) {
    let Some((file, key)) = export(size) else {
        eprintln!("no room for the export");
        return;
    };
    let keys = [key];
    bencher.counter(ItemsCount::new(size)).bench_local(|| {
        let evidence = Evidence { keys: &keys, ..Evidence::default() };
        let reader = File::open(file.path()).map(|file| BufReader::with_capacity(1 << 20, file));
        let verdict = reader.map(|reader| verify_export(reader, evidence).word());
        assert!(verdict.is_ok_and(|word| word == "VERIFIED"), "the bench measures a sound export");
    });
}
