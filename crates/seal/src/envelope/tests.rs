//! The envelope under attack: every byte, every length, every other context, and two keys for one
//! ciphertext.

use domain::{InstanceId, TenantId, UserId};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::context::KeyRealm;
use crate::{HeapHomes, SystemEntropy};

fn key(byte: u8) -> Key {
    Key::moved(&HeapHomes, &mut [byte; KEY_BYTES]).ok().unwrap()
}

fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn context() -> Context<'static> {
    Context {
        instance: InstanceId::from(uuid(1)),
        realm: KeyRealm::Tenant(TenantId::from(uuid(2))),
        kind: "secret_value",
        record: uuid(3).into_bytes(),
        version: 7,
    }
}

const KEY_ID: KeyId = KeyId::from_bytes([0xaa; KEY_ID_BYTES]);

fn sealed(value: &[u8]) -> Vec<u8> {
    seal(&key(1), KEY_ID, &context(), value, &SystemEntropy).unwrap()
}

fn check(key: &Key, context: &Context<'_>, envelope: &[u8], expected: OpenError) {
    assert_eq!(open(key, context, envelope).err(), Some(expected), "{context:?}");
}

proptest! {
    #[test]
    fn what_was_sealed_opens(value in proptest::collection::vec(any::<u8>(), 0..10_000)) {
        let envelope = sealed(&value);
        prop_assert_eq!(key_id(&envelope), Ok(KEY_ID));
        let opened = open(&key(1), &context(), &envelope).ok().unwrap();
        prop_assert_eq!(opened.expose(), value.as_slice());
    }

    #[test]
    fn any_bytes_are_an_error_and_never_a_value(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        with_a_real_header in any::<bool>(),
    ) {
        let head = if with_a_real_header { sealed(b"")[..6].to_vec() } else { Vec::new() };
        let bytes = [head, bytes].concat();
        prop_assert!(open(&key(1), &context(), &bytes).is_err());
        let _ = key_id(&bytes);
    }

    #[test]
    fn any_spliced_envelope_is_an_error(
        at in 0usize..134,
        bytes in proptest::collection::vec(any::<u8>(), 1..40),
    ) {
        let envelope = sealed(b"splice me");
        let mut spliced = envelope.clone();
        let end = (at + bytes.len()).min(spliced.len());
        spliced.splice(at..end, bytes);
        prop_assume!(spliced != envelope);
        prop_assert!(open(&key(1), &context(), &spliced).is_err());
    }
}

#[test]
fn the_same_value_never_gives_the_same_bytes() {
    let (one, other) = (sealed(b"value"), sealed(b"value"));
    assert_ne!(one[HEADER_BYTES..], other[HEADER_BYTES..]);
}

#[test]
fn values_of_one_bucket_have_envelopes_of_one_length() {
    let lengths: Vec<_> = [0, 1, 20, 31].map(|length| sealed(&vec![7; length]).len()).to_vec();
    assert!(lengths.iter().all(|length| *length == OVERHEAD_BYTES + 32), "{lengths:?}");
    assert_eq!(sealed(&[7; 32]).len(), OVERHEAD_BYTES + 64);
}

#[test]
fn a_value_above_the_limit_is_refused() {
    let largest = vec![0x80; VALUE_BYTES_MAX];
    assert!(open(&key(1), &context(), &sealed(&largest)).is_ok());
    let larger = vec![0; VALUE_BYTES_MAX + 1];
    let refused = seal(&key(1), KEY_ID, &context(), &larger, &SystemEntropy);
    assert_eq!(refused, Err(SealError::TooLarge));
}

#[test]
fn every_flipped_bit_fails_with_the_right_reason() {
    let envelope = sealed(b"postgres://app:hunter2@db/app");
    let body_at = HEADER_BYTES + SALT_BYTES + COMMITMENT_BYTES;
    for place in 0..envelope.len() {
        let expected = match place {
            0..4 => OpenError::NotAnEnvelope,
            4..6 => OpenError::NewerFormat,
            place if place < body_at => OpenError::NotThisRecord,
            _ => OpenError::Damaged,
        };
        for bit in 0..8 {
            let mut changed = envelope.clone();
            changed[place] ^= 1 << bit;
            check(&key(1), &context(), &changed, expected);
        }
    }
}

#[test]
fn every_truncation_and_extension_is_no_envelope() {
    let envelope = sealed(&[9; 100]);
    for end in 0..envelope.len() {
        let reason = open(&key(1), &context(), &envelope[..end]).err().unwrap();
        let padded = padding::is_padded_length(end.saturating_sub(OVERHEAD_BYTES));
        // Cut to a length that is a bucket of its own, it looks like a shorter envelope; the tag
        // tells.
        let expected = if padded { OpenError::Damaged } else { OpenError::NotAnEnvelope };
        assert_eq!(reason, expected, "{end} bytes");
    }
    for more in 1..64 {
        let longer = [envelope.as_slice(), &vec![0; more]].concat();
        check(&key(1), &context(), &longer, OpenError::NotAnEnvelope);
    }
}

