//! The note of a backup: what it is, in a few lines that the instance's log key signs.
//!
//! ```text
//! casemate.v1 backup
//! instance 0192…
//! format 1
//! kind data
//! number 12
//! made_at_ms 1790000000000
//! root_key 5f0c…
//! engine sqlite
//! program 0.1.0
//! parts 7
//! bytes 123456
//! contents 51fe…          SHA-256 of the contents file
//! ```
//!
//! Always true: a note is read only in the one spelling that is written.

use std::str::FromStr;

use domain::{InstanceId, TimeMs};
use ledger::VerifierKey;
use ledger::note::Note;
use seal::KeyId;

use crate::digest::{from_hex, to_hex};

/// The form that is written, and the newest that is read.
pub const FORMAT: u32 = 1;
/// Longest text of a note or a name in it.
const WORD_BYTES_MAX: usize = 64;

/// What is backed up. The two go apart: whoever has both places has what one key opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Units: databases.
    Data,
    /// The broker's key store, its journal, and the ledger of what was shredded.
    Keys,
}

impl Kind {
    /// The kind as notes and names say it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Keys => "keys",
        }
    }
}

impl FromStr for Kind {
    type Err = NotANote;

    fn from_str(text: &str) -> Result<Self, NotANote> {
        [Self::Data, Self::Keys].into_iter().find(|k| k.as_str() == text).ok_or(NotANote::Form)
    }
}

/// Why a text is no note that is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotANote {
    /// Not in the form of a note.
    #[error("it is not the note of a backup")]
    Form,
    /// Written by a later release.
    #[error("it has format {found}; this program knows formats up to {FORMAT}")]
    Newer {
        /// What it says.
        found: u32,
    },
    /// Not signed by the instance's log key.
    #[error("it is not signed by this installation")]
    Unsigned,
}

/// What a backup is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupNote {
    /// Which installation.
    pub instance: InstanceId,
    /// What was backed up.
    pub kind: Kind,
    /// Its place in the order of this installation's backups.
    pub number: u64,
    /// When it was begun: what was committed before is in it.
    pub made_at: TimeMs,
    /// The root key it is sealed to.
    pub root: KeyId,
    /// The engine whose data it is: `sqlite`, `postgres`.
    pub engine: String,
    /// The release that made it.
    pub program: String,
    /// How many parts it speaks of.
    pub parts: u64,
    /// How many bytes they have together.
    pub bytes: u64,
    /// SHA-256 of its contents file.
    pub contents: [u8; 32],
}

impl BackupNote {
    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { instance, kind, number, made_at, root, .. } = self;
        let Self { engine, program, parts, bytes, contents, .. } = self;
        format!(
            "{}\ninstance {instance}\nformat {FORMAT}\nkind {}\nnumber {number}\nmade_at_ms {}\n\
             root_key {root}\nengine {engine}\nprogram {program}\nparts {parts}\nbytes {bytes}\n\
             contents {}\n",
            broker::backup::TITLE,
            kind.as_str(),
            made_at.0,
            to_hex(contents),
        )
    }

    /// Reads a signed note without believing it: its signature is checked by [`Self::signed_by`].
    ///
    /// # Errors
    /// [`NotANote::Form`], [`NotANote::Newer`].
    pub fn claimed(signed: &str) -> Result<Self, NotANote> {
        let note = Note::parse(signed).map_err(|_| NotANote::Form)?;
        Self::parse(note.claimed())
    }

    /// Reads a note that this key signed.
    ///
    /// # Errors
    /// [`NotANote`].
    pub fn signed_by(signed: &str, key: &VerifierKey) -> Result<Self, NotANote> {
        let note = Note::parse(signed).map_err(|_| NotANote::Form)?;
        let text = note.open(std::slice::from_ref(key)).map_err(|_| NotANote::Unsigned)?;
        Self::parse(text)
    }

    fn parse(text: &str) -> Result<Self, NotANote> {
        let mut lines = text.lines();
        let mut field = |name: &str| {
            let value = lines.next()?.strip_prefix(name)?.strip_prefix(' ')?;
            (value.len() <= WORD_BYTES_MAX && !value.contains(' ')).then_some(value)
        };
        let mut read = || {
            let version = field("casemate.v1")?;
            let instance = field("instance")?.parse().ok()?;
            let format: u32 = field("format")?.parse().ok()?;
            Some((version, instance, format))
        };
        let (title, instance, format) = read().ok_or(NotANote::Form)?;
        if format > FORMAT {
            return Err(NotANote::Newer { found: format });
        }
        let mut rest = || {
            let kind = field("kind")?.parse().ok()?;
            let number = field("number")?.parse().ok()?;
            let made_at = TimeMs(field("made_at_ms")?.parse().ok()?);
            let root = KeyId::parse(field("root_key")?)?;
            let (engine, program) = (field("engine")?.to_owned(), field("program")?.to_owned());
            let (parts, bytes) = (field("parts")?.parse().ok()?, field("bytes")?.parse().ok()?);
            let contents = from_hex(field("contents")?)?;
            let note = Self {
                instance,
                kind,
                number,
                made_at,
                root,
                engine,
                program,
                parts,
                bytes,
                contents,
            };
            Some(note)
        };
        let note = rest().filter(|note| title == "backup" && note.text() == text);
        note.ok_or(NotANote::Form)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn note() -> BackupNote {
        BackupNote {
            instance: InstanceId::from(uuid::Uuid::from_u128(1)),
            kind: Kind::Data,
            number: 12,
            made_at: TimeMs(1_790_000_000_000),
            root: KeyId::from_bytes([7; 16]),
            engine: "sqlite".into(),
            program: "0.1.0".into(),
            parts: 3,
            bytes: 99,
            contents: [9; 32],
        }
    }

    #[test]
    fn a_note_is_read_back_as_it_was_written() {
        assert_eq!(BackupNote::parse(&note().text()), Ok(note()));
    }

    #[test]
    fn a_note_in_another_spelling_is_none() {
        let text = note().text();
        let spellings = [
            text.replace("number 12", "number 012"),
            text.replace("number 12", "number +12"),
            text.replace("kind data", "kind Data"),
            text.replace("\nparts", "\n\nparts"),
            format!("{text}more 1\n"),
            text.trim_end().to_owned(),
            text.replace("casemate.v1 backup", "casemate.v1 shred"),
        ];
        for other in spellings {
            assert_eq!(BackupNote::parse(&other), Err(NotANote::Form), "{other}");
        }
    }

    #[test]
    fn a_newer_format_is_called_newer_whatever_follows() {
        let newer = note().text().replace("format 1", "format 2").replace("kind data", "sort x");
        assert_eq!(BackupNote::parse(&newer), Err(NotANote::Newer { found: 2 }));
    }

    proptest! {
        #[test]
        fn any_text_is_a_note_in_its_one_spelling_or_an_error(text in ".{0,300}") {
            if let Ok(note) = BackupNote::claimed(&text) {
                prop_assert!(text.starts_with(&note.text()));
            }
        }
    }
}
