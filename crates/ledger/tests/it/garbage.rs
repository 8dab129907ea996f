//! Bounded, seeded fuzzing of every parser: nothing panics, and nothing that is accepted has two
//! spellings.

use ledger::export::{ExportReader, Line};
use ledger::receipt::{Receipt, header_form};
use ledger::{Checkpoint, EntryView, Note, ShredCertificate, ShredOwner, VerifierKey};
use proptest::prelude::*;

use crate::house::{self, Log};

/// Mutations of a good input find more than noise does.
fn mangled(seed: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let edit = (any::<prop::sample::Index>(), any::<u8>(), 0_u8..3);
    prop::collection::vec(edit, 0..6).prop_map(move |edits| {
        let mut bytes = seed.clone();
        for (place, byte, kind) in edits {
            let place = place.index(bytes.len().max(1));
            match kind {
                0 if place < bytes.len() => bytes[place] = byte,
                1 if place < bytes.len() => drop(bytes.remove(place)),
                _ => bytes.insert(place.min(bytes.len()), byte),
            }
        }
        bytes
    })
}

fn certificate() -> ShredCertificate {
    ShredCertificate {
        instance: uuid::Uuid::from_u128(1).into(),
        order: 3,
        ordered_at: domain::TimeMs(1_790_000_000_000),
        done_at: domain::TimeMs(1_790_000_000_001),
        owner: ShredOwner::Tenant(uuid::Uuid::from_u128(2).into()),
        key: Some("00112233445566778899aabbccddeeff".to_owned()),
        keys: 4,
    }
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn notes_checkpoints_keys_and_receipts_never_panic_on_noise(bytes in any::<Vec<u8>>()) {
        let text = text_of(&bytes);
        let _ = Note::parse(&text).map(|note| note.open(&[house::signer().key]).is_ok());
        let _ = (Checkpoint::parse(&text), VerifierKey::parse(&text), Receipt::parse(&text));
        let _ = Receipt::open_header(&text, &house::signer().key);
        let _ = EntryView::read(&bytes);
    }

    #[test]
    fn an_accepted_checkpoint_is_the_text_it_writes(bytes in mangled(
        house::checkpoint(&ledger::Frontier::new()).text().into_bytes()
    )) {
        let text = text_of(&bytes);
        if let Ok(checkpoint) = Checkpoint::parse(&text) {
            prop_assert!(text.starts_with(&checkpoint.text()), "extension lines may follow");
        }
    }

    #[test]
    fn an_accepted_certificate_of_destruction_is_the_text_it_writes(
        bytes in mangled(certificate().text().into_bytes())
    ) {
        let text = text_of(&bytes);
        if let Ok(certificate) = ShredCertificate::parse(&text) {
            prop_assert_eq!(certificate.text(), text);
        }
    }

    #[test]
    fn an_accepted_key_is_the_text_it_writes(bytes in mangled(
        house::signer().key.to_string().into_bytes()
    )) {
        let text = text_of(&bytes);
        if let Ok(key) = VerifierKey::parse(&text) {
            prop_assert_eq!(key.to_string(), text);
        }
    }

    #[test]
    fn a_mangled_note_opens_only_with_the_text_that_was_signed(bytes in mangled(
        house::signer().sign("one line\n").into_bytes()
    )) {
        let text = text_of(&bytes);
        let keys = [house::signer().key];
        if let Ok(opened) = Note::parse(&text).and_then(|note| note.open(&keys)) {
            prop_assert_eq!(opened, "one line\n");
        }
    }

    #[test]
    fn a_mangled_receipt_opens_only_as_itself(bytes in mangled({
        let receipt = Receipt::new(house::origin(), house::mint().id(), [1; 32], domain::TimeMs(5));
        header_form(&house::signer().sign(&receipt.text())).into_bytes()
    })) {
        let receipt = Receipt::new(house::origin(), house::mint().id(), [1; 32], domain::TimeMs(5));
        if let Ok(opened) = Receipt::open_header(&text_of(&bytes), &house::signer().key) {
            prop_assert_eq!(opened, receipt);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_mangled_export_is_verified_only_when_nothing_was_changed(
        bytes in mangled(Log::new(3, &[1]).export())
    ) {
        let log = Log::new(3, &[1]);
        let verified = house::verdict(&bytes, &log.signer.key).word() == "VERIFIED";
        prop_assert_eq!(verified, bytes == log.export());
    }

    #[test]
    fn the_export_reader_always_comes_to_an_end(bytes in any::<Vec<u8>>()) {
        let mut reader = ExportReader::new(&bytes[..]);
        if reader.head().is_ok() {
            while let Ok(Line::Entry(_)) = reader.line() {}
        }
    }
}
