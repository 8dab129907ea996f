//! Slot pairs: a slot that holds a key pair's private half instead of the root key itself, so that
//! a new root key reaches the slot without the slot's secret.
//!
//! Always true
//! 1. Sealing to a pair needs its public half only; opening needs the slot's own secret. Whoever
//!    knows an old root key opens nothing that was sealed to a pair later.
//! 2. A public half is used only with its binding, which nobody makes without the root key of the
//!    moment: a half that somebody slipped in gets no root key.
//! 3. What was sealed is bound to the instance, the slot's key and the root key's id.
//!
//! The slot file is an ordinary one: the key inside is the slot's, and its `root` line names it.
//!
//! Sources: DHKEM(X25519), RFC 9180, section 4.1, with this crate's HKDF and committing envelope in
//! place of its key schedule. Choice: docs/decisions/0019-rotation-and-shredding.md.

use aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, X25519, agree};
use domain::{Entropy, InstanceId};
use zeroize::Zeroizing;

use crate::context::{Context, KeyRealm};
use crate::envelope;
use crate::kdf::{self, Info};
use crate::key::{KEY_BYTES, Key, KeyHomes, KeyId, NoRoom};
use crate::root::RootKey;
use crate::slot::SlotError;

/// Bytes of a public half.
pub const PUBLIC_BYTES: usize = 32;

/// What is kept beside a slot, in the key store: no secret, and useless without the slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotPair {
    /// The id of the key in the slot, which the slot file's `root` line names.
    pub slot_key: KeyId,
    /// The public half.
    pub public: [u8; PUBLIC_BYTES],
    /// An ephemeral public half, then the root key in an envelope.
    pub sealed: Vec<u8>,
    /// The public half once more, in an envelope that only the root key's holder makes.
    pub bound: Vec<u8>,
}

impl SlotPair {
    /// The pair of a slot's key, with `root` sealed to it.
    ///
    /// # Errors
    /// [`SlotError::NoRoom`]; [`SlotError::Damaged`] when the library refuses the key.
    pub fn new(
        slot_key: &RootKey,
        instance: InstanceId,
        root: &RootKey,
        homes: &dyn KeyHomes,
        entropy: &dyn Entropy,
    ) -> Result<Self, SlotError> {
        let private = private_half(slot_key)?;
        let public = private.compute_public_key().map_err(|_| SlotError::Damaged)?;
        let public = public.as_ref().try_into().map_err(|_| SlotError::Damaged)?;
        Self::made(slot_key.id(), public, instance, root, homes, entropy)
    }

    /// The same pair with another root key sealed to it: `next` in place of `current`.
    ///
    /// # Errors
    /// [`SlotError::WrongSecret`] when the public half is not bound to `current`; nothing was
    /// sealed then.
    pub fn moved_on(
        &self,
        instance: InstanceId,
        current: &RootKey,
        next: &RootKey,
        homes: &dyn KeyHomes,
        entropy: &dyn Entropy,
    ) -> Result<Self, SlotError> {
        let binding = binding_key(current, homes)?;
        let context = binding_context(instance, self.slot_key);
        let bound = envelope::open(&binding, &context, &self.bound)?;
        if bound.expose() != self.public.as_slice() {
            return Err(SlotError::WrongSecret);
        }
        Self::made(self.slot_key, self.public, instance, next, homes, entropy)
    }

    /// The root key, by the key that the slot gave.
    ///
    /// # Errors
    /// [`SlotError::WrongSecret`] for another slot's key or another root key's id,
    /// [`SlotError::Damaged`], [`SlotError::NoRoom`].
    pub fn open(
        &self,
        slot_key: &RootKey,
        instance: InstanceId,
        root: KeyId,
        homes: &dyn KeyHomes,
    ) -> Result<RootKey, SlotError> {
        if slot_key.id() != self.slot_key {
            return Err(SlotError::WrongSecret);
        }
        let (ephemeral, sealed) =
            self.sealed.split_first_chunk::<PUBLIC_BYTES>().ok_or(SlotError::Damaged)?;
        let private = private_half(slot_key)?;
        let key = shared_key(&private, ephemeral, [ephemeral, &self.public], homes)?;
        let opened = envelope::open(&key, &context(instance, root), sealed)?;
        let bytes: &[u8; KEY_BYTES] = opened.expose().try_into().map_err(|_| SlotError::Damaged)?;
        let mut copy = Zeroizing::new(*bytes);
        let opened = RootKey::new(Key::moved(homes, &mut copy)?);
        if opened.id() == root { Ok(opened) } else { Err(SlotError::Damaged) }
    }

