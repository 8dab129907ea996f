//! Orders of the shred ledger, certificates of destruction and journal entries are read in their
//! one spelling, or not at all.
#![no_main]

use ledger::{Note, ShredCertificate};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = broker::is_journal_entry(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = Note::parse(text);
    let _ = broker::is_shred_order(text);
    if let Ok(certificate) = ShredCertificate::parse(text) {
        assert_eq!(certificate.text(), text);
    }
});
