//! Writing one backup.
//!
//! Always true
//! 1. What has not changed since a backup that is still there is not sent again: its digest in
//!    clear decides, and its part must still be in the place, in its size.
//! 2. The note is written after the contents, and both after every part; a number is used once.

use std::collections::BTreeMap;
use std::io::{self, Read};

use broker::backup::Way;
use domain::{Entropy, InstanceId, TimeMs};
use seal::{KeyId, Recipient, StreamContext, StreamError, StreamSealer};
use serde::{Deserialize, Serialize};

use crate::contents::{Contents, Index, Part, UnitEntry, WayLine};
use crate::digest::{Counted, sha256, to_hex};
use crate::note::{BackupNote, Kind};
use crate::place::{Place, PlaceError};
use crate::reader::{self, ReadError, names};

/// The owner of parts that are of the whole installation.
pub(crate) const NOBODY: [u8; 16] = [0; 16];

/// Why a backup was not made. What was there before is there.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The place did not take it.
    #[error("the place of the backup did not take it")]
    Place(#[from] PlaceError),
    /// What is backed up could not be read.
    #[error("{name} could not be read")]
    Source {
        /// The unit.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// It could not be sealed.
    #[error("{name} could not be sealed")]
    Seal {
        /// The unit.
        name: String,
        /// Why not.
        source: StreamError,
    },
    /// What is in the place could not be read.
    #[error("what is in the place cannot be read")]
    Before(#[from] ReadError),
}

/// What this installation knows of the parts it wrote. Losing it costs one full backup.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// By the unit's name.
    pub units: BTreeMap<String, KnownUnit>,
}

/// The newest part of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownUnit {
    root: String,
    bytes: u64,
    sha256: String,
    part: Part,
}

/// A backup that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Its note.
    pub note: BackupNote,
    /// How many parts were sent; the others were there.
    pub sent: u64,
    /// How many bytes were sent.
    pub sent_bytes: u64,
}

/// Writes one backup.
pub struct Writer<'a> {
    place: &'a Place,
    kind: Kind,
    instance: InstanceId,
    recipient: Recipient,
    entropy: &'a dyn Entropy,
    number: u64,
    made_at: TimeMs,
    known: &'a mut Known,
    parts: Vec<Part>,
    index: Index,
    sent: u64,
    sent_bytes: u64,
}

impl<'a> Writer<'a> {
    /// Begins backup `number`, or the first free number after it.
    ///
    /// # Errors
    /// [`WriteError::Place`].
    pub fn begin(
        place: &'a Place,
        (instance, kind): (InstanceId, Kind),
        recipient: Recipient,
        (number, made_at): (u64, TimeMs),
        known: &'a mut Known,
        entropy: &'a dyn Entropy,
    ) -> Result<Self, WriteError> {
        // A run that was cut off may have left a part, or a note whose number is never taken again.
        place.clear_unfinished(&names::parts(instance, kind))?;
        place.clear_unfinished(&names::notes(instance, kind))?;
        let last = reader::numbers(place, instance, kind)?.into_iter().max().unwrap_or(0);
        Ok(Self {
            place,
            kind,
            instance,
            recipient,
            entropy,
            number: number.max(last + 1),
            made_at,
            known,
            parts: Vec::new(),
            index: Index::default(),
            sent: 0,
            sent_bytes: 0,
        })
    }

    /// The number it will have.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Whether a unit of this size and digest is in the place already; then it becomes a part of
    /// this backup, and need not be sent.
    ///
    /// # Errors
    /// [`WriteError::Place`].
    pub fn is_there(
        &mut self,
        name: &str,
        (bytes, sha256): (u64, [u8; 32]),
        checkpoints: &[String],
    ) -> Result<bool, WriteError> {
        let Some(known) = self.known.units.get(name) else { return Ok(false) };
        let same = known.bytes == bytes
            && known.sha256 == to_hex(&sha256)
            && KeyId::parse(&known.root) == Some(self.recipient.root);
        let stored = names::part(self.instance, self.kind, &known.part.id);
        if !same || self.place.size(&stored)? != Some(known.part.bytes) {
            return Ok(false);
        }
        let part = known.part.clone();
        let (sha256, checkpoints) = (known.sha256.clone(), checkpoints.to_vec());
        self.index.units.push(UnitEntry {
            name: name.to_owned(),
            part: part.id.clone(),
            bytes,
            sha256,
            checkpoints,
        });
        self.parts.push(part);
        Ok(true)
    }