    fn made(
        slot_key: KeyId,
        public: [u8; PUBLIC_BYTES],
        instance: InstanceId,
        root: &RootKey,
        homes: &dyn KeyHomes,
        entropy: &dyn Entropy,
    ) -> Result<Self, SlotError> {
        let mut seed = Zeroizing::new([0u8; KEY_BYTES]);
        entropy.fill(seed.as_mut_slice());
        let private = PrivateKey::from_private_key(&X25519, seed.as_slice())
            .map_err(|_| SlotError::Damaged)?;
        let ephemeral = private.compute_public_key().map_err(|_| SlotError::Damaged)?;
        let ephemeral: [u8; PUBLIC_BYTES] =
            ephemeral.as_ref().try_into().map_err(|_| SlotError::Damaged)?;
        let key = shared_key(&private, &public, [&ephemeral, &public], homes)?;
        let damaged = |_| SlotError::Damaged;
        let context = context(instance, root.id());
        let inner = envelope::seal(&key, slot_key, &context, root.key().bytes(), entropy);
        let sealed = [ephemeral.as_slice(), &inner.map_err(damaged)?].concat();
        let binding = binding_key(root, homes)?;
        let context = binding_context(instance, slot_key);
        let bound = envelope::seal(&binding, slot_key, &context, &public, entropy);
        Ok(Self { slot_key, public, sealed, bound: bound.map_err(damaged)? })
    }
}

fn private_half(slot_key: &RootKey) -> Result<PrivateKey, SlotError> {
    let mut seed = Zeroizing::new([0u8; KEY_BYTES]);
    let info = Info::new("casemate.v1 slot pair");
    kdf::expand(slot_key.key().bytes(), &info, seed.as_mut_slice());
    PrivateKey::from_private_key(&X25519, seed.as_slice()).map_err(|_| SlotError::Damaged)
}

/// What both sides agree on, mixed with both public halves.
fn shared_key(
    private: &PrivateKey,
    peer: &[u8; PUBLIC_BYTES],
    halves: [&[u8; PUBLIC_BYTES]; 2],
    homes: &dyn KeyHomes,
) -> Result<Key, SlotError> {
    let peer = UnparsedPublicKey::new(&X25519, peer.as_slice());
    let mut home = homes.home()?;
    let info = Info::new("casemate.v1 slot pair key");
    // A point of small order gives no agreement, and so no key.
    agree(private, peer, SlotError::Damaged, |shared| {
        kdf::extract_and_expand(
            &halves.map(|half| *half).concat(),
            shared,
            &info,
            home.bytes_mut(),
        );
        Ok(())
    })?;
    Ok(Key::held_in(home))
}

fn binding_key(root: &RootKey, homes: &dyn KeyHomes) -> Result<Key, NoRoom> {
    let mut home = homes.home()?;
    let info = Info::new("casemate.v1 slot pair binding");
    kdf::expand(root.key().bytes(), &info, home.bytes_mut());
    Ok(Key::held_in(home))
}

/// The slot's own key is named in the envelope's header, which is bound as well.
const fn context(instance: InstanceId, root: KeyId) -> Context<'static> {
    Context {
        instance,
        realm: KeyRealm::Platform,
        kind: "paired_root_key",
        record: root.to_bytes(),
        version: 1,
    }
}

