//! The key file: one line with 32 random bytes, for a machine that starts without a person.

use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

use crate::exposed::Exposed;
use crate::key::{KEY_BYTES, Key, KeyHomes, NoRoom};

/// Largest key file that is read.
pub const KEY_FILE_BYTES_MAX: usize = 256;

const PREFIX: &str = "casemate-key-1 ";

/// Why a file is not a key file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileError {
    /// Not the one line this module writes.
    #[error("it is not a key file")]
    NotAKeyFile,
    /// There is no room to hold the key.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
}

/// The key file's content for this key.
#[must_use]
pub fn write(key: &Key) -> Exposed {
    let digits = Zeroizing::new(HEXLOWER.encode(key.bytes()));
    let mut line = Vec::with_capacity(PREFIX.len() + digits.len() + 1);
    line.extend_from_slice(PREFIX.as_bytes());
    line.extend_from_slice(digits.as_bytes());
    line.push(b'\n');
    Exposed::new(line)
}

/// The key in a key file's content.
///
/// # Errors
/// [`KeyFileError::NotAKeyFile`], [`KeyFileError::NoRoom`].
pub fn read(content: &Exposed, homes: &dyn KeyHomes) -> Result<Key, KeyFileError> {
    let decoded = || {
        let digits = content.expose().strip_prefix(PREFIX.as_bytes())?.strip_suffix(b"\n")?;
        let mut bytes = Zeroizing::new([0u8; KEY_BYTES]);
        (HEXLOWER.decode_len(digits.len()).ok()? == KEY_BYTES).then_some(())?;
        HEXLOWER.decode_mut(digits, bytes.as_mut_slice()).ok()?;
        Some(bytes)
    };
    let mut bytes = decoded().ok_or(KeyFileError::NotAKeyFile)?;
    Ok(Key::moved(homes, &mut bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HeapHomes, SystemEntropy};

    #[test]
    fn a_key_file_reads_back() {
        let key = Key::random(&HeapHomes, &SystemEntropy).ok().unwrap();
        let read = read(&write(&key), &HeapHomes).ok().unwrap();
        assert_eq!(read.bytes(), key.bytes());
    }

    #[test]
    fn every_truncation_and_every_other_spelling_is_refused() {
        let key = Key::random(&HeapHomes, &SystemEntropy).ok().unwrap();
        let content = write(&key).expose().to_vec();
        let refused = |bytes: &[u8]| read(&Exposed::copy_of(bytes), &HeapHomes).is_err();
        for end in 0..content.len() {
            assert!(refused(&content[..end]), "{end} bytes");
        }
        assert!(refused(&[content.as_slice(), b"\n"].concat()));
        assert!(refused(&[content.as_slice(), &content].concat()));
        assert!(refused(b"casemate-key-2 00\n"));
        assert!(!refused(&content));
    }
}
