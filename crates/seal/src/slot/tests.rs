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

fn identities(file: &[u8]) -> AgeIdentities {
    AgeIdentities::read(&Exposed::copy_of(file)).ok().unwrap()
}

/// A new identity's file, and its public string.
fn new_identity() -> (Vec<u8>, AgeRecipient) {
    let identity = ::age::x25519::Identity::generate();
    let public = identity.to_public().to_string().parse().unwrap();
    let secret = ::age::secrecy::ExposeSecret::expose_secret(&identity.to_string()).to_owned();
    (format!("# public: {}\n{secret}\n", identity.to_public()).into_bytes(), public)
}

/// Hands `check` a making for a root key.
fn making<T>(check: impl FnOnce(&Making<'_>) -> T) -> T {
    let instance = InstanceId::from(Uuid::from_u128(5));
    check(&Making { instance, root: &root(), homes: &HeapHomes, entropy: &SystemEntropy })
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// One way of each kind that keeps its wrapping key elsewhere.
fn elsewhere() -> [Way; 4] {
    [
        Way::Credential { name: name("casemate-root") },
        Way::Kms {
            address: name("https://kms.example.org:8200"),
            mount: name("transit"),
            key: name("casemate"),
            wrapped: name("vault:v1:AAAA"),
        },
        Way::Pkcs11 { token: name("a token"), key: name("casemate"), wrapped: vec![7; 60] },
        Way::Tpm { public: vec![1; 80], private: vec![2; 180] },
    ]
}

fn numbers(shares: &[Share], chosen: &[u8]) -> Shares {
    let texts = chosen.iter().map(|number| shares[usize::from(*number) - 1].text());
    Shares::new(texts.map(|text| Share::parse(text.expose()).ok().unwrap()).collect())
}

fn split(threshold: u8, count: u8) -> Split {
    Split::new(threshold, count).unwrap()
}

#[test]
fn an_age_identity_opens_what_was_closed_with_its_public_string_alone() {
    let (file, public) = new_identity();
    let slot = making(|making| Slot::close_for_age(public, making)).unwrap();
    let read = Slot::parse(&slot.to_string()).unwrap();
    let opened = read.open(&SlotSecret::Age(&identities(&file)), &HeapHomes).ok().unwrap();
    assert_eq!(opened.id(), root().id());
    let (stranger, _) = new_identity();
    let strange = identities(&stranger);
    assert_eq!(outcome(&slot, &SlotSecret::Age(&strange)), Some(SlotError::WrongSecret));
    let both = identities(&[stranger, file].concat());
    assert_eq!(outcome(&slot, &SlotSecret::Age(&both)), None, "any identity of the file");
}

#[test]
fn identities_and_recipients_of_other_forms_are_refused() {
    let read = |bytes: &[u8]| AgeIdentities::read(&Exposed::copy_of(bytes)).err();
    for other in [&b""[..], b"# only a comment\n", b"AGE-SECRET-KEY-1", b"\xff", b"age1abc\n"] {
        assert_eq!(read(other), Some(NotAnIdentity));
    }
    let many = new_identity().0.repeat(17);
    assert_eq!(read(&many), Some(NotAnIdentity), "a file of many would be tried for long");
    let (_, public) = new_identity();
    let capitals = public.as_str().to_uppercase();
    for other in ["", "age1", "ssh-ed25519 AAAA", &capitals, "age1yubikey1qqqq"] {
        assert_eq!(other.parse::<AgeRecipient>(), Err(NotARecipient), "{other}");
    }
}

#[test]
fn a_wrapping_key_kept_elsewhere_opens_its_own_kind_alone() {
    let (right, wrong) = (key(1), key(2));
    for way in elsewhere() {
        let kind = way.kind();
        let slot = making(|making| Slot::close_elsewhere(way, &right, making)).unwrap();
        let read = Slot::parse(&slot.to_string()).unwrap();
        assert_eq!(read, slot);
        let opened = read.open(&SlotSecret::Wrapping(kind, &right), &HeapHomes).ok().unwrap();
        assert_eq!(opened.id(), root().id());
        let refused = outcome(&read, &SlotSecret::Wrapping(kind, &wrong));
        assert_eq!(refused, Some(SlotError::WrongSecret), "{kind:?}");
        assert_eq!(outcome(&read, &SlotSecret::KeyFile(&right)), Some(SlotError::OtherKind));
        for other in Kind::ALL.into_iter().filter(|other| *other != kind) {
            let refused = outcome(&read, &SlotSecret::Wrapping(other, &right));
            assert_eq!(refused, Some(SlotError::OtherKind), "{kind:?} as {other:?}");
        }
    }
    let here = making(|making| Slot::close_elsewhere(Way::KeyFile, &right, making));
    assert_eq!(here.err(), Some(SlotError::OtherKind));
}

#[test]
fn enough_shares_open_and_too_few_repeated_mixed_and_wrong_ones_are_told_apart() {
    let (slot, shares) = making(|making| Slot::close_for_shares(split(3, 5), making)).unwrap();
    let (twin, others) = making(|making| Slot::close_for_shares(split(3, 5), making)).unwrap();
    let tried = |chosen: &Shares| outcome(&slot, &SlotSecret::Shamir(chosen));
    let told = |error| Some(SlotError::Shares(error));
    for chosen in [&[1, 2, 3][..], &[5, 1, 3], &[2, 3, 4, 5], &[5, 4, 3, 2, 1]] {
        assert_eq!(tried(&numbers(&shares, chosen)), None, "{chosen:?}");
    }
    for chosen in [&[][..], &[4], &[1, 5]] {
        let given = u8::try_from(chosen.len()).unwrap();
        let few = ShareSetError::TooFew { given, needed: 3 };
        assert_eq!(tried(&numbers(&shares, chosen)), told(few));
    }
    assert_eq!(tried(&numbers(&shares, &[1, 2, 2])), told(ShareSetError::Repeated(2)));
    assert_eq!(tried(&numbers(&others, &[1, 2, 3])), told(ShareSetError::OtherSlot));
    assert_eq!(outcome(&twin, &SlotSecret::Shamir(&numbers(&others, &[1, 2, 3]))), None);
    let mut mixed = numbers(&shares, &[1, 2]);
    mixed.add(numbers(&others, &[3]));
    assert_eq!(tried(&mixed), told(ShareSetError::Mixed));
}

#[test]
fn a_forged_share_does_not_open_and_is_noticed_among_more_than_enough() {
    let (slot, shares) = making(|making| Slot::close_for_shares(split(2, 4), making)).unwrap();
    let forged = |chosen: &[u8]| {
        let mut set = numbers(&shares, chosen);
        set.forge();
        outcome(&slot, &SlotSecret::Shamir(&set))
    };
    assert_eq!(forged(&[1, 2]), Some(SlotError::WrongSecret));
    let contradicting = Some(SlotError::Shares(ShareSetError::Contradicting));
    assert_eq!(forged(&[1, 2, 3]), contradicting);
    assert_eq!(forged(&[4, 3, 2, 1]), contradicting);
}

#[test]
fn a_threshold_below_two_above_the_shares_or_above_sixteen_is_refused() {
    for threshold in 0..=u8::MAX {
        for count in 0..=u8::MAX {
            let sound = threshold >= 2 && threshold <= count && count <= 16;
            assert_eq!(Split::new(threshold, count).is_ok(), sound, "{threshold} of {count}");
        }
    }
}

#[test]
fn every_mistyped_symbol_and_every_truncation_of_a_share_is_noticed() {
    let (_, shares) = making(|making| Slot::close_for_shares(split(2, 2), making)).unwrap();
    let text = shares[0].text().expose().to_vec();
    assert_eq!(text.len(), 88 + 21, "22 groups of four");
    for end in 0..text.len() {
        assert_eq!(Share::parse(&text[..end]).err(), Some(ShareError::Length));
    }
    assert_eq!(Share::parse(&[&text[..], b"0"].concat()).err(), Some(ShareError::Length));
    for place in (0..text.len()).filter(|place| text[*place] != b'-') {
        for symbol in b"0123456789ABCDEFGHJKMNPQRSTVWXYZ" {
            let mut typed = text.clone();
            if std::mem::replace(&mut typed[place], *symbol) != *symbol {
                assert_eq!(Share::parse(&typed).err(), Some(ShareError::Checksum));
            }
        }
        let mut typed = text.clone();
        typed[place] = b'U';
        assert_eq!(Share::parse(&typed).err(), Some(ShareError::Symbol));
    }
    let lower = text.to_ascii_lowercase();
    assert_eq!(Share::parse(&lower).ok().unwrap().number(), 1, "case does not matter");
}

#[test]
fn every_changed_character_and_truncation_of_each_newer_kind_is_refused_or_does_not_open() {
    let (file, public) = new_identity();
    let (wrapping, file) = (key(1), identities(&file));
    let (shared, shares) = making(|making| Slot::close_for_shares(split(2, 3), making)).unwrap();
    let shares = numbers(&shares, &[1, 3]);
    let aged = making(|making| Slot::close_for_age(public, making)).unwrap();
    let mut all = vec![(shared, SlotSecret::Shamir(&shares)), (aged, SlotSecret::Age(&file))];
    for way in elsewhere() {
        let kind = way.kind();
        let slot = making(|making| Slot::close_elsewhere(way, &wrapping, making)).unwrap();
        all.push((slot, SlotSecret::Wrapping(kind, &wrapping)));
    }
    for (slot, secret) in all {
        let text = slot.to_string();
        assert!(text.starts_with("casemate slot 2\n"));
        assert!(text.len() < SLOT_FILE_BYTES_MAX);
        for end in 0..text.len() {
            assert_eq!(Slot::parse(&text[..end]), Err(SlotError::NotASlot), "{end} bytes");
        }
        for (place, bit) in (0..text.len()).flat_map(|place| (0..8).map(move |bit| (place, bit))) {
            let mut bytes = text.clone().into_bytes();
            bytes[place] ^= 1 << bit;
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            match Slot::parse(&changed) {
                Ok(read) => {
                    assert_eq!(read.to_string(), changed, "one slot, one spelling");
                    assert!(is_told(outcome(&read, &secret)), "{changed}");
                }
                Err(SlotError::NewerFormat) => assert!(place < 16 || changed.contains("sealed ")),
                Err(error) => assert_eq!(error, SlotError::NotASlot),
            }
        }
    }
}

/// What a changed slot may say: that the key is not its own, or that it is damaged. Never that it
/// opened.
fn is_told(outcome: Option<SlotError>) -> bool {
    matches!(
        outcome,
        Some(
            SlotError::WrongSecret
                | SlotError::Damaged
                | SlotError::OtherKind
                | SlotError::NewerFormat
                | SlotError::NotASlot
                | SlotError::Shares(ShareSetError::OtherSlot)
        )
    )
}

#[test]
fn a_slot_of_a_newer_release_says_so() {
    let text = close(&SlotSecret::KeyFile(&key(1))).to_string();
    let newer = text.replace("casemate slot 1", "casemate slot 3");
    assert_eq!(Slot::parse(&newer), Err(SlotError::NewerFormat));
    for other in ["casemate slot 0", "casemate slot 2", "casemate slot 01", "casemate slot +1"] {
        let other = text.replace("casemate slot 1", other);
        assert_eq!(Slot::parse(&other), Err(SlotError::NotASlot));
    }
}

proptest! {
    #[test]
    fn any_text_is_a_slot_in_its_one_spelling_or_an_error(
        lines in proptest::collection::vec(
            "(casemate slot [12]|kind (recovery|key-file|shamir|kms|tpm)|id [0-9a-f]{32}|instance [0-9a-f-]{36}|\
              root [0-9a-f]{32}|cost 0 0 0|shares 2 of 3|key a|salt [0-9a-f]{64}|\
              sealed [A-Za-z0-9+/]{0,40}|.{0,20})",
            0..10,
        ),
    ) {
        let text = lines.join("\n");
        if let Ok(slot) = Slot::parse(&text) {
            prop_assert_eq!(slot.to_string(), text);
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_share_with_one_text_or_a_named_error(
        typed in proptest::collection::vec(any::<u8>(), 0..120),
    ) {
        if let Ok(share) = Share::parse(&typed) {
            prop_assert!(Share::parse(share.text().expose()).is_ok());
        }
    }
}
