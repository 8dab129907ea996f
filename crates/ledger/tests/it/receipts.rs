//! Receipts: what is signed, who may sign, and what cannot pass for one.

use domain::limits::MERGE_DELAY_MS_MAX;
use domain::{EntryId, TimeMs};
use ledger::receipt::{ReceiptError, header_form};
use ledger::{Checkpoint, NoteError, Receipt};

use crate::house::{self, Signer};

fn receipt() -> Receipt {
    let entry: EntryId = house::mint().id();
    Receipt::new(house::origin(), entry, [7; 32], TimeMs(house::AT_MS))
}

#[test]
fn a_signed_receipt_opens_from_its_header_with_what_it_promised() {
    let signer = house::signer();
    let header = header_form(&signer.sign(&receipt().text()));
    assert!(header.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
    let opened = Receipt::open_header(&header, &signer.key).unwrap();
    assert_eq!(opened, receipt());
    assert_eq!(opened.merge_by.since_ms(opened.at), MERGE_DELAY_MS_MAX);
}

#[test]
fn a_receipt_signed_by_another_key_does_not_open() {
    let forger = Signer::new(house::signer().key.name(), [1; 32]);
    let header = header_form(&forger.sign(&receipt().text()));
    let opened = Receipt::open_header(&header, &house::signer().key);
    assert_eq!(opened, Err(ReceiptError::Signature(NoteError::UnknownKey)));
}

#[test]
fn any_flipped_bit_of_a_receipt_is_refused() {
    let signer = house::signer();
    let note = signer.sign(&receipt().text());
    for place in 0..note.len() {
        let mut bytes = note.clone().into_bytes();
        bytes[place] ^= 1;
        let header = data_encoding::BASE64URL_NOPAD.encode(&bytes);
        assert!(Receipt::open_header(&header, &signer.key).is_err(), "byte {place}");
    }
}

#[test]
fn a_receipt_is_no_checkpoint_and_a_checkpoint_is_no_receipt() {
    assert!(Checkpoint::parse(&receipt().text()).is_err());
    let checkpoint = Checkpoint { origin: house::origin(), size: 3, root: [1; 32] };
    assert_eq!(Receipt::parse(&checkpoint.text()), Err(ReceiptError::Form));
}

#[test]
fn a_receipt_has_one_spelling() {
    let text = receipt().text();
    assert_eq!(Receipt::parse(&text), Ok(receipt()));
    let capital =
        text.replace(&receipt().entry.to_string(), &{ receipt().entry.to_string().to_uppercase() });
    for other in [format!("{text}more\n"), text.replace("\n1", "\n+1"), capital, text[1..].into()] {
        assert_eq!(Receipt::parse(&other), Err(ReceiptError::Form), "{other}");
    }
}
