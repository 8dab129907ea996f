//! The envelope built a second time from its description alone, with other libraries (RustCrypto).

use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use domain::{InstanceId, TenantId};
use proptest::prelude::*;
use seal::{Context, DataKey, HeapHomes, KeyRealm, OpenError, SystemEntropy};
use uuid::Uuid;

/// `u64` length and bytes of each part.
fn info(parts: &[&[u8]]) -> Vec<u8> {
    let mut info = Vec::new();
    for part in parts {
        info.extend_from_slice(&u64::try_from(part.len()).unwrap().to_be_bytes());
        info.extend_from_slice(part);
    }
    info
}

/// Key, nonce and commitment of one header and salt.
fn derived(key: &DataKey, header: &[u8], salt: &[u8], context: &Context<'_>) -> [u8; 76] {
    let KeyRealm::Tenant(tenant) = context.realm else { panic!("tenants only here") };
    let info = info(&[
        b"casemate.v1 envelope",
        b"AES-256-GCM",
        header,
        salt,
        &context.instance.to_bytes(),
        b"tenant",
        &tenant.to_bytes(),
        context.kind.as_bytes(),
        &context.record,
        &context.version.to_be_bytes(),
    ]);
    let mut prk = [0u8; 64];
    prk[..32].copy_from_slice(key.key().bytes());
    let mut derived = [0u8; 76];
    hkdf::Hkdf::<sha2::Sha512>::from_prk(&prk).unwrap().expand(&info, &mut derived).unwrap();
    derived
}

fn padded(value: &[u8]) -> Vec<u8> {
    let mut length = 32;
    while length < value.len() + 1 {
        length = if length < 4096 { length * 2 } else { length + 4096 };
    }
    let mut padded = value.to_vec();
    padded.push(0x80);
    padded.resize(length, 0);
    padded
}

fn seal_again(key: &DataKey, salt: &[u8; 24], context: &Context<'_>, value: &[u8]) -> Vec<u8> {
    let mut envelope = b"CmEv\x01\x01".to_vec();
    envelope.extend_from_slice(&key.id().to_bytes());
    envelope.extend_from_slice(&context.version.to_be_bytes());
    let derived = derived(key, &envelope, salt, context);
    let cipher = Aes256Gcm::new_from_slice(&derived[..32]).unwrap();
    let body = cipher.encrypt(Nonce::from_slice(&derived[32..44]), padded(value).as_slice());
    envelope.extend_from_slice(salt);
    envelope.extend_from_slice(&derived[44..]);
    envelope.extend_from_slice(&body.unwrap());
    envelope
}

proptest! {
    #[test]
    fn both_implementations_make_and_open_the_same_bytes(
        ids in any::<[u128; 3]>(),
        version in any::<u64>(),
        value in proptest::collection::vec(any::<u8>(), 0..9_000),
    ) {
        let key = DataKey::random(&HeapHomes, &SystemEntropy).ok().unwrap();
        let context = Context {
            instance: InstanceId::from(Uuid::from_u128(ids[0])),
            realm: KeyRealm::Tenant(TenantId::from(Uuid::from_u128(ids[1]))),
            kind: "secret_value",
            record: ids[2].to_be_bytes(),
            version,
        };
        let ours = key.seal(&context, &value, &SystemEntropy).unwrap();
        let salt: [u8; 24] = ours[30..54].try_into().unwrap();
        let again = seal_again(&key, &salt, &context, &value);
        prop_assert_eq!(&ours, &again);
        let opened = key.open(&context, &again).ok().unwrap();
        prop_assert_eq!(opened.expose(), value.as_slice());

        let mut damaged = again;
        *damaged.last_mut().unwrap() ^= 1;
        prop_assert_eq!(key.open(&context, &damaged).err(), Some(OpenError::Damaged));
    }
}

/// The two AES-256-GCM libraries on vectors of the GCM submission to NIST (test cases 13 and 14).
#[test]
fn both_ciphers_give_the_tags_of_the_gcm_submission() {
    use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, UnboundKey};
    for (plain, expected) in [
        (&[][..], "530f8afbc74536b9a963b4f1c4cb738b"),
        (&[0u8; 16][..], "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"),
    ] {
        let expected = data_encoding::HEXLOWER.decode(expected.as_bytes()).unwrap();
        let mut ours = plain.to_vec();
        LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[0; 32]).unwrap())
            .seal_in_place_append_tag(
                aws_lc_rs::aead::Nonce::assume_unique_for_key([0; 12]),
                Aad::empty(),
                &mut ours,
            )
            .unwrap();
        assert_eq!(ours, expected);
        let oracle = Aes256Gcm::new_from_slice(&[0; 32]).unwrap();
        assert_eq!(oracle.encrypt(Nonce::from_slice(&[0; 12]), plain).unwrap(), expected);
    }
}
