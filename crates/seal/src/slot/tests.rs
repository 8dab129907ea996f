//! Slots under attack: wrong secrets, changed lines, other spellings.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{HeapHomes, SystemEntropy};

fn key(byte: u8) -> Key {
    Key::moved(&HeapHomes, &mut [byte; KEY_BYTES]).ok().unwrap()
}

fn root() -> RootKey {
    RootKey::new(key(9))
}

fn close(secret: &SlotSecret<'_>) -> Slot {
    let instance = InstanceId::from(Uuid::from_u128(5));
    Slot::close(secret, instance, &root(), &HeapHomes, &SystemEntropy).unwrap()
}

fn outcome(slot: &Slot, secret: &SlotSecret<'_>) -> Option<SlotError> {
    slot.open(secret, &HeapHomes).err()
}

#[test]
fn each_kind_of_slot_gives_the_root_key_back_from_its_file() {
    let (file, code) = (key(1), RecoveryCode::random(&SystemEntropy));
    let passphrase = Exposed::copy_of("trüffel unter dem bett".as_bytes());
    for secret in [
        SlotSecret::KeyFile(&file),
        SlotSecret::Passphrase(&passphrase),
        SlotSecret::Recovery(&code),
    ] {
        let slot = close(&secret);
        let read = Slot::parse(&slot.to_string()).unwrap();
        assert_eq!(read, slot);
        assert_eq!(read.open(&secret, &HeapHomes).ok().unwrap().id(), root().id());
        assert_eq!(slot.root(), root().id());
    }
}

#[test]
fn a_wrong_secret_is_told_from_a_wrong_kind_and_from_damage() {
    let (right, wrong) = (key(1), key(2));
    let slot = close(&SlotSecret::KeyFile(&right));
    assert_eq!(outcome(&slot, &SlotSecret::KeyFile(&wrong)), Some(SlotError::WrongSecret));
    let code = RecoveryCode::random(&SystemEntropy);
    assert_eq!(outcome(&slot, &SlotSecret::Recovery(&code)), Some(SlotError::OtherKind));
    let mut damaged = slot.clone();
    *damaged.sealed.last_mut().unwrap() ^= 1;
    assert_eq!(outcome(&damaged, &SlotSecret::KeyFile(&right)), Some(SlotError::Damaged));

    let recovery = close(&SlotSecret::Recovery(&code));
    let other = RecoveryCode::random(&SystemEntropy);
    assert_eq!(outcome(&recovery, &SlotSecret::Recovery(&other)), Some(SlotError::WrongSecret));
}

#[test]
fn a_wrong_passphrase_and_a_cheapened_cost_do_not_open() {
    let right = Exposed::copy_of(b"correct horse battery");
    let slot = close(&SlotSecret::Passphrase(&right));
    let wrong = Exposed::copy_of(b"correct horse batterx");
    assert_eq!(outcome(&slot, &SlotSecret::Passphrase(&wrong)), Some(SlotError::WrongSecret));
    let cheaper = slot.to_string().replace("cost 65536 3 4", "cost 19456 2 1");
    let cheaper = Slot::parse(&cheaper).unwrap();
    assert_eq!(outcome(&cheaper, &SlotSecret::Passphrase(&right)), Some(SlotError::WrongSecret));
    for outside in ["cost 8 1 1", "cost 4294967295 3 4", "cost 65536 17 4", "cost 0 0 0"] {
        let planted = slot.to_string().replace("cost 65536 3 4", outside);
        assert_eq!(Slot::parse(&planted), Err(SlotError::NotASlot), "{outside}");
    }
}

#[test]
fn every_changed_character_is_refused_or_does_not_open() {
    let right = key(1);
    let text = close(&SlotSecret::KeyFile(&right)).to_string();
    for place in 0..text.len() {
        for with in [b'0', b'a', b'Z', b' ', b'\n'] {
            let mut bytes = text.clone().into_bytes();
            if bytes[place] == with {
                continue;
            }
            bytes[place] = with;
            let changed = String::from_utf8(bytes).unwrap();
            if let Ok(slot) = Slot::parse(&changed) {
                assert!(outcome(&slot, &SlotSecret::KeyFile(&right)).is_some(), "{changed}");
                assert_eq!(slot.to_string(), changed, "one slot, one spelling");
            }
        }
    }
}

#[test]
fn every_truncation_and_every_extra_is_refused() {
    let text = close(&SlotSecret::KeyFile(&key(1))).to_string();
    for end in 0..text.len() {
        assert!(Slot::parse(&text[..end]).is_err(), "{end} bytes");
    }
    for extra in ["\n", " ", "kind key-file\n", "\0"] {
        assert!(Slot::parse(&format!("{text}{extra}")).is_err());
        assert!(Slot::parse(&format!("{extra}{text}")).is_err());
    }
    assert!(Slot::parse(&text.replace('\n', "\r\n")).is_err());
    assert!(Slot::parse(&" ".repeat(SLOT_FILE_BYTES_MAX + 1)).is_err());
}

#[test]
fn a_slot_of_a_newer_release_says_so() {
    let text = close(&SlotSecret::KeyFile(&key(1))).to_string();
    let newer = text.replace("casemate slot 1", "casemate slot 2");
    assert_eq!(Slot::parse(&newer), Err(SlotError::NewerFormat));
    let older = text.replace("casemate slot 1", "casemate slot 0");
    assert_eq!(Slot::parse(&older), Err(SlotError::NotASlot));
}

proptest! {
    #[test]
    fn any_text_is_a_slot_in_its_one_spelling_or_an_error(
        lines in proptest::collection::vec(
            "(casemate slot 1|kind (recovery|key-file)|id [0-9a-f]{32}|instance [0-9a-f-]{36}|\
              root [0-9a-f]{32}|cost 0 0 0|salt [0-9a-f]{64}|sealed [A-Za-z0-9+/]{0,40}|.{0,20})",
            0..10,
        ),
    ) {
        let text = lines.join("\n");
        if let Ok(slot) = Slot::parse(&text) {
            prop_assert_eq!(slot.to_string(), text);
        }
    }
}