    /// Sends a unit; `owner` is the workspace's id, or zeroes.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn send(
        &mut self,
        name: &str,
        owner: [u8; 16],
        source: &mut dyn Read,
        checkpoints: &[String],
    ) -> Result<(), WriteError> {
        let (part, bytes, sha256) = self.store(name, owner, source)?;
        let sha256 = to_hex(&sha256);
        let known = KnownUnit {
            root: self.recipient.root.to_string(),
            bytes,
            sha256: sha256.clone(),
            part: part.clone(),
        };
        self.known.units.insert(name.to_owned(), known);
        self.index.units.push(UnitEntry {
            name: name.to_owned(),
            part: part.id.clone(),
            bytes,
            sha256,
            checkpoints: checkpoints.to_vec(),
        });
        self.sent += 1;
        self.sent_bytes += part.bytes;
        self.parts.push(part);
        Ok(())
    }

    /// Sends the index. The backup is there when [`Unsigned::settle`] has written the signed note.
    ///
    /// # Errors
    /// [`WriteError`]; there is no new backup then.
    pub fn close(
        mut self,
        ways: &[Way],
        (engine, program): (&str, &str),
        witnessed: Option<String>,
    ) -> Result<Unsigned<'a>, WriteError> {
        self.index.witnessed = witnessed;
        let unwritable = |source: serde_json::Error| WriteError::Source {
            name: "index".to_owned(),
            source: source.into(),
        };
        let index = serde_json::to_vec(&self.index).map_err(unwritable)?;
        let (part, ..) = self.store("index", NOBODY, &mut index.as_slice())?;
        let contents = Contents {
            ways: ways.iter().map(WayLine::of).collect(),
            index: part.id.clone(),
            parts: self.parts.iter().cloned().chain([part]).collect(),
        };
        let bytes = serde_json::to_vec(&contents).map_err(unwritable)?;
        let note = BackupNote {
            instance: self.instance,
            kind: self.kind,
            number: self.number,
            made_at: self.made_at,
            root: self.recipient.root,
            engine: engine.to_owned(),
            program: program.to_owned(),
            parts: u64::try_from(contents.parts.len()).unwrap_or(u64::MAX),
            bytes: contents.parts.iter().map(|part| part.bytes).sum(),
            contents: sha256(&bytes),
        };
        let finished = Finished { note, sent: self.sent, sent_bytes: self.sent_bytes };
        Ok(Unsigned { place: self.place, contents: bytes, finished })
    }

    fn store(
        &self,
        name: &str,
        owner: [u8; 16],
        source: &mut dyn Read,
    ) -> Result<(Part, u64, [u8; 32]), WriteError> {
        let mut id = [0u8; 16];
        self.entropy.fill(&mut id);
        let id = to_hex(&id);
        let sealing = |source| WriteError::Seal { name: name.to_owned(), source };
        let at = names::part(self.instance, self.kind, &id);
        let stored = Counted::new(self.place.begin(&at)?);
        let context = context(self.instance, self.kind, name, owner);
        let mut sealer = StreamSealer::begin(stored, &self.recipient, &context, self.entropy)
            .map_err(sealing)?;
        let mut clear = Counted::new(source);
        copy(&mut clear, &mut sealer, name, &at)?;
        let (_, bytes, clear_sha256) = clear.finish();
        let (writing, stored_bytes, sha256) = sealer.finish().map_err(sealing)?.finish();
        writing.settle()?;
        let part = Part { id, bytes: stored_bytes, sha256: to_hex(&sha256) };
        Ok((part, bytes, clear_sha256))
    }
}

/// A backup whose parts are all in the place, and whose note is not signed yet.
pub struct Unsigned<'p> {
    place: &'p Place,
    contents: Vec<u8>,
    finished: Finished,
}

impl Unsigned<'_> {
    /// The text to be signed.
    #[must_use]
    pub fn text(&self) -> String {
        self.finished.note.text()
    }

    /// Writes contents and note: from here on the backup is there.
    ///
    /// # Errors
    /// [`WriteError::Place`]; it is not there then.
    pub fn settle(self, signed: &str) -> Result<Finished, WriteError> {
        let BackupNote { instance, kind, number, .. } = self.finished.note;
        self.place.put(&names::contents(instance, kind, number), &self.contents)?;
        self.place.put(&names::note(instance, kind, number), signed.as_bytes())?;
        Ok(self.finished)
    }
}

/// What a part is bound to: workspaces' by their id, the others by their kind and name.
pub(crate) fn context<'n>(
    instance: InstanceId,
    kind: Kind,
    name: &'n str,
    owner: [u8; 16],
) -> StreamContext<'n> {
    let kind = match (kind, owner) {
        (Kind::Data, NOBODY) | (Kind::Keys, _) => name,
        (Kind::Data, _) => "unit",
    };
    StreamContext { instance, kind, owner }
}

/// Copies, and says which of the two ends failed.
fn copy(
    source: &mut dyn Read,
    target: &mut dyn io::Write,
    name: &str,
    at: &str,
) -> Result<(), WriteError> {
    let mut buffer = vec![0u8; 256 * 1024];
    loop {
        let read = match source.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read.map_err(|source| WriteError::Source { name: name.to_owned(), source })?,
        };
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
            return Ok(());
        };
        target.write_all(bytes).map_err(|source| PlaceError::Device {
            name: at.to_owned(),
            act: "written",
            source,
        })?;
    }
}
