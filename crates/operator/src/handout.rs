//! Handing a code to a person: on the terminal in front of them, else in a file for them alone.

use std::path::{Path, PathBuf};

use crate::folders::{self, FolderError};
use crate::output::Output;

/// Where a code went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Handout {
    /// It can be shown, once, as part of the greeting.
    Shown(zeroize::Zeroizing<String>),
    /// It is in this file, mode 0600.
    File(PathBuf),
}

impl Handout {
    /// Decides where `code` goes, and writes the file if that is where.
    pub(crate) fn give(output: &Output, code: &[u8], file: &Path) -> Result<Self, FolderError> {
        if output.shows_secrets() {
            let text = String::from_utf8_lossy(code).into_owned();
            return Ok(Self::Shown(zeroize::Zeroizing::new(text)));
        }
        let line = zeroize::Zeroizing::new([code, b"\n"].concat());
        folders::write_whole(file, &line)?;
        Ok(Self::File(file.to_owned()))
    }

    /// For a person: the code, or which file it is in.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Shown(code) => code.to_string(),
            Self::File(path) => format!("(in the file {})", path.display()),
        }
    }

    /// The file it is in.
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Self::Shown(_) => None,
            Self::File(path) => Some(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;
    use crate::output::Form;

    #[test]
    fn away_from_a_terminal_a_code_goes_into_a_file_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recovery-code");
        let handout = Handout::give(&Output::new(Form::Json), b"CODE", &path).unwrap();
        assert_eq!(handout.file(), Some(path.as_path()));
        assert!(!handout.shown().contains("CODE"));
        assert_eq!(std::fs::read(&path).unwrap(), b"CODE\n");
        assert_eq!(path.metadata().unwrap().mode() & 0o7777, 0o600);
    }
}
