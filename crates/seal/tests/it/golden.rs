//! Bytes that an earlier release wrote must open for ever. The files are never regenerated: a
//! format that changes gets a new number and a new file beside these.

use data_encoding::BASE64;
use domain::{Entropy, InstanceId, TenantId};
use seal::key::KEY_BYTES;
use seal::root::SEED_BYTES;
use seal::{
    Context, Exposed, FileLock, HeapHomes, Key, KeyHomes, KeyId, KeyRealm, OpenError, RecoveryCode,
    RootKey, Slot, SlotSecret, open_file,
    slot::{AgeIdentities, Kind, Shares},
};
use uuid::Uuid;

const WRAPPED_KEY: &str = include_str!("../../testdata/wrapped_key.v1.b64");
const ENVELOPE: &str = include_str!("../../testdata/envelope.v1.b64");
const KEY_FILE_SLOT: &str = include_str!("../../testdata/key-file.v1.slot");
const PASSPHRASE_SLOT: &str = include_str!("../../testdata/passphrase.v1.slot");
const RECOVERY_SLOT: &str = include_str!("../../testdata/recovery.v1.slot");
const AGE_SLOT: &str = include_str!("../../testdata/age.v2.slot");
const AGE_IDENTITY: &str = include_str!("../../testdata/age-identity.txt");
const SHAMIR_SLOT: &str = include_str!("../../testdata/shamir.v2.slot");
const SHARES: &str = include_str!("../../testdata/shares.v1.txt");
const ELSEWHERE_SLOTS: [(Kind, &str); 4] = [
    (Kind::Credential, include_str!("../../testdata/credential.v2.slot")),
    (Kind::Kms, include_str!("../../testdata/kms.v2.slot")),
    (Kind::Pkcs11, include_str!("../../testdata/pkcs11.v2.slot")),
    (Kind::Tpm, include_str!("../../testdata/tpm.v2.slot")),
];
const SEALED_FILE: &str = include_str!("../../testdata/file.v1.b64");
const RECOVERY_CODE: &str = include_str!("../../testdata/recovery-code.v1.txt");
const VALUE: &str = "sealed by format 1, and readable for ever";
const PASSPHRASE: &[u8] = b"golden passphrase";

/// The same bytes at every call: the golden files were made with it.
struct Counting;

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for (byte, number) in bytes.iter_mut().zip(1u8..) {
            *byte = number;
        }
    }
}

fn key(byte: u8) -> Key {
    let mut home = HeapHomes.home().ok().unwrap();
    home.bytes_mut().copy_from_slice(&[byte; KEY_BYTES]);
    Key::held_in(home)
}

fn instance() -> InstanceId {
    InstanceId::from(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001))
}

fn tenant() -> KeyRealm {
    KeyRealm::Tenant(TenantId::from(Uuid::from_u128(2)))
}

fn context() -> Context<'static> {
    Context {
        instance: instance(),
        realm: tenant(),
        kind: "secret_value",
        record: [3; 16],
        version: 4,
    }
}

fn bytes(file: &str) -> Vec<u8> {
    BASE64.decode(file.trim_end().as_bytes()).unwrap()
}

#[test]
fn a_value_sealed_by_format_1_opens_from_the_root_key_down() {
    let root = RootKey::new(key(0x11));
    let wrapping = root.wrapping_key(instance(), tenant(), 1, &[0x22; SEED_BYTES], &HeapHomes);
    let id = KeyId::parse("0102030405060708090a0b0c0d0e0f10").unwrap();
    let data_key = wrapping.ok().unwrap().unwrap(id, &bytes(WRAPPED_KEY), &HeapHomes).ok().unwrap();
    let opened = data_key.open(&context(), &bytes(ENVELOPE)).ok().unwrap();
    assert_eq!(opened.expose_text(), Some(VALUE));
    let older = Context { version: 3, ..context() };
    assert_eq!(data_key.open(&older, &bytes(ENVELOPE)).err(), Some(OpenError::NotThisRecord));
}

#[test]
fn sealing_the_golden_value_again_gives_the_golden_bytes() {
    let root = RootKey::new(key(0x11));
    let wrapping = root.wrapping_key(instance(), tenant(), 1, &[0x22; SEED_BYTES], &HeapHomes);
    let data_key = seal::DataKey::random(&HeapHomes, &Counting).ok().unwrap();
    let wrapped = wrapping.ok().unwrap().wrap(&data_key, &Counting).unwrap();
    assert_eq!(BASE64.encode(&wrapped), WRAPPED_KEY.trim_end());
    let sealed = data_key.seal(&context(), VALUE.as_bytes(), &Counting).unwrap();
    assert_eq!(BASE64.encode(&sealed), ENVELOPE.trim_end());
}

#[test]
fn slots_of_format_1_open() {
    let file_key = key(0x33);
    let passphrase = Exposed::copy_of(PASSPHRASE);
    let code = RecoveryCode::parse(&Exposed::copy_of(RECOVERY_CODE.as_bytes())).ok().unwrap();
    let root = RootKey::new(key(0x11)).id();
    for (file, secret) in [
        (KEY_FILE_SLOT, SlotSecret::KeyFile(&file_key)),
        (PASSPHRASE_SLOT, SlotSecret::Passphrase(&passphrase)),
        (RECOVERY_SLOT, SlotSecret::Recovery(&code)),
    ] {
        let slot = Slot::parse(file).unwrap();
        assert_eq!(slot.instance(), instance());
        assert_eq!(slot.open(&secret, &HeapHomes).ok().unwrap().id(), root);
    }
}

#[test]
fn slots_of_format_2_open() {
    let root = RootKey::new(key(0x11)).id();
    let identities = AgeIdentities::read(&Exposed::copy_of(AGE_IDENTITY.as_bytes())).ok().unwrap();
    let shares = Shares::read(&Exposed::copy_of(SHARES.as_bytes())).ok().unwrap();
    let wrapping = key(0x55);
    let elsewhere =
        ELSEWHERE_SLOTS.map(|(kind, file)| (file, SlotSecret::Wrapping(kind, &wrapping)));
    let with_people =
        [(AGE_SLOT, SlotSecret::Age(&identities)), (SHAMIR_SLOT, SlotSecret::Shamir(&shares))];
    for (file, secret) in with_people.into_iter().chain(elsewhere) {
        let slot = Slot::parse(file).unwrap();
        assert_eq!(slot.instance(), instance());
        assert_eq!(slot.open(&secret, &HeapHomes).ok().unwrap().id(), root);
    }
}

#[test]
fn a_sealed_file_of_format_1_opens() {
    let opened = open_file(&FileLock::Key(&key(0x44)), "golden", &bytes(SEALED_FILE)).ok().unwrap();
    assert_eq!(opened.expose_text(), Some(VALUE));
}
