//! The key that seals the session, in the Linux kernel's keyring of this user.
//!
//! The persistent keyring survives the end of a login; the user keyring lives as long as the user
//! has a process. Both are emptied at restart, and then the person signs in again. Where the kernel
//! has neither (a container, a sandbox) there is no keyring, and the caller takes another way.

use linux_keyutils::{Key, KeyRing, KeyRingIdentifier};
use seal::Exposed;

/// Bytes of a key.
pub(super) const KEY_BYTES: usize = 32;

/// The key of this description, when the keyring has it.
pub(super) fn find(description: &str) -> Option<Exposed> {
    let bytes = rings().find_map(|ring| ring.search(description).ok()?.read_to_vec().ok())?;
    (bytes.len() == KEY_BYTES).then(|| Exposed::new(bytes))
}

/// Puts a key into the keyring and proves that it can be read back; `false` when there is no
/// working keyring.
pub(super) fn add(description: &str, key: &Exposed) -> bool {
    let kept = |ring: KeyRing| -> Option<Key> {
        let added = ring.add_key(description, key.expose()).ok()?;
        let back = Exposed::new(added.read_to_vec().ok()?);
        back.same_as(key).then_some(added)
    };
    rings().any(|ring| kept(ring).is_some() && find(description).is_some_and(|k| k.same_as(key)))
}

/// Takes the key out of the keyring, if it is there.
pub(super) fn remove(description: &str) {
    for ring in rings() {
        if let Ok(key) = ring.search(description) {
            let _ = key.invalidate();
        }
    }
}

/// The keyrings of this user that can be reached, the longer-lived first. The persistent one is
/// linked to the process keyring, because a key is readable only by who possesses it.
fn rings() -> impl Iterator<Item = KeyRing> {
    let _ = KeyRing::from_special_id(KeyRingIdentifier::Process, true);
    let persistent = KeyRing::get_persistent(KeyRingIdentifier::Process);
    let user = KeyRing::from_special_id(KeyRingIdentifier::User, true);
    if let (Ok(process), Ok(user)) =
        (KeyRing::from_special_id(KeyRingIdentifier::Process, true), user.as_ref())
    {
        let _ = process.link_keyring(*user);
    }
    persistent.into_iter().chain(user)
}
