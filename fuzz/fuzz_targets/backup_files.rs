//! The note and the contents of a backup, as a place gives them: an error or a value, never a
//! panic, and a note only in its one spelling.

#![no_main]

use backup::{BackupNote, Contents};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(contents) = Contents::parse(bytes) {
        assert!(contents.parts.iter().all(backup::Part::is_sound));
        let _ = contents.ways();
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(note) = BackupNote::claimed(text)
    {
        assert!(text.starts_with(&note.text()));
    }
});
