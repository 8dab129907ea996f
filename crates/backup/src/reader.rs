//! Reading backups: the list of them, and one of them, believed step by step.
//!
//! Always true
//! 1. A note is of the number, kind and installation that its name says: one that was moved or
//!    copied under another name is refused.
//! 2. Contents are read only with the digest that the note says, parts only with the size and
//!    digest that the contents say, units only with those that the sealed index says.

use std::io::{Read, Write};

use broker::backup::Way;
use domain::InstanceId;
use ledger::VerifierKey;
use seal::{RootKey, StreamError, StreamOpener};

use crate::contents::{CONTENTS_BYTES_MAX, Contents, Index, Part, UnitEntry};
use crate::digest::{Counted, sha256, to_hex};
use crate::note::{BackupNote, Kind, NotANote};
use crate::place::{Place, PlaceError};
use crate::writer::{NOBODY, context};

/// Longest signed note.
const NOTE_BYTES_MAX: u64 = 16 * 1024;

/// Why a backup is not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The place did not give it.
    #[error("the place of the backup did not give it")]
    Place(#[from] PlaceError),
    /// The note is none that is believed.
    #[error("backup {number} is not believed: {source}")]
    Note {
        /// Which.
        number: u64,
        /// Why not.
        source: NotANote,
    },
    /// The note speaks about another backup than its name says.
    #[error("the note of backup {number} is that of another backup or installation")]
    Moved {
        /// What its name says.
        number: u64,
    },
    /// The contents are not the ones that were signed for.
    #[error("the contents of backup {number} are not the ones that were signed for")]
    Contents {
        /// Which.
        number: u64,
    },
    /// A part is missing, or not the one that was signed for.
    #[error("part {part} of backup {number} is missing, cut or changed")]
    Part {
        /// Which backup.
        number: u64,
        /// Which part.
        part: String,
    },
    /// A part does not open.
    #[error("{name} does not open")]
    Sealed {
        /// The unit.
        name: String,
        /// Why not.
        source: StreamError,
    },
    /// A unit is not in the backup.
    #[error("{0} is not in the backup")]
    NoUnit(String),
}

/// The names in a place.
pub(crate) mod names {
    use domain::InstanceId;

    use crate::note::Kind;

    pub(crate) fn parts(instance: InstanceId, kind: Kind) -> String {
        format!("{instance}/{}/parts", kind.as_str())
    }

    pub(crate) fn notes(instance: InstanceId, kind: Kind) -> String {
        format!("{instance}/{}/notes", kind.as_str())
    }

    pub(crate) fn part(instance: InstanceId, kind: Kind, id: &str) -> String {
        format!("{}/{id}", parts(instance, kind))
    }

    pub(crate) fn note(instance: InstanceId, kind: Kind, number: u64) -> String {
        format!("{}/{number:010}.note", notes(instance, kind))
    }

    pub(crate) fn contents(instance: InstanceId, kind: Kind, number: u64) -> String {
        format!("{}/{number:010}.contents", notes(instance, kind))
    }

    /// The number in the name of a note.
    pub(crate) fn number(name: &str) -> Option<u64> {
        let digits = name.strip_suffix(".note")?;
        let number: u64 = digits.parse().ok()?;
        (format!("{number:010}") == digits).then_some(number)
    }
}

/// Whose backups are in a place.
///
/// # Errors
/// [`ReadError::Place`].
pub fn instances(place: &Place) -> Result<Vec<InstanceId>, ReadError> {
    Ok(place.list("")?.iter().filter_map(|name| name.parse().ok()).collect())
}

/// The numbers of the notes in a place.
pub(crate) fn numbers(
    place: &Place,
    instance: InstanceId,
    kind: Kind,
) -> Result<Vec<u64>, PlaceError> {
    let listed = place.list(&names::notes(instance, kind))?;
    Ok(listed.iter().filter_map(|name| names::number(name)).collect())
}

/// A backup in a list: its note, not believed yet, or why it has none.
#[derive(Debug)]
pub struct Listed {
    /// Its number.
    pub number: u64,
    /// What it says it is.
    pub note: Result<BackupNote, ReadError>,
}

/// The backups in a place, oldest first.
///
/// # Errors
/// [`ReadError::Place`].
pub fn list(place: &Place, instance: InstanceId, kind: Kind) -> Result<Vec<Listed>, ReadError> {
    let numbers = numbers(place, instance, kind)?;
    let listed = numbers.into_iter().map(|number| {
        let note = read_note(place, (instance, kind), number).map(|(_, note)| note);
        Listed { number, note }
    });
    Ok(listed.collect())
}

fn read_note(
    place: &Place,
    (instance, kind): (InstanceId, Kind),
    number: u64,
) -> Result<(String, BackupNote), ReadError> {
    let bytes = place.get(&names::note(instance, kind, number), NOTE_BYTES_MAX)?;
    let wrong = |source| ReadError::Note { number, source };
    let signed = String::from_utf8(bytes).map_err(|_| wrong(NotANote::Form))?;
    let note = BackupNote::claimed(&signed).map_err(wrong)?;
    if (note.instance, note.kind, note.number) != (instance, kind, number) {
        return Err(ReadError::Moved { number });
    }
    Ok((signed, note))
}

