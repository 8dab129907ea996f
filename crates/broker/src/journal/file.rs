//! The journal's file: appended to by one writer, read by position.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::batch::{self, Batch, HASH_OF_NOTHING, Read};
use crate::instance_keys::SigningKey;
use crate::slots::sync_folder_of;
use crate::start_error::StartError;
use crate::status::JournalEntry;

/// A write returns when its bytes are on the disk. As a flag of the open file this cannot be
/// forgotten on one path, and a test can read it from outside.
const DURABLE_WRITES: i32 = OFlags::DSYNC.bits().cast_signed();

/// The end of the journal, where the writer appends.
pub(super) struct JournalFile {
    path: PathBuf,
    file: File,
    end: u64,
    last: Option<Place>,
    hash: [u8; 32],
    failed: bool,
}

/// Where the batches lie that were not copied yet.
pub(super) struct Index {
    file: File,
    public: [u8; 32],
    batches: VecDeque<Place>,
}

/// One batch in the file.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) offset: u64,
    pub(super) bytes: usize,
    pub(super) first_seq: u64,
    pub(super) last_seq: u64,
}

impl JournalFile {
    /// Opens the file, cuts a torn tail off, and checks everything before it.
    pub(super) fn open(
        path: &Path,
        key: &SigningKey,
        copied: u64,
    ) -> Result<(Self, Index), StartError> {
        let failed = |source| StartError::File { path: path.to_owned(), source };
        let mut file = durable().truncate(false).open(path).map_err(failed)?;
        sync_folder_of(path).map_err(failed)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let scan = Scan::of(&bytes, key.public(), copied)
            .map_err(|reason| StartError::Damaged { path: path.to_owned(), reason })?;
        if scan.end < u64::try_from(bytes.len()).unwrap_or(u64::MAX) {
            file.set_len(scan.end).and_then(|()| file.sync_all()).map_err(failed)?;
            tracing::warn!(bytes = bytes.len(), kept = scan.end, "cut a torn tail off the journal");
        }
        let index = Index {
            file: file.try_clone().map_err(failed)?,
            public: *key.public(),
            batches: scan.batches,
        };
        let Scan { end, last, hash, .. } = scan;
        Ok((Self { path: path.to_owned(), file, end, last, hash, failed: false }, index))
    }

    /// The last entry's number.
    pub(super) fn head(&self) -> u64 {
        self.last.map_or(0, |last| last.last_seq)
    }

    /// The last entry's hash.
    pub(super) const fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// Appends one batch; when this returns, it is on the disk.
    ///
    /// When there was no room the file is cut back to its last whole batch. After any other failure
    /// what the disk holds is unknown: every later append fails too, until a start has checked it.
    pub(super) fn append(&mut self, bytes: &[u8], count: u32, hash: [u8; 32]) -> io::Result<Place> {
        if self.failed {
            return Err(io::Error::other("an earlier append failed"));
        }
        if let Err(error) = self.file.write_all_at(bytes, self.end) {
            let cut_back = self.file.set_len(self.end);
            self.failed = !is_lack_of_room(&error) || cut_back.is_err();
            return Err(error);
        }
        let head = self.head();
        let place = Place {
            offset: self.end,
            bytes: bytes.len(),
            first_seq: head + 1,
            last_seq: head + u64::from(count),
        };
        self.end += u64::try_from(bytes.len()).unwrap_or(0);
        self.last = Some(place);
        self.hash = hash;
        Ok(place)
    }

