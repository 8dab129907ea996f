//! The operator's list of passwords that leaked: a file of hashes, as published corpora have it.
//!
//! Always true
//! 1. The file is searched on disk by halving; it is never read whole, however large it is.
//! 2. Without a file nothing is known, and the built-in lists decide alone. A file that cannot be
//!    read refuses: nothing is taken unchecked.
//!
//! Form: lines of upper- or lower-case hex, sorted, all SHA-1 (40 digits) or all SHA-256 (64); what
//! follows a colon (how often it leaked) is passed over. Shorter prefixes of at least 16 digits are
//! taken too, all of one length.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use aws_lc_rs::digest;
use data_encoding::HEXUPPER;
use zeroize::Zeroizing;

/// Longest line: 64 digits, a colon, a count, and the end.
const LINE_BYTES_MAX: usize = 128;
/// Fewer digits would refuse too many innocent passwords.
const DIGITS_MIN: usize = 16;

/// A list of passwords that leaked; by default none.
#[derive(Debug, Default)]
pub struct Breached(Option<List>);

#[derive(Debug)]
struct List {
    file: File,
    bytes: u64,
    digits: usize,
    algorithm: &'static digest::Algorithm,
}

/// Why a list is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BreachedError {
    /// It cannot be read.
    #[error("the file cannot be read: {0}")]
    Unreadable(io::ErrorKind),
    /// It is not a sorted list of hashes.
    #[error("the file is not a list of sorted SHA-1 or SHA-256 hashes in hex, one per line")]
    Format,
}

impl From<io::Error> for BreachedError {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error.kind())
    }
}

impl Breached {
    /// Opens a list and looks at its first line.
    ///
    /// # Errors
    /// [`BreachedError`].
    pub fn open(path: &Path) -> Result<Self, BreachedError> {
        let file = File::open(path)?;
        let bytes = file.metadata()?.len();
        let mut list = List { file, bytes, digits: 0, algorithm: &digest::SHA256 };
        let (first, _) = list.line_at(0)?;
        let digits = hash_of(&first).len();
        if !(DIGITS_MIN..=64).contains(&digits)
            || !hash_of(&first).iter().all(u8::is_ascii_hexdigit)
        {
            return Err(BreachedError::Format);
        }
        list.digits = digits;
        if digits <= 40 {
            list.algorithm = &digest::SHA1_FOR_LEGACY_USE_ONLY;
        }
        Ok(Self(Some(list)))
    }

    /// Whether a password is on the list.
    ///
    /// # Errors
    /// [`BreachedError`], when the file went bad under us.
    pub(super) fn holds(&self, password: &str) -> Result<bool, BreachedError> {
        let Some(list) = &self.0 else { return Ok(false) };
        let hash = digest::digest(list.algorithm, password.as_bytes());
        let hex = Zeroizing::new(HEXUPPER.encode(hash.as_ref()));
        let wanted = hex.get(..list.digits).ok_or(BreachedError::Format)?;
        list.holds(wanted.as_bytes())
    }
}

