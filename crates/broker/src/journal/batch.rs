//! One batch: entries that became durable together, under one signature.
//!
//! ```text
//! magic 4 | body length 4 | body | signature 64
//! body: first seq 8 | count 4 | hash before 32 | count × (length 4 | entry)
//! ```
//!
//! An entry's hash covers the hash before it, so each batch fixes everything that went before.

use aws_lc_rs::digest;
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use domain::TimeMs;
use serde::{Deserialize, Serialize};

use super::Opening;
use crate::instance_keys::{NotSigned, SigningKey};
use crate::status::JournalEntry;

/// Most entries in one batch.
pub(super) const ENTRIES_PER_BATCH_MAX: usize = 256;
/// Largest batch: 256 entries of 256 records each, with room to spare.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

const MAGIC: [u8; 4] = *b"CmJ1";
const PREFIX_BYTES: usize = 8;
const SIGNATURE_BYTES: usize = 64;
const SIGNED_LABEL: &[u8] = b"casemate.v1 journal batch\n";
const HASHED_LABEL: &[u8] = b"casemate.v1 journal entry\n";

/// The hash before the first entry.
pub(super) const HASH_OF_NOTHING: [u8; 32] = [0; 32];

/// An entry as it is stored. Its bytes are hashed and signed as they are, never serialised again.
#[derive(Serialize, Deserialize)]
struct StoredEntry {
    seq: u64,
    at: TimeMs,
    opening: Opening,
}

/// What bytes at some place of the journal are.
pub(super) enum Read<'a> {
    /// A whole batch with a good signature; the bytes it takes.
    Batch(Batch<'a>, usize),
    /// Nothing that was ever synced: the end, or a tail torn by a crash.
    Torn,
}

/// A batch whose signature holds.
pub(super) struct Batch<'a> {
    pub(super) first_seq: u64,
    pub(super) count: u32,
    pub(super) hash_before: [u8; 32],
    entries: &'a [u8],
}

/// Builds a batch, entry by entry.
pub(super) struct Builder {
    bytes: Vec<u8>,
    first_seq: u64,
    count: u32,
    hash: [u8; 32],
}

impl Builder {
    pub(super) fn new(first_seq: u64, hash_before: [u8; 32]) -> Self {
        let mut bytes = Vec::with_capacity(4096);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&first_seq.to_be_bytes());
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&hash_before);
        Self { bytes, first_seq, count: 0, hash: hash_before }
    }

    /// Adds the next entry and returns its number, or `None` when the batch is full.
    pub(super) fn push(&mut self, opening: Opening, at: TimeMs) -> Option<u64> {
        let seq = self.first_seq.checked_add(u64::from(self.count))?;
        let entry = stored(&StoredEntry { seq, at, opening })?;
        let length = u32::try_from(entry.len()).ok()?;
        if self.bytes.len() + entry.len() + 4 > BODY_BYTES_MAX {
            return None;
        }
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(&entry);
        self.hash = entry_hash(&self.hash, &entry);
        self.count += 1;
        Some(seq)
    }

    /// The finished batch's bytes and the hash of its last entry.
    pub(super) fn sign(mut self, key: &SigningKey) -> Result<(Vec<u8>, [u8; 32]), NotSigned> {
        let body_bytes = self.bytes.len().checked_sub(PREFIX_BYTES).ok_or(NotSigned)?;
        let body_bytes = u32::try_from(body_bytes).map_err(|_| NotSigned)?;
        let lengths = [(4, body_bytes), (PREFIX_BYTES + 8, self.count)];
        for (at, number) in lengths {
            let place = self.bytes.get_mut(at..at + 4).ok_or(NotSigned)?;
            place.copy_from_slice(&number.to_be_bytes());
        }
        let body = self.bytes.get(PREFIX_BYTES..).ok_or(NotSigned)?;
        let signature = key.sign(&[SIGNED_LABEL, body].concat())?;
        self.bytes.extend_from_slice(&signature);
        Ok((self.bytes, self.hash))
    }

    pub(super) const fn count(&self) -> u32 {
        self.count
    }
}

