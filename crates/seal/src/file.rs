//! Small sealed files: what a client keeps on a disk, under a passphrase or a key of the machine's
//! keyring.
//!
//! ```text
//! magic 4 | format 1 | lock 1 | cost 12 | salt 32 | envelope
//! ```
//!
//! Always true: a file opens for the purpose it was sealed for only, and every byte before the
//! envelope is bound into its key.

use domain::{Entropy, InstanceId};

use crate::context::{Context, KeyRealm};
use crate::envelope::{self, OpenError};
use crate::exposed::Exposed;
use crate::kdf::{self, Info};
use crate::key::{HeapHomes, Key, KeyHomes, KeyId};
use crate::passphrase::{self, PASSPHRASE_SALT_BYTES, PassphraseCost};

const MAGIC: [u8; 4] = *b"CmFl";
const FORMAT: u8 = 1;
const LOCK_PASSPHRASE: u8 = 1;
const LOCK_KEY: u8 = 2;
const COST_BYTES: usize = 12;
const HEADER_BYTES: usize = 4 + 1 + 1 + COST_BYTES + PASSPHRASE_SALT_BYTES;

/// What opens a sealed file.
pub enum FileLock<'a> {
    /// A passphrase, exactly as typed.
    Passphrase(&'a Exposed),
    /// A random key, kept elsewhere.
    Key(&'a Key),
}

/// Why a file was not sealed or did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Not a sealed file, or one that is locked in the other way.
    #[error("it is not a file sealed in this way")]
    NotASealedFile,
    /// A newer release wrote it.
    #[error("a newer release sealed the file")]
    NewerFormat,
    /// The passphrase, the key or the purpose is another.
    #[error("the key does not open this file")]
    WrongKey,
    /// The key is right and the content was changed.
    #[error("the file is damaged")]
    Damaged,
    /// Larger than [`envelope::VALUE_BYTES_MAX`].
    #[error("the content is too large")]
    TooLarge,
}

/// Seals `content` for `purpose`, a fixed text of the program.
///
/// # Errors
/// [`FileError::TooLarge`].
pub fn seal_file(
    lock: &FileLock<'_>,
    purpose: &str,
    content: &[u8],
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, FileError> {
    let mut salt = [0u8; PASSPHRASE_SALT_BYTES];
    entropy.fill(&mut salt);
    let (lock_byte, cost) = match lock {
        FileLock::Passphrase(_) => (LOCK_PASSPHRASE, PassphraseCost::STANDARD.parts()),
        FileLock::Key(_) => (LOCK_KEY, [0; 3]),
    };
    let mut file = Vec::with_capacity(HEADER_BYTES + content.len() + envelope::OVERHEAD_BYTES);
    file.extend_from_slice(&MAGIC);
    file.extend_from_slice(&[FORMAT, lock_byte]);
    for number in cost {
        file.extend_from_slice(&number.to_be_bytes());
    }
    file.extend_from_slice(&salt);
    let (key, key_id) = file_key(lock, &file, &salt, cost)?;
    let sealed = envelope::seal(&key, key_id, &context(purpose), content, entropy)
        .map_err(|_| FileError::TooLarge)?;
    file.extend_from_slice(&sealed);
    Ok(file)
}

/// The content of a sealed file.
///
/// # Errors
/// Every [`FileError`] but `TooLarge`.
pub fn open_file(lock: &FileLock<'_>, purpose: &str, file: &[u8]) -> Result<Exposed, FileError> {
    let (header, sealed) =
        file.split_first_chunk::<HEADER_BYTES>().ok_or(FileError::NotASealedFile)?;
    let parts = read_header(header).ok_or(FileError::NotASealedFile)?;
    if parts.magic != MAGIC {
        return Err(FileError::NotASealedFile);
    }
    if parts.format != FORMAT {
        return Err(FileError::NewerFormat);
    }
    let lock_byte = match lock {
        FileLock::Passphrase(_) => LOCK_PASSPHRASE,
        FileLock::Key(_) => LOCK_KEY,
    };
    if parts.lock != lock_byte {
        return Err(FileError::NotASealedFile);
    }
    let (key, key_id) = file_key(lock, header, &parts.salt, parts.cost)?;
    if envelope::key_id(sealed)? != key_id {
        return Err(FileError::WrongKey);
    }
    Ok(envelope::open(&key, &context(purpose), sealed)?)
}

struct Header {
    magic: [u8; 4],
    format: u8,
    lock: u8,
    cost: [u32; 3],
    salt: [u8; PASSPHRASE_SALT_BYTES],
}

fn read_header(header: &[u8; HEADER_BYTES]) -> Option<Header> {
    let (magic, rest) = header.split_first_chunk::<4>()?;
    let (&[format, lock], rest) = rest.split_first_chunk::<2>()?;
    let (cost, salt) = rest.split_first_chunk::<COST_BYTES>()?;
    let mut numbers = cost.as_chunks::<4>().0.iter().map(|bytes| u32::from_be_bytes(*bytes));
    let cost = [numbers.next()?, numbers.next()?, numbers.next()?];
    Some(Header { magic: *magic, format, lock, cost, salt: salt.try_into().ok()? })
}

/// The file's key, and the name the envelope gives it: both depend on every header byte.
fn file_key(
    lock: &FileLock<'_>,
    header: &[u8],
    salt: &[u8; PASSPHRASE_SALT_BYTES],
    cost: [u32; 3],
) -> Result<(Key, KeyId), FileError> {
    let stretched;
    let input = match lock {
        FileLock::Key(key) => key.bytes().as_slice(),
        FileLock::Passphrase(passphrase) => {
            let [memory_kib, passes, lanes] = cost;
            let cost = PassphraseCost::read(memory_kib, passes, lanes)
                .map_err(|_| FileError::NotASealedFile)?;
            stretched = passphrase::stretch(passphrase, salt, cost)
                .map_err(|_| FileError::NotASealedFile)?;
            stretched.as_slice()
        }
    };
    let mut home = HeapHomes.home().map_err(|_| FileError::TooLarge)?;
    let info = Info::new("casemate.v1 file key").part(header);
    kdf::extract_and_expand(salt, input, &info, home.bytes_mut());
    let key = Key::held_in(home);
    let key_id = key.fingerprint("casemate.v1 file key id");
    Ok((key, key_id))
}

fn context(purpose: &str) -> Context<'_> {
    let nowhere = InstanceId::from(uuid::Uuid::nil());
    Context {
        instance: nowhere,
        realm: KeyRealm::Platform,
        kind: purpose,
        record: [0; 16],
        version: 1,
    }
}

impl From<OpenError> for FileError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::NotAnEnvelope => Self::NotASealedFile,
            OpenError::NewerFormat => Self::NewerFormat,
            OpenError::UnknownKey(_) | OpenError::RetiredKey(_) | OpenError::NotThisRecord => {
                Self::WrongKey
            }
            OpenError::Damaged => Self::Damaged,
        }
    }
}

#[cfg(test)]
mod tests;