const fn binding_context(instance: InstanceId, slot_key: KeyId) -> Context<'static> {
    Context {
        instance,
        realm: KeyRealm::Platform,
        kind: "slot_pair",
        record: slot_key.to_bytes(),
        version: 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HeapHomes, SystemEntropy};

    fn key(byte: u8) -> RootKey {
        RootKey::new(Key::moved(&HeapHomes, &mut [byte; KEY_BYTES]).ok().unwrap())
    }

    fn instance(number: u128) -> InstanceId {
        InstanceId::from(uuid::Uuid::from_u128(number))
    }

    fn pair(slot: u8, root: u8) -> SlotPair {
        SlotPair::new(&key(slot), instance(1), &key(root), &HeapHomes, &SystemEntropy).unwrap()
    }

    fn open(pair: &SlotPair, slot: u8, root: u8) -> Result<KeyId, SlotError> {
        let opened = pair.open(&key(slot), instance(1), key(root).id(), &HeapHomes);
        opened.map(|root| root.id())
    }

    fn moved(pair: &SlotPair, from: u8, to: u8) -> Result<SlotPair, SlotError> {
        pair.moved_on(instance(1), &key(from), &key(to), &HeapHomes, &SystemEntropy)
    }

    #[test]
    fn a_new_root_key_reaches_a_slot_without_the_slots_secret() {
        let first = pair(7, 1);
        assert_eq!(open(&first, 7, 1), Ok(key(1).id()));
        let second = moved(&first, 1, 2).unwrap();
        assert_eq!(open(&second, 7, 2), Ok(key(2).id()));
        let third = moved(&second, 2, 3).unwrap();
        assert_eq!(open(&third, 7, 3), Ok(key(3).id()));
        assert_eq!((second.slot_key, second.public), (first.slot_key, first.public));
    }

    #[test]
    fn an_old_root_key_opens_nothing_of_the_next_one() {
        let second = moved(&pair(7, 1), 1, 2).unwrap();
        for other in [1, 2, 3] {
            assert_eq!(open(&second, other, 2), Err(SlotError::WrongSecret));
        }
        // Even as the slot's key, under the slot's name, it is another private half.
        let forged = SlotPair { slot_key: key(1).id(), ..second };
        assert_eq!(open(&forged, 1, 2), Err(SlotError::WrongSecret));
    }

    #[test]
    fn a_public_half_that_was_slipped_in_gets_no_root_key() {
        let ours = pair(7, 1);
        let theirs = pair(8, 9);
        let swapped = SlotPair { public: theirs.public, ..ours.clone() };
        assert_eq!(moved(&swapped, 1, 2).err(), Some(SlotError::WrongSecret));
        let bound_elsewhere = SlotPair { bound: theirs.bound.clone(), ..swapped };
        assert_eq!(moved(&bound_elsewhere, 1, 2).err(), Some(SlotError::WrongSecret));
        assert_eq!(moved(&theirs, 1, 2).err(), Some(SlotError::WrongSecret));
        assert!(moved(&ours, 1, 2).is_ok());
    }

    #[test]
    fn every_flip_and_every_truncation_opens_nothing() {
        let whole = pair(7, 1);
        for at in 0..whole.sealed.len() {
            let mut flipped = whole.clone();
            flipped.sealed[at] ^= 1;
            assert!(open(&flipped, 7, 1).is_err(), "byte {at}");
            let mut short = whole.clone();
            short.sealed.truncate(at);
            assert!(open(&short, 7, 1).is_err(), "{at} bytes");
        }
        for at in 0..whole.bound.len() {
            let mut flipped = whole.clone();
            flipped.bound[at] ^= 1;
            assert!(moved(&flipped, 1, 2).is_err(), "byte {at}");
        }
        let elsewhere = whole.open(&key(7), instance(2), key(1).id(), &HeapHomes);
        assert!(elsewhere.is_err());
        assert!(open(&whole, 7, 2).is_err(), "another root key's id was believed");
    }

    #[test]
    fn points_of_small_order_agree_on_nothing() {
        let zero = SlotPair { public: [0; PUBLIC_BYTES], ..pair(7, 1) };
        let made = SlotPair::made(
            zero.slot_key,
            zero.public,
            instance(1),
            &key(2),
            &HeapHomes,
            &SystemEntropy,
        );
        assert_eq!(made.err(), Some(SlotError::Damaged));
    }
}
