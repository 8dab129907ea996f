//! Places that backups lie in. A closed list: a folder, which may be another machine's.
//!
//! Always true
//! 1. A name appears with its whole content or not at all, durably.
//! 2. Names are made here or read back from a list and checked: none leads out of the place.

mod folder;

use std::io::{Read, Write};

pub use folder::FolderPlace;

/// Most names that one list gives.
pub const NAMES_MAX: usize = 1_000_000;

/// Why a place did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// There is no such thing.
    #[error("{0} is not in the place")]
    Missing(String),
    /// It cannot be read or written.
    #[error("{name} cannot be {act}")]
    Device {
        /// What.
        name: String,
        /// What was tried: `read`, `written`, `listed`, `removed`.
        act: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}

/// A place.
#[derive(Debug, Clone)]
pub enum Place {
    /// A folder.
    Folder(FolderPlace),
}

/// Something that is being written. Dropped before it is settled, it was never there.
pub trait Writing: Write {
    /// Makes it durable and gives it its name.
    ///
    /// # Errors
    /// [`PlaceError::Device`]; the name does not exist then.
    fn settle(self: Box<Self>) -> Result<(), PlaceError>;
}

impl Place {
    /// Begins to write under a new name.
    ///
    /// # Errors
    /// [`PlaceError::Device`].
    pub fn begin(&self, name: &str) -> Result<Box<dyn Writing + '_>, PlaceError> {
        match self {
            Self::Folder(folder) => folder.begin(name),
        }
    }

    /// Writes something small.
    ///
    /// # Errors
    /// [`PlaceError::Device`]; what had the name before still has it then.
    pub fn put(&self, name: &str, bytes: &[u8]) -> Result<(), PlaceError> {
        let mut writing = self.begin(name)?;
        let written = writing.write_all(bytes);
        written.map_err(|source| failed(name, "written", source))?;
        writing.settle()
    }

    /// Reads from the start.
    ///
    /// # Errors
    /// [`PlaceError`].
    pub fn read(&self, name: &str) -> Result<Box<dyn Read + '_>, PlaceError> {
        match self {
            Self::Folder(folder) => folder.read(name),
        }
    }

    /// Reads something small.
    ///
    /// # Errors
    /// [`PlaceError`]; [`PlaceError::Device`] also when it is longer than `bytes_max`.
    pub fn get(&self, name: &str, bytes_max: u64) -> Result<Vec<u8>, PlaceError> {
        let mut bytes = Vec::new();
        let read = self.read(name)?.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(|source| failed(name, "read", source))?;
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > bytes_max {
            return Err(failed(name, "read", std::io::ErrorKind::FileTooLarge.into()));
        }
        Ok(bytes)
    }

    /// Removes what a run that was cut off left under a prefix.
    ///
    /// # Errors
    /// [`PlaceError::Device`].
    pub fn clear_unfinished(&self, prefix: &str) -> Result<(), PlaceError> {
        match self {
            Self::Folder(folder) => folder.clear_unfinished(prefix),
        }
    }

    /// How many bytes are stored under a name; `None` when there is none.
    ///
    /// # Errors
    /// [`PlaceError::Device`].
    pub fn size(&self, name: &str) -> Result<Option<u64>, PlaceError> {
        match self {
            Self::Folder(folder) => folder.size(name),
        }
    }

    /// The names directly under a prefix, without it, in order.
    ///
    /// # Errors
    /// [`PlaceError::Device`].
    pub fn list(&self, prefix: &str) -> Result<Vec<String>, PlaceError> {
        match self {
            Self::Folder(folder) => folder.list(prefix),
        }
    }

    /// Removes a name; one that is gone already is no error.
    ///
    /// # Errors
    /// [`PlaceError::Device`].
    pub fn remove(&self, name: &str) -> Result<(), PlaceError> {
        match self {
            Self::Folder(folder) => folder.remove(name),
        }
    }
}

fn failed(name: &str, act: &'static str, source: std::io::Error) -> PlaceError {
    match source.kind() {
        std::io::ErrorKind::NotFound if act == "read" => PlaceError::Missing(name.to_owned()),
        _ => PlaceError::Device { name: name.to_owned(), act, source },
    }
}
