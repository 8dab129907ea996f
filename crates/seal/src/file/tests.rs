//! Sealed files under attack.

use proptest::prelude::*;

use super::*;
use crate::SystemEntropy;

fn key(byte: u8) -> Key {
    Key::moved(&HeapHomes, &mut [byte; 32]).ok().unwrap()
}

fn sealed(key: &Key) -> Vec<u8> {
    seal_file(&FileLock::Key(key), "session", b"refresh token", &SystemEntropy).unwrap()
}

#[test]
fn a_file_opens_with_its_key_for_its_purpose_only() {
    let (right, wrong) = (key(1), key(2));
    let file = sealed(&right);
    let open = |key, purpose| open_file(&FileLock::Key(key), purpose, &file);
    assert_eq!(open(&right, "session").ok().unwrap().expose(), b"refresh token");
    assert_eq!(open(&wrong, "session").err(), Some(FileError::WrongKey));
    assert_eq!(open(&right, "pinned keys").err(), Some(FileError::WrongKey));
    let passphrase = Exposed::copy_of(b"passphrase");
    let lock = FileLock::Passphrase(&passphrase);
    assert_eq!(open_file(&lock, "session", &file).err(), Some(FileError::NotASealedFile));
}

#[test]
fn a_passphrase_seals_a_file_too() {
    let (right, wrong) = (Exposed::copy_of(b"one passphrase"), Exposed::copy_of(b"another"));
    let file =
        seal_file(&FileLock::Passphrase(&right), "session", b"token", &SystemEntropy).unwrap();
    let open = |with| open_file(&FileLock::Passphrase(with), "session", &file);
    assert_eq!(open(&right).ok().unwrap().expose(), b"token");
    assert_eq!(open(&wrong).err(), Some(FileError::WrongKey));
}

#[test]
fn every_flipped_byte_and_every_truncation_is_an_error() {
    let right = key(1);
    let file = sealed(&right);
    let open = |bytes: &[u8]| open_file(&FileLock::Key(&right), "session", bytes).err();
    for place in 0..file.len() {
        let mut changed = file.clone();
        changed[place] ^= 1;
        let reason = open(&changed).unwrap();
        match place {
            0..4 | 5 => assert_eq!(reason, FileError::NotASealedFile),
            4 => assert_eq!(reason, FileError::NewerFormat),
            6..HEADER_BYTES => assert_eq!(reason, FileError::WrongKey),
            _ => {}
        }
    }
    for end in 0..file.len() {
        assert!(open(&file[..end]).is_some(), "{end} bytes");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(open_file(&FileLock::Key(&key(1)), "session", &bytes).is_err());
    }
}