/// Two of everything; an envelope opens for exactly the combination that sealed it.
#[test]
fn an_envelope_opens_in_one_cell_of_the_swap_matrix() {
    let instances = [uuid(1), uuid(100)].map(InstanceId::from);
    let realms = [
        KeyRealm::Tenant(TenantId::from(uuid(2))),
        KeyRealm::Tenant(TenantId::from(uuid(200))),
        KeyRealm::Person(UserId::from(uuid(2))),
        KeyRealm::Platform,
    ];
    let kinds = ["secret_value", "secret_valu", ""];
    let records = [uuid(3), uuid(300)];
    let keys = [key(1), key(2)];
    let mut cells = Vec::new();
    for instance in instances {
        for realm in realms {
            for kind in kinds {
                for record in records {
                    for version in [7, 8] {
                        let record = record.into_bytes();
                        cells.push(Context { instance, realm, kind, record, version });
                    }
                }
            }
        }
    }
    let (mut opened, mut refused) = (0, 0);
    for (number, at_sealing) in cells.iter().enumerate() {
        let envelope = seal(&keys[0], KEY_ID, at_sealing, b"v", &SystemEntropy).unwrap();
        for (other, at_opening) in cells.iter().enumerate() {
            for (which, key) in keys.iter().enumerate() {
                if number == other && which == 0 {
                    assert!(open(key, at_opening, &envelope).is_ok());
                    opened += 1;
                } else {
                    check(key, at_opening, &envelope, OpenError::NotThisRecord);
                    refused += 1;
                }
            }
        }
    }
    assert_eq!((opened, refused), (cells.len(), cells.len() * (2 * cells.len() - 1)));
}

#[test]
fn the_key_id_in_the_header_is_bound() {
    let other = KeyId::from_bytes([0xab; KEY_ID_BYTES]);
    let mut envelope = sealed(b"v");
    envelope[6..22].copy_from_slice(&other.to_bytes());
    assert_eq!(key_id(&envelope), Ok(other));
    check(&key(1), &context(), &envelope, OpenError::NotThisRecord);
}

#[test]
fn the_version_in_the_header_cannot_stand_in_for_the_expected_one() {
    let old = seal(&key(1), KEY_ID, &context(), b"old", &SystemEntropy).unwrap();
    let expected = Context { version: 8, ..context() };
    check(&key(1), &expected, &old, OpenError::NotThisRecord);
    let mut renumbered = old;
    renumbered[22..30].copy_from_slice(&8u64.to_be_bytes());
    check(&key(1), &expected, &renumbered, OpenError::NotThisRecord);
}

mod two_keys {
    //! AES-GCM alone lets one ciphertext open under two keys: the attack is built here against the
    //! bare cipher, works, and then fails against the envelope.

    use aes_gcm::aes::Aes256;
    use aes_gcm::aes::cipher::{BlockEncrypt, KeyInit};

    use super::*;

    /// A field element of GHASH: bit 127 of the number is the coefficient of x⁰.
    fn times(a: u128, b: u128) -> u128 {
        let (mut product, mut shifted) = (0, a);
        for bit in (0..128).rev() {
            if b >> bit & 1 == 1 {
                product ^= shifted;
            }
            let carry = shifted & 1 == 1;
            shifted >>= 1;
            if carry {
                shifted ^= 0xe1 << 120;
            }
        }
        product
    }

    /// a^(2^128 - 2).
    fn inverse(a: u128) -> u128 {
        let (mut result, mut power) = (1u128 << 127, a);
        for _ in 0..127 {
            power = times(power, power);
            result = times(result, power);
        }
        result
    }

    fn block(key: &[u8], input: [u8; 16]) -> u128 {
        let mut block = aes_gcm::aes::Block::from(input);
        Aes256::new_from_slice(key).unwrap().encrypt_block(&mut block);
        u128::from_be_bytes(block.into())
    }

    /// The hash key and the mask of the tag.
    fn tag_parts(derived: &Derived) -> (u128, u128) {
        let (key, nonce, _) = derived.split();
        let mut first = [0u8; 16];
        first[..NONCE_BYTES].copy_from_slice(nonce);
        first[15] = 1;
        (block(key, [0; 16]), block(key, first))
    }

    /// Two ciphertext blocks and a tag that both keys accept.
    fn collision(one: &Derived, other: &Derived) -> Vec<u8> {
        let ((h1, e1), (h2, e2)) = (tag_parts(one), tag_parts(other));
        let lengths = 2 * 128u128;
        let chosen = u128::from_be_bytes(*b"chosen by attack");
        let square = |h| times(h, h);
        let cube = |h| times(square(h), h);
        let rest = times(chosen, cube(h1) ^ cube(h2)) ^ times(lengths, h1 ^ h2) ^ e1 ^ e2;
        let second = times(rest, inverse(square(h1) ^ square(h2)));
        let tag = times(chosen, cube(h1)) ^ times(second, square(h1)) ^ times(lengths, h1) ^ e1;
        [chosen, second, tag].map(u128::to_be_bytes).concat()
    }

    fn opens_bare(derived: &Derived, body: &[u8]) -> bool {
        let mut body = body.to_vec();
        derived.cipher().open_in_place(derived.nonce(), Aad::empty(), &mut body).is_ok()
    }

    #[test]
    fn one_ciphertext_that_two_keys_accept_is_no_envelope_of_either() {
        let (one, other) = (key(1), key(2));
        let header = header(KEY_ID, context().version);
        let salt = [0x5a; SALT_BYTES];
        let derived = [&one, &other].map(|key| Derived::new(key, &header, &salt, &context()));
        let body = collision(&derived[0], &derived[1]);
        assert!(opens_bare(&derived[0], &body), "the bare cipher accepts it under the first key");
        assert!(opens_bare(&derived[1], &body), "the bare cipher accepts it under the second key");

        for committed in 0..2 {
            let commitment = derived[committed].commitment();
            let envelope = [&header[..], &salt, commitment, &body].concat();
            let keys = [&one, &other];
            let stranger = keys[1 - committed];
            check(stranger, &context(), &envelope, OpenError::NotThisRecord);
        }
    }
}
