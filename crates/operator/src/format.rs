//! The version of the data folder's layout.
//!
//! Always true
//! 1. A mark is made when the first start begins, `FORMAT` when its recovery code was handed out,
//!    and the mark goes when the platform was ready. A folder with the mark alone holds nothing
//!    that was ever served, and its first start is begun anew.
//! 2. A folder written by a newer Casemate is refused before anything in it is touched.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::failure::{Exit, Teaches};
use crate::folders::{self, FolderError};
use crate::layout::DataFolder;

/// The layout this program reads and writes.
pub(crate) const FORMAT: u32 = 1;

/// How an SQLite file begins.
const SQLITE_START: &[u8; 16] = b"SQLite format 3\0";
/// The smallest page of one.
const SQLITE_PAGE_BYTES_MIN: u64 = 512;

/// What state a data folder is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Nothing there, or a first start that was cut off before it was finished.
    Fresh,
    /// Of this program's layout.
    Current,
}

/// Why a folder is not used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FormatError {
    /// Written by a newer program.
    #[error("the data folder has format {found}; this program knows formats up to {FORMAT}")]
    Newer {
        /// What the folder says.
        found: u32,
    },
    /// `FORMAT` is not a number.
    #[error("{path} is damaged: it should hold one number")]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The database is not whole.
    #[error("{path} is damaged: it does not begin as a database")]
    CutOff {
        /// The file.
        path: PathBuf,
    },
    /// Someone else's folder.
    #[error("{folder} is not a Casemate data folder: it holds `{name}`")]
    Foreign {
        /// The folder.
        folder: PathBuf,
        /// Something that Casemate did not put there.
        name: String,
    },
    /// A restore was cut off.
    #[error("{folder} holds half of a restore")]
    HalfRestored {
        /// The folder.
        folder: PathBuf,
    },
    /// There is data but no `FORMAT`.
    #[error("{folder} holds data but no FORMAT file")]
    Headless {
        /// The folder.
        folder: PathBuf,
    },
    /// It could not be read.
    #[error("the data folder cannot be read")]
    Unreadable(#[source] FolderError),
}

impl Teaches for FormatError {
    fn mend(&self) -> String {
        match self {
            Self::Newer { .. } => {
                "start the newer Casemate, or restore a backup taken before its upgrade; nothing was changed".into()
            }
            Self::Damaged { path } => format!(
                "if this folder was last used by this version, put it back: echo {FORMAT} > {}",
                path.display()
            ),
            Self::CutOff { path } => {
                format!("put {} back from the newest backup; nothing was changed", path.display())
            }
            Self::Foreign { .. } => "give an empty folder with --data or CASEMATE_DATA".into(),
            Self::HalfRestored { .. } => "run casemate restore again: it begins anew".into(),
            Self::Headless { folder } => format!(
                "was it copied without it? If it was last used by this version: echo {FORMAT} > {}/FORMAT",
                folder.display()
            ),
            Self::Unreadable(error) => error.mend(),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Unreadable(error) => error.exit(),
            _ => Exit::Refused,
        }
    }
}

