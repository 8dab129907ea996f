//! Every text around the log of checkpoints is read in its one spelling, or not at all.
#![no_main]

use ledger::tiles::TilePath;
use ledger::witness::AddCheckpoint;
use ledger::{BlindedCheckpoint, CopyFile, CosignerKey, Note, Opening, Policy, ProofFile};
use libfuzzer_sys::fuzz_target;
use witness::TrustedLogs;

fuzz_target!(|bytes: &[u8]| {
    let _ = Policy::parse(bytes);
    let _ = CopyFile::parse(bytes);
    if let Ok(leaf) = BlindedCheckpoint::parse(bytes) {
        assert_eq!(leaf.text().as_bytes(), bytes);
    }
    if let Ok(opening) = Opening::parse(bytes) {
        assert_eq!(opening.text().as_bytes(), bytes);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = TrustedLogs::parse(text);
    let _ = Note::parse(text);
    if let Ok(key) = CosignerKey::parse(text) {
        assert_eq!(key.to_string(), text);
    }
    if let Ok(proof) = ProofFile::parse(text) {
        assert_eq!(proof.text(), text);
    }
    if let Ok(request) = AddCheckpoint::parse(text) {
        assert_eq!(request.text(), text);
    }
    if let Some(tile) = TilePath::parse(text) {
        assert_eq!(tile.text(), text);
    }
});
