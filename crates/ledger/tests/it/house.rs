//! A small log with a key of its own, for the attacks to work on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use domain::{Actor, Clock, Entropy, Mint, Origin, TenantId, TimeMs, UserAgent};
use ledger::export::{ExportWriter, ExportedEntry};
use ledger::origin::log_key_name;
use ledger::{
    AuditEvent, CanonicalEntry, Checkpoint, EntryContext, Evidence, Frontier, LogOrigin, Stream,
    Verb, Verdict, VerifierKey, canonical_entry, verify_export,
};
use serde_json::json;
use uuid::Uuid;

/// A clock that stands at one moment.
struct Still(i64);

impl Clock for Still {
    fn now(&self) -> TimeMs {
        TimeMs(self.0)
    }
}

/// Bytes that differ on every call and are the same in every run.
struct Counted(AtomicU64);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let count = self.0.fetch_add(1, Ordering::Relaxed);
            let mixed = count.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            chunk.copy_from_slice(&mixed.to_be_bytes()[..chunk.len()]);
        }
    }
}

pub(crate) const AT_MS: i64 = 1_790_000_000_000;

pub(crate) fn mint() -> Mint {
    Mint::new(Arc::new(Still(AT_MS)), Arc::new(Counted(AtomicU64::new(0))))
}

/// An id as the writer of the first released file made them: this moment, then random bits.
fn id<T: From<Uuid>>(mint: &Mint) -> T {
    let ms = u64::try_from(AT_MS).unwrap();
    T::from(uuid::Builder::from_unix_timestamp_millis(ms, &mint.bytes()).into_uuid())
}

/// A private key whose public half is known to the test.
pub(crate) struct Signer {
    pair: Ed25519KeyPair,
    pub(crate) key: VerifierKey,
}

impl Signer {
    pub(crate) fn new(name: &str, seed: [u8; 32]) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
        let public = pair.public_key().as_ref().try_into().unwrap();
        Self { pair, key: VerifierKey::ed25519(name, public).unwrap() }
    }

    pub(crate) fn sign(&self, text: &str) -> String {
        let signature = self.pair.sign(text.as_bytes());
        ledger::note::signed_note(text, &self.key, signature.as_ref().try_into().unwrap())
    }
}

pub(crate) fn unit() -> TenantId {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_00aa).into()
}

pub(crate) fn origin() -> LogOrigin {
    LogOrigin::new(Uuid::from_u128(7).into(), unit(), Stream::Workspace)
}

pub(crate) fn signer() -> Signer {
    Signer::new(&log_key_name(Uuid::from_u128(7).into()), [42; 32])
}

pub(crate) fn context(mint: &Mint) -> EntryContext {
    let actor = Actor::User { user: id(mint), session: id(mint) };
    let from = Origin {
        request: id(mint),
        ip: Some("203.0.113.9".parse().unwrap()),
        user_agent: Some(UserAgent::parse("casemate/0.1").unwrap()),
    };
    EntryContext::new(id(mint), unit(), actor.into(), &from, mint.now())
}

/// The entry that a role change leaves.
pub(crate) fn role_change(mint: &Mint) -> CanonicalEntry {
    let event = AuditEvent::new(Verb::MemberRoleChanged, "member", id::<TenantId>(mint))
        .old_value(json!({"role": "viewer"}))
        .new_value(json!({"role": "operator"}))
        .personal("email", "ada@example.com");
    canonical_entry(&context(mint), &event, mint)
}

/// A log as the store holds it, which a test may damage before it is exported.
pub(crate) struct Log {
    pub(crate) signer: Signer,
    pub(crate) rows: Vec<ExportedEntry>,
    pub(crate) checkpoint: String,
    pub(crate) earlier: Vec<String>,
    pub(crate) anchor: Option<String>,
}

impl Log {
    /// A log of `size` entries with a checkpoint at each of `sizes` and one over all of it.
    pub(crate) fn new(size: u64, sizes: &[u64]) -> Self {
        let (mint, signer) = (mint(), signer());
        let (mut frontier, mut rows, mut earlier) = (Frontier::new(), Vec::new(), Vec::new());
        for index in 0..size {
            if sizes.contains(&index) {
                earlier.push(signer.sign(&checkpoint(&frontier).text()));
            }
            let entry = role_change(&mint);
            frontier.append(entry.hash, |_, _| {});
            let CanonicalEntry { bytes, hash: leaf, personal, .. } = entry;
            rows.push(ExportedEntry { index, leaf, bytes, personal, erased: Vec::new() });
        }
        let checkpoint = signer.sign(&checkpoint(&frontier).text());
        Self { signer, rows, checkpoint, earlier, anchor: None }
    }

    pub(crate) fn export(&self) -> Vec<u8> {
        let (mut writer, head) =
            ExportWriter::begin(&self.checkpoint, self.earlier.clone(), self.anchor.clone(), None)
                .unwrap();
        let mut file = head;
        for row in &self.rows {
            file.push_str(&writer.entry(row).unwrap());
        }
        file.push_str(&writer.end().unwrap());
        file.into_bytes()
    }

    pub(crate) fn verdict(&self) -> Verdict {
        verdict(&self.export(), &self.signer.key)
    }
}

pub(crate) fn checkpoint(frontier: &Frontier) -> Checkpoint {
    Checkpoint { origin: origin(), size: frontier.size(), root: frontier.root() }
}

pub(crate) fn verdict(file: &[u8], key: &VerifierKey) -> Verdict {
    let keys = std::slice::from_ref(key);
    verify_export(file, Evidence { keys, ..Evidence::default() })
}