/// Reads the batch at the start of `bytes`.
pub(super) fn read<'a>(bytes: &'a [u8], public: &[u8; 32]) -> Read<'a> {
    let read = || {
        let (magic, rest) = bytes.split_first_chunk::<4>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        if *magic != MAGIC || length > BODY_BYTES_MAX {
            return None;
        }
        let (body, rest) = rest.split_at_checked(length)?;
        let (signature, _) = rest.split_first_chunk::<SIGNATURE_BYTES>()?;
        let message = [SIGNED_LABEL, body].concat();
        UnparsedPublicKey::new(&ED25519, public).verify(&message, signature).ok()?;
        let (first_seq, body) = body.split_first_chunk()?;
        let (count, body) = body.split_first_chunk()?;
        let (hash_before, entries) = body.split_first_chunk()?;
        let batch = Batch {
            first_seq: u64::from_be_bytes(*first_seq),
            count: u32::from_be_bytes(*count),
            hash_before: *hash_before,
            entries,
        };
        Some(Read::Batch(batch, PREFIX_BYTES + length + SIGNATURE_BYTES))
    };
    read().unwrap_or(Read::Torn)
}

/// Whether a whole, signed batch starts anywhere in `bytes`.
pub(super) fn any_in(bytes: &[u8], public: &[u8; 32]) -> bool {
    (0..bytes.len()).any(|at| {
        let rest = bytes.get(at..).unwrap_or_default();
        rest.starts_with(&MAGIC) && matches!(read(rest, public), Read::Batch(..))
    })
}

impl Batch<'_> {
    /// The entries and the hash of the last one, or `None` when numbers, count or encoding do not
    /// fit.
    pub(super) fn entries(&self) -> Option<(Vec<JournalEntry>, [u8; 32])> {
        let mut entries = Vec::new();
        let mut hash = self.hash_before;
        let mut rest = self.entries;
        for seq in self.first_seq..self.first_seq.checked_add(u64::from(self.count))? {
            let (length, after) = rest.split_first_chunk::<4>()?;
            let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
            let (bytes, after) = after.split_at_checked(length)?;
            let stored = read_stored(bytes)?;
            if stored.seq != seq {
                return None;
            }
            hash = entry_hash(&hash, bytes);
            entries.push(shown(stored, hash));
            rest = after;
        }
        rest.is_empty().then_some((entries, hash))
    }
}

/// An entry's bytes: what every entry has, and what only broken glass has behind it.
fn stored(entry: &StoredEntry) -> Option<Vec<u8>> {
    let bytes = postcard::to_stdvec(entry).ok()?;
    match &entry.opening.glass {
        Some(note) => postcard::to_extend(note, bytes).ok(),
        None => Some(bytes),
    }
}

pub(super) fn is_entry(bytes: &[u8]) -> bool {
    read_stored(bytes).is_some()
}

fn read_stored(bytes: &[u8]) -> Option<StoredEntry> {
    let (mut stored, rest) = postcard::take_from_bytes::<StoredEntry>(bytes).ok()?;
    if !rest.is_empty() {
        let (note, nothing) = postcard::take_from_bytes(rest).ok()?;
        if !nothing.is_empty() {
            return None;
        }
        stored.opening.glass = Some(note);
    }
    Some(stored)
}

fn shown(stored: StoredEntry, hash: [u8; 32]) -> JournalEntry {
    let StoredEntry { seq, at, opening } = stored;
    let Opening { realm, purpose, actor, request, records, glass } = opening;
    JournalEntry { seq, at, realm, purpose, actor, request, records, glass, hash }
}

fn entry_hash(before: &[u8; 32], entry: &[u8]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(HASHED_LABEL);
    context.update(before);
    context.update(entry);
    let mut hash = [0u8; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}