/// One backup.
pub struct Backup<'p> {
    place: &'p Place,
    signed: String,
    note: BackupNote,
    contents: Contents,
}

impl<'p> Backup<'p> {
    /// Reads the note and the contents of a backup. Nothing of it is believed before
    /// [`Self::check_signature`].
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn open(
        place: &'p Place,
        (instance, kind): (InstanceId, Kind),
        number: u64,
    ) -> Result<Self, ReadError> {
        let (signed, note) = read_note(place, (instance, kind), number)?;
        let at = names::contents(instance, kind, number);
        let bytes = place.get(&at, CONTENTS_BYTES_MAX)?;
        let wrong = || ReadError::Contents { number };
        if sha256(&bytes) != note.contents {
            return Err(wrong());
        }
        let contents = Contents::parse(&bytes).ok_or_else(wrong)?;
        let count = u64::try_from(contents.parts.len()).unwrap_or(u64::MAX);
        if count != note.parts
            || contents.parts.iter().map(|part| part.bytes).sum::<u64>() != note.bytes
        {
            return Err(wrong());
        }
        Ok(Self { place, signed, note, contents })
    }

    /// What it says it is.
    #[must_use]
    pub const fn note(&self) -> &BackupNote {
        &self.note
    }

    /// The ways to the root key it was sealed to.
    #[must_use]
    pub fn ways(&self) -> Vec<Way> {
        self.contents.ways()
    }

    /// The ids of its parts.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.contents.parts.iter().map(|part| part.id.as_str())
    }

    /// Whether the installation's log key signed it.
    ///
    /// # Errors
    /// [`ReadError::Note`].
    pub fn check_signature(&self, key: &VerifierKey) -> Result<(), ReadError> {
        let number = self.note.number;
        let signed = BackupNote::signed_by(&self.signed, key);
        signed.map(drop).map_err(|source| ReadError::Note { number, source })
    }

    /// Reads every part, and compares it with what was signed for; `look` is told each.
    ///
    /// # Errors
    /// [`ReadError::Part`] for the first that differs, [`ReadError::Place`].
    pub fn check_parts(&self, look: &mut dyn FnMut(&Part)) -> Result<(), ReadError> {
        for part in &self.contents.parts {
            let mut stored = Counted::new(self.stored(part)?);
            self.read_on(part, &mut stored)?;
            self.is_whole(part, stored)?;
            look(part);
        }
        Ok(())
    }

    /// The index, opened.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn index(&self, root: &RootKey) -> Result<Index, ReadError> {
        let mut bytes = Vec::new();
        self.opened("index", NOBODY, &self.contents.index, root, &mut bytes)?;
        let number = self.note.number;
        serde_json::from_slice(&bytes).map_err(|_| ReadError::Contents { number })
    }

    /// Opens a unit into `target`. Only what this returns is whole: on an error what was written is
    /// to be thrown away.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn restore(
        &self,
        unit: &UnitEntry,
        owner: [u8; 16],
        root: &RootKey,
        target: &mut dyn Write,
    ) -> Result<(), ReadError> {
        let mut clear = Counted::new(target);
        self.opened(&unit.name, owner, &unit.part, root, &mut clear)?;
        let (_, bytes, sha256) = clear.finish();
        if bytes != unit.bytes || to_hex(&sha256) != unit.sha256 {
            return Err(self.wrong(&unit.part));
        }
        Ok(())
    }

    fn opened(
        &self,
        name: &str,
        owner: [u8; 16],
        part: &str,
        root: &RootKey,
        target: &mut dyn Write,
    ) -> Result<(), ReadError> {
        let part = self.contents.part(part).ok_or_else(|| self.wrong(part))?;
        let BackupNote { instance, kind, .. } = self.note;
        let sealed = |source| ReadError::Sealed { name: name.to_owned(), source };
        let stored = Counted::new(self.stored(part)?);
        let context = context(instance, kind, name, owner);
        let mut opener = StreamOpener::begin(stored, root, &context).map_err(sealed)?;
        opener.copy_to(target).map_err(sealed)?;
        let mut stored = opener.into_source();
        self.read_on(part, &mut stored)?;
        self.is_whole(part, stored)
    }

    fn stored(&self, part: &Part) -> Result<Box<dyn Read + 'p>, ReadError> {
        let BackupNote { instance, kind, .. } = self.note;
        self.place.read(&names::part(instance, kind, &part.id)).map_err(|error| match error {
            PlaceError::Missing(_) => self.wrong(&part.id),
            error => error.into(),
        })
    }

    fn read_on(&self, part: &Part, stored: &mut dyn Read) -> Result<(), ReadError> {
        let read = std::io::copy(stored, &mut std::io::sink());
        read.map(drop).map_err(|source| {
            let name = part.id.clone();
            PlaceError::Device { name, act: "read", source }.into()
        })
    }

    fn is_whole<R>(&self, part: &Part, stored: Counted<R>) -> Result<(), ReadError> {
        let (_, bytes, sha256) = stored.finish();
        if bytes == part.bytes && to_hex(&sha256) == part.sha256 {
            Ok(())
        } else {
            Err(self.wrong(&part.id))
        }
    }

    fn wrong(&self, part: &str) -> ReadError {
        ReadError::Part { number: self.note.number, part: part.to_owned() }
    }
}