impl List {
    /// Halves the range of bytes in which the line must begin.
    fn holds(&self, wanted: &[u8]) -> Result<bool, BreachedError> {
        let (mut low, mut high) = (0, self.bytes);
        while low < high {
            let middle = low + (high - low) / 2;
            let start = self.start_after(middle)?;
            if start >= high {
                // No line begins between the middle and the end: the first one decides.
                high = middle;
                continue;
            }
            let (line, next) = self.line_at(start)?;
            match compared(hash_of(&line), wanted) {
                std::cmp::Ordering::Equal => return Ok(true),
                std::cmp::Ordering::Less => low = next,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Ok(false)
    }

    /// Where the first line begins at or after this byte.
    fn start_after(&self, at: u64) -> Result<u64, BreachedError> {
        let Some(before) = at.checked_sub(1) else { return Ok(0) };
        let bytes = self.bytes_at(before)?;
        match bytes.iter().position(|byte| *byte == b'\n') {
            Some(end) => Ok(before + u64::try_from(end).unwrap_or(0) + 1),
            None if bytes.len() < LINE_BYTES_MAX => Ok(self.bytes),
            None => Err(BreachedError::Format),
        }
    }

    /// The line that begins here, and where the next one does.
    fn line_at(&self, start: u64) -> Result<(Vec<u8>, u64), BreachedError> {
        let mut bytes = self.bytes_at(start)?;
        let end = match bytes.iter().position(|byte| *byte == b'\n') {
            Some(end) => end,
            None if bytes.len() < LINE_BYTES_MAX => bytes.len(),
            None => return Err(BreachedError::Format),
        };
        bytes.truncate(end);
        let next = start + u64::try_from(end).unwrap_or(0) + 1;
        Ok((bytes, next))
    }

    /// Up to [`LINE_BYTES_MAX`] bytes from here.
    fn bytes_at(&self, start: u64) -> Result<Vec<u8>, BreachedError> {
        let mut bytes = vec![0; LINE_BYTES_MAX];
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let at = start + u64::try_from(filled).unwrap_or(0);
            match self.file.read_at(rest, at)? {
                0 => break,
                n => filled += n,
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }
}

/// The hash of a line: what stands before a colon or the end.
fn hash_of(line: &[u8]) -> &[u8] {
    let end = line.iter().position(|byte| matches!(byte, b':' | b'\r' | b' '));
    end.and_then(|end| line.get(..end)).unwrap_or(line)
}

fn compared(line: &[u8], wanted: &[u8]) -> std::cmp::Ordering {
    line.iter().map(u8::to_ascii_uppercase).cmp(wanted.iter().copied())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn list(
        hashes: &[String],
        end: &str,
    ) -> Result<(tempfile::NamedTempFile, Breached), BreachedError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        for (n, hash) in hashes.iter().enumerate() {
            write!(file, "{hash}:{}{end}", n * n).unwrap();
        }
        let breached = Breached::open(file.path())?;
        Ok((file, breached))
    }

    fn hashes(algorithm: &'static digest::Algorithm, digits: usize, count: u32) -> Vec<String> {
        let hash = |n: u32| {
            let password = format!("leaked password {n}");
            HEXUPPER.encode(digest::digest(algorithm, password.as_bytes()).as_ref())
        };
        let mut all: Vec<String> = (0..count).map(|n| hash(n)[..digits].to_owned()).collect();
        all.sort();
        all
    }

    #[test]
    fn every_listed_password_is_found_and_no_other_in_every_published_form() {
        let forms = [
            (&digest::SHA1_FOR_LEGACY_USE_ONLY, 40, "\n"),
            (&digest::SHA1_FOR_LEGACY_USE_ONLY, 40, "\r\n"),
            (&digest::SHA1_FOR_LEGACY_USE_ONLY, 16, "\n"),
            (&digest::SHA256, 64, "\n"),
        ];
        for (algorithm, digits, end) in forms {
            for count in [1, 2, 3, 500] {
                let (_file, list) = list(&hashes(algorithm, digits, count), end).unwrap();
                for n in 0..count {
                    assert_eq!(list.holds(&format!("leaked password {n}")), Ok(true), "{n}");
                }
                for n in count..count + 200 {
                    assert_eq!(list.holds(&format!("leaked password {n}")), Ok(false));
                }
            }
        }
    }

    #[test]
    fn lower_case_and_a_missing_last_line_end_change_nothing() {
        let lower: Vec<String> =
            hashes(&digest::SHA256, 64, 9).iter().map(|hash| hash.to_lowercase()).collect();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(lower.join("\n").as_bytes()).unwrap();
        let list = Breached::open(file.path()).unwrap();
        assert!((0..9).all(|n| list.holds(&format!("leaked password {n}")) == Ok(true)));
    }

    #[test]
    fn what_is_not_a_list_is_refused_when_it_is_opened() {
        for wrong in ["", "password\n", "ABCDEF\n", &"A".repeat(500)] {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(wrong.as_bytes()).unwrap();
            assert_eq!(Breached::open(file.path()).unwrap_err(), BreachedError::Format, "{wrong}");
        }
        let missing = Breached::open(Path::new("/nowhere/at/all")).unwrap_err();
        assert_eq!(missing, BreachedError::Unreadable(io::ErrorKind::NotFound));
        assert_eq!(Breached::default().holds("leaked password 1"), Ok(false));
    }
}
