//! Secrets that a person gives: from a file, from a pipe, or typed unseen. Never an argument.

use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};

use broker::Exposed;
use broker::slots::Given;
use zeroize::Zeroizing;

use crate::failure::{Exit, Failure};
use crate::folders::FolderError;

/// Longest secret that is read: all shares of a slot. A wrong file is refused and not tried.
const SECRET_BYTES_MAX: u64 = 4_096;

/// What opens an existing slot for a change.
#[derive(Debug, Default, clap::Args)]
pub(super) struct OpenedBy {
    /// Open this slot first, with what you give; else one that the settings open
    #[arg(long, value_name = "SLOT")]
    opened_by: Option<String>,
    /// Read what opens it from this file ("-" for stdin)
    #[arg(long, value_name = "FILE", requires = "opened_by")]
    secret_file: Option<PathBuf>,
}

impl OpenedBy {
    pub(super) fn given(&self) -> Result<Option<Given>, Failure> {
        let Some(name) = &self.opened_by else { return Ok(None) };
        given(name, self.secret_file.as_deref()).map(Some)
    }
}

/// What opens the slot `name`: a passphrase as it is, a key file as it lies there.
pub(super) fn given(name: &str, file: Option<&Path>) -> Result<Given, Failure> {
    let line = read_line(file, &format!("What opens {name}: "))?;
    let content = if name.starts_with("passphrase") {
        line
    } else if name.starts_with("key-file") || name.starts_with("credential") {
        Exposed::new([line.expose(), b"\n"].concat())
    } else {
        Exposed::copy_of(line.expose().trim_ascii())
    };
    Ok(Given { name: name.to_owned(), content })
}

/// A secret from `file`, from a pipe, or typed unseen; without spaces and line ends around it.
pub(crate) fn read(file: Option<&Path>, prompt: &str) -> Result<Exposed, Failure> {
    Ok(Exposed::copy_of(read_line(file, prompt)?.expose().trim_ascii()))
}

/// As [`read`], without the end of the line alone.
fn read_line(file: Option<&Path>, prompt: &str) -> Result<Exposed, Failure> {
    let failed = |path: &Path, source| Failure::from(FolderError::new(path, "read", source));
    let typed = match file {
        Some(path) if path != Path::new("-") => {
            let file = std::fs::File::open(path).map_err(|e| failed(path, e))?;
            bounded(file).map_err(|e| failed(path, e))?
        }
        None if std::io::stdin().is_terminal() => rpassword::prompt_password(prompt)
            .map(|text| Zeroizing::new(text.into_bytes()))
            .map_err(|e| failed(Path::new("/dev/tty"), e))?,
        _ => {
            bounded(std::io::stdin().lock()).map_err(|e| failed(Path::new("standard input"), e))?
        }
    };
    let line = typed.strip_suffix(b"\n").unwrap_or(&typed);
    Ok(Exposed::copy_of(line.strip_suffix(b"\r").unwrap_or(line)))
}

/// A new passphrase: as it is in the file, or typed twice on a terminal.
pub(super) fn new_passphrase(file: Option<&Path>) -> Result<Exposed, Failure> {
    let first = read_line(file, "New passphrase: ")?;
    if file.is_none() && std::io::stdin().is_terminal() {
        let again = read_line(None, "Once more: ")?;
        if !first.same_as(&again) {
            return Err(Failure::new(
                Exit::Usage,
                "the two passphrases differ",
                "type the same one twice",
            ));
        }
    }
    Ok(first)
}

fn bounded(source: impl Read) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(4_097));
    source.take(SECRET_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.is_empty() || u64::try_from(bytes.len()).unwrap_or(u64::MAX) > SECRET_BYTES_MAX {
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "it holds no code"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_from_a_file_without_its_line_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("code");
        std::fs::write(&path, " ABCD-EFGH \n").unwrap();
        assert_eq!(read(Some(&path), "").unwrap().expose(), b"ABCD-EFGH");
    }

    #[test]
    fn an_empty_a_missing_and_a_huge_file_hold_no_code() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("code");
        assert!(read(Some(&path), "").is_err());
        for length in [0, 5_000] {
            std::fs::write(&path, vec![b'A'; length]).unwrap();
            assert!(read(Some(&path), "").is_err(), "{length}");
        }
    }

    #[test]
    fn a_key_file_that_is_given_keeps_the_end_of_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root.key");
        std::fs::write(&path, "casemate-key-1 00\n").unwrap();
        let content = |name| given(name, Some(&path)).unwrap().content.expose().to_vec();
        assert_eq!(content("key-file"), b"casemate-key-1 00\n");
        assert_eq!(content("recovery"), b"casemate-key-1 00");
    }
}
