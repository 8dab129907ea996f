//! The hierarchy: what depends on what, and what no longer opens when a part is gone.

use domain::{InstanceId, TenantId};
use uuid::Uuid;

use super::*;
use crate::{HeapHomes, SystemEntropy};

fn root(byte: u8) -> RootKey {
    RootKey::new(Key::moved(&HeapHomes, &mut [byte; KEY_BYTES]).ok().unwrap())
}

fn instance(number: u128) -> InstanceId {
    InstanceId::from(Uuid::from_u128(number))
}

fn tenant(number: u128) -> KeyRealm {
    KeyRealm::Tenant(TenantId::from(Uuid::from_u128(number)))
}

fn data_key() -> DataKey {
    DataKey::random(&HeapHomes, &SystemEntropy).ok().unwrap()
}

fn wrapping(root: &RootKey, of: InstanceId, realm: KeyRealm, epoch: u32, seed: u8) -> WrappingKey {
    root.wrapping_key(of, realm, epoch, &[seed; SEED_BYTES], &HeapHomes).ok().unwrap()
}

#[test]
fn a_root_key_has_a_stable_name_and_a_check_value_that_differ_from_each_other() {
    assert_eq!(root(1).id(), root(1).id());
    assert_ne!(root(1).id(), root(2).id());
    assert_ne!(root(1).check_value(), root(2).check_value());
    assert_ne!(root(1).id(), root(1).check_value());
}

#[test]
fn a_data_key_unwraps_under_exactly_its_wrapping_key() {
    let key = data_key();
    let own = wrapping(&root(1), instance(1), tenant(1), 1, 1);
    let wrapped = own.wrap(&key, &SystemEntropy).unwrap();
    let back = own.unwrap(key.id(), &wrapped, &HeapHomes).ok().unwrap();
    assert_eq!(back.key().bytes(), key.key().bytes());

    let strangers = [
        wrapping(&root(2), instance(1), tenant(1), 1, 1),
        wrapping(&root(1), instance(2), tenant(1), 1, 1),
        wrapping(&root(1), instance(1), tenant(2), 1, 1),
        wrapping(&root(1), instance(1), KeyRealm::Platform, 1, 1),
        wrapping(&root(1), instance(1), tenant(1), 2, 1),
        wrapping(&root(1), instance(1), tenant(1), 1, 2),
    ];
    for stranger in &strangers {
        let refused = stranger.unwrap(key.id(), &wrapped, &HeapHomes).err();
        assert_eq!(refused, Some(UnwrapError::Open(OpenError::NotThisRecord)));
    }
}

/// Shredding: whoever keeps the root key but lost the seed cannot make the wrapping key again.
#[test]
fn without_its_seed_the_root_key_opens_nothing_of_a_tenant() {
    let key = data_key();
    let mut seed = [0u8; SEED_BYTES];
    domain::Entropy::fill(&SystemEntropy, &mut seed);
    let own = root(1).wrapping_key(instance(1), tenant(1), 1, &seed, &HeapHomes).ok().unwrap();
    let wrapped = own.wrap(&key, &SystemEntropy).unwrap();
    for guess in 0..=255u8 {
        let guessed = wrapping(&root(1), instance(1), tenant(1), 1, guess);
        assert!(guessed.unwrap(key.id(), &wrapped, &HeapHomes).is_err());
    }
}

#[test]
fn a_wrapped_key_under_another_id_does_not_unwrap() {
    let (one, other) = (data_key(), data_key());
    let own = wrapping(&root(1), instance(1), tenant(1), 1, 1);
    let wrapped = own.wrap(&one, &SystemEntropy).unwrap();
    let refused = own.unwrap(other.id(), &wrapped, &HeapHomes).err();
    assert_eq!(refused, Some(UnwrapError::Open(OpenError::NotThisRecord)));
}

#[test]
fn an_envelope_of_another_data_key_is_named_not_tried() {
    let (one, other) = (data_key(), data_key());
    let context = Context {
        instance: instance(1),
        realm: tenant(1),
        kind: "secret_value",
        record: [1; 16],
        version: 1,
    };
    let sealed = one.seal(&context, b"value", &SystemEntropy).unwrap();
    assert_eq!(other.open(&context, &sealed).err(), Some(OpenError::UnknownKey(one.id())));
    assert_eq!(one.open(&context, &sealed).ok().unwrap().expose(), b"value");
}