    /// Moves on to a new file once more than `bytes_max` of this one was copied into the logs, so
    /// that a start reads little. The old file stays beside it, named after its last copied entry.
    ///
    /// The new file begins with the first batch still needed, or with the last one: the chain goes
    /// on from there.
    pub(super) fn shorten(&mut self, index: &mut Index, bytes_max: u64) -> io::Result<()> {
        let Some(first) = index.batches.front().copied().or(self.last) else { return Ok(()) };
        if first.offset <= bytes_max {
            return Ok(());
        }
        let kept = usize::try_from(self.end - first.offset).map_err(io::Error::other)?;
        let mut bytes = vec![0u8; kept];
        self.file.read_exact_at(&mut bytes, first.offset)?;
        let fresh_path = self.path.with_added_extension("new");
        let fresh = durable().truncate(true).open(&fresh_path)?;
        fresh.write_all_at(&bytes, 0)?;
        let for_reading = fresh.try_clone()?;
        let archive = format!("through-{:020}", first.first_seq - 1);
        match std::fs::hard_link(&self.path, self.path.with_added_extension(archive)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => std::fs::rename(&fresh_path, &self.path)?,
        }
        // From here on the new file is the journal. If its name is not durable, nothing more is.
        self.failed = sync_folder_of(&self.path).is_err();
        self.file = fresh;
        self.end -= first.offset;
        self.last = self.last.map(|last| last.moved_by(first.offset));
        index.file = for_reading;
        index.batches = index.batches.iter().map(|place| place.moved_by(first.offset)).collect();
        Ok(())
    }
}

impl Place {
    const fn moved_by(self, bytes: u64) -> Self {
        Self { offset: self.offset - bytes, ..self }
    }
}

fn durable() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).mode(0o600).custom_flags(DURABLE_WRITES);
    options
}

fn is_lack_of_room(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | FileTooLarge | QuotaExceeded)
}

/// What one pass over the whole file found.
struct Scan {
    end: u64,
    last: Option<Place>,
    hash: [u8; 32],
    batches: VecDeque<Place>,
}

impl Scan {
    fn of(bytes: &[u8], public: &[u8; 32], copied: u64) -> Result<Self, &'static str> {
        let mut scan = Self { end: 0, last: None, hash: HASH_OF_NOTHING, batches: VecDeque::new() };
        let mut rest = bytes;
        while let Read::Batch(batch, size) = batch::read(rest, public) {
            if !scan.is_continued_by(&batch, copied) {
                return Err("a batch does not continue the one before it");
            }
            let (entries, hash) = batch.entries().ok_or("a batch's entries do not fit it")?;
            let Some(last) = entries.last() else { return Err("a batch is empty") };
            let place = Place {
                offset: scan.end,
                bytes: size,
                first_seq: batch.first_seq,
                last_seq: last.seq,
            };
            if place.last_seq > copied {
                scan.batches.push_back(place);
            }
            scan.end += u64::try_from(size).unwrap_or(0);
            scan.last = Some(place);
            scan.hash = hash;
            rest = rest.get(size..).unwrap_or_default();
        }
        if batch::any_in(rest, public) {
            return Err("there is a hole before whole batches");
        }
        if scan.last.map_or(0, |last| last.last_seq) < copied {
            return Err("it ends before entries that were already copied from it");
        }
        Ok(scan)
    }

    /// A shortened journal begins later than entry 1, but never after an entry that is not in the
    /// tenants' logs yet.
    fn is_continued_by(&self, batch: &Batch<'_>, copied: u64) -> bool {
        match self.last {
            Some(last) => batch.first_seq == last.last_seq + 1 && batch.hash_before == self.hash,
            None if batch.first_seq == 1 => batch.hash_before == HASH_OF_NOTHING,
            None => batch.first_seq > 0 && batch.first_seq - 1 <= copied,
        }
    }
}

impl Index {
    pub(super) fn add(&mut self, place: Place) {
        self.batches.push_back(place);
    }

    pub(super) fn forget_through(&mut self, seq: u64) {
        while self.batches.front().is_some_and(|place| place.last_seq <= seq) {
            self.batches.pop_front();
        }
    }

    /// At most `count` entries after `seq`; `None` when the file cannot be read or does not verify.
    pub(super) fn read_after(&self, seq: u64, count: usize) -> Option<Vec<JournalEntry>> {
        let mut found = Vec::new();
        for place in self.batches.iter().filter(|place| place.last_seq > seq) {
            if found.len() >= count {
                break;
            }
            let mut bytes = vec![0u8; place.bytes];
            self.file.read_exact_at(&mut bytes, place.offset).ok()?;
            let Read::Batch(batch, _) = batch::read(&bytes, &self.public) else { return None };
            if batch.first_seq != place.first_seq {
                return None;
            }
            let (entries, _) = batch.entries()?;
            let wanted = entries.into_iter().filter(|entry| entry.seq > seq);
            found.extend(wanted.take(count - found.len()));
        }
        Some(found)
    }
}