/// The state of `data`. Changes nothing.
///
/// # Errors
/// [`FormatError`]
pub(crate) fn examine(data: &DataFolder) -> Result<Format, FormatError> {
    if data.restoring().exists() {
        return Err(FormatError::HalfRestored { folder: data.path().to_owned() });
    }
    let path = data.format();
    match std::fs::read(&path) {
        Ok(bytes) => match number(&bytes) {
            None => Err(FormatError::Damaged { path }),
            Some(found) if found > FORMAT => Err(FormatError::Newer { found }),
            Some(0) => Err(FormatError::Damaged { path }),
            Some(_) => Ok(Format::Current),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => without_format(data),
        Err(error) => Err(FormatError::Unreadable(FolderError::new(&path, "read", error))),
    }
}

/// Refuses an embedded database that is cut off inside its first page: SQLite would take it for a
/// new one, and everything would seem to be gone.
///
/// # Errors
/// [`FormatError::CutOff`], [`FormatError::Unreadable`].
pub(crate) fn check_embedded(data: &DataFolder) -> Result<(), FormatError> {
    let path = data.control();
    let unreadable = |error| FormatError::Unreadable(FolderError::new(&path, "read", error));
    let mut file = match File::open(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        opened => opened.map_err(unreadable)?,
    };
    let length = file.metadata().map_err(unreadable)?.len();
    let mut start = [0; SQLITE_START.len()];
    let begins = file.read_exact(&mut start).is_ok() && start == *SQLITE_START;
    if begins && length >= SQLITE_PAGE_BYTES_MIN {
        Ok(())
    } else {
        Err(FormatError::CutOff { path })
    }
}

/// Marks the first start as begun.
///
/// # Errors
/// [`FolderError`]: nothing has begun.
pub(crate) fn begin_first_start(data: &DataFolder) -> Result<(), FolderError> {
    folders::write_whole(&data.first_start(), b"")
}

/// Says that the folder holds an installation whose recovery code was handed out.
///
/// # Errors
/// [`FolderError`]: the folder stays fresh.
pub(crate) fn finish_first_start(data: &DataFolder) -> Result<(), FolderError> {
    folders::write_whole(&data.format(), format!("{FORMAT}\n").as_bytes())
}

/// Takes the mark away: the platform was ready once. A mark that stays does no harm.
pub(crate) fn end_first_start(data: &DataFolder) {
    let _ = std::fs::remove_file(data.first_start());
}

fn number(bytes: &[u8]) -> Option<u32> {
    std::str::from_utf8(bytes).ok()?.trim_end_matches('\n').parse().ok()
}

fn without_format(data: &DataFolder) -> Result<Format, FormatError> {
    let names = names_in(data)?;
    let foreign = names.iter().find(|name| !DataFolder::is_ours(name));
    if let Some(name) = foreign {
        return Err(FormatError::Foreign { folder: data.path().to_owned(), name: name.clone() });
    }
    let holds_data = names.iter().any(|name| name.starts_with(DataFolder::CONTROL))
        || [data.broker(), data.tenants()].iter().any(|folder| !is_empty(folder));
    if holds_data && !data.first_start().exists() {
        return Err(FormatError::Headless { folder: data.path().to_owned() });
    }
    Ok(Format::Fresh)
}

fn names_in(data: &DataFolder) -> Result<Vec<String>, FormatError> {
    let unreadable =
        |error| FormatError::Unreadable(FolderError::new(data.path(), "listed", error));
    match std::fs::read_dir(data.path()) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(unreadable(error)),
        Ok(entries) => entries
            .map(|entry| Ok(entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned()))
            .collect(),
    }
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Places;

    fn data(folder: &tempfile::TempDir) -> DataFolder {
        let settings = folder.path().join("etc/casemate.toml");
        let places = Places::new(&folder.path().join("data"), &settings).unwrap();
        std::fs::create_dir(places.data.path()).unwrap();
        places.data
    }

    #[test]
    fn an_empty_folder_is_fresh_and_a_finished_one_current() {
        let folder = tempfile::tempdir().unwrap();
        let data = data(&folder);
        assert_eq!(examine(&data).unwrap(), Format::Fresh);
        std::fs::create_dir(data.run()).unwrap();
        begin_first_start(&data).unwrap();
        std::fs::write(data.control(), [SQLITE_START.as_slice(), &[0; 4_080]].concat()).unwrap();
        assert_eq!(examine(&data).unwrap(), Format::Fresh, "a first start that was cut off");
        finish_first_start(&data).unwrap();
        assert_eq!(examine(&data).unwrap(), Format::Current);
        end_first_start(&data);
        assert_eq!(examine(&data).unwrap(), Format::Current);
        assert!(!data.first_start().exists());
    }

    #[test]
    fn a_newer_folder_is_refused_with_both_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let data = data(&folder);
        std::fs::write(data.format(), "7\n").unwrap();
        let error = examine(&data).unwrap_err();
        assert!(matches!(error, FormatError::Newer { found: 7 }));
        assert!(error.to_string().contains("up to 1"));
        assert_eq!(error.exit(), Exit::Refused);
    }

    #[test]
    fn a_half_written_format_is_damaged_not_fresh() {
        for bytes in [&b""[..], b"\xff\xfe", b"1x", b"0\n", b"-1"] {
            let folder = tempfile::tempdir().unwrap();
            let data = data(&folder);
            std::fs::write(data.format(), bytes).unwrap();
            assert!(matches!(examine(&data), Err(FormatError::Damaged { .. })), "{bytes:?}");
        }
    }

    #[test]
    fn a_database_cut_off_in_its_first_page_is_not_taken_for_a_new_one() {
        for bytes in [&b""[..], b"S", b"SQLite format 3", &[0; 8_192]] {
            let folder = tempfile::tempdir().unwrap();
            let data = data(&folder);
            std::fs::write(data.control(), bytes).unwrap();
            let length = bytes.len();
            assert!(matches!(check_embedded(&data), Err(FormatError::CutOff { .. })), "{length}");
        }
    }

    #[test]
    fn somebody_elses_folder_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let data = data(&folder);
        std::fs::write(data.path().join("thesis.tex"), "").unwrap();
        assert!(
            matches!(examine(&data), Err(FormatError::Foreign { name, .. }) if name == "thesis.tex")
        );
    }

    #[test]
    fn data_without_its_format_is_not_taken_for_an_empty_folder() {
        let folder = tempfile::tempdir().unwrap();
        let data = data(&folder);
        std::fs::write(data.control(), "SQLite").unwrap();
        assert!(matches!(examine(&data), Err(FormatError::Headless { .. })));
        std::fs::remove_file(data.control()).unwrap();
        std::fs::create_dir(data.broker()).unwrap();
        std::fs::write(data.broker().join("keys.db"), "SQLite").unwrap();
        assert!(matches!(examine(&data), Err(FormatError::Headless { .. })));
    }
}
