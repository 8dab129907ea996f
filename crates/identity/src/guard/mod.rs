//! What stands before a sign-in: known devices, the rules about many accounts, and proofs of work.
//!
//! Always true
//! 1. A row holds keyed digests only. The key is derived by the broker and lives in this process's
//!    memory, so a copy of the database cannot be searched for passwords or addresses.
//! 2. Nothing here refuses for good: the worst that a network meets is work, and a known device of
//!    the account never meets even that.
//!
//! Never: a question to a third party.

mod device;
mod gate;
mod places;
mod proof;
mod stuffing;
mod travel;

use aws_lc_rs::hmac;
use broker::{Broker, BrokerError, MacPurpose};
use data_encoding::HEXLOWER;
use domain::UserId;

pub use device::DeviceToken;
pub(crate) use device::{KnownDevice, token_of};
pub(crate) use gate::{Closed, Gate};
pub use places::{Place, Places, PlacesError};
pub use proof::{Challenge, meets};
pub(crate) use travel::{Cell, kilometres_between};

/// The domain of this process's digests. Another text makes every row unreadable.
const KEY_MESSAGE: &[u8] = b"sign-in-guard-key 1";
const DIGEST_BYTES: usize = 16;

/// The key of the digests, and what the operator gave.
pub(crate) struct Guard {
    key: hmac::Key,
    pub(crate) places: Places,
    pub(crate) breached: crate::passwords::Breached,
}

impl Guard {
    /// Asks the broker for the key. No file of the operator's is in use yet.
    pub(crate) async fn start(broker: &Broker) -> Result<Self, BrokerError> {
        let key = broker.mac(MacPurpose::Code, KEY_MESSAGE.to_vec()).await?;
        Ok(Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
            places: Places::default(),
            breached: crate::passwords::Breached::default(),
        })
    }

    /// The keyed digest of these parts, of a kind.
    fn tag(&self, kind: &'static str, parts: &[&[u8]]) -> [u8; DIGEST_BYTES] {
        let mut context = hmac::Context::with_key(&self.key);
        for part in [kind.as_bytes()].iter().chain(parts) {
            // With its length: two lists of parts never give one message.
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part);
        }
        let mut tag = [0; DIGEST_BYTES];
        tag.iter_mut().zip(context.sign().as_ref()).for_each(|(to, from)| *to = *from);
        tag
    }

    /// The same in the form a text column holds.
    pub(crate) fn digest(&self, kind: &'static str, parts: &[&[u8]]) -> String {
        HEXLOWER.encode(&self.tag(kind, parts))
    }

    /// A value of a feature, as one person's history has it.
    pub(crate) fn own(&self, user: UserId, feature: &str, value: &str) -> String {
        self.digest("own", &[&user.to_bytes(), feature.as_bytes(), value.as_bytes()])
    }

    /// The same as everybody's counts have it.
    pub(crate) fn all(&self, feature: &str, value: &str) -> String {
        self.digest("all", &[feature.as_bytes(), value.as_bytes()])
    }
}

#[cfg(test)]
impl Guard {
    pub(crate) fn with_key(key: [u8; 32]) -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
            places: Places::default(),
            breached: crate::passwords::Breached::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_of_kinds_keys_people_and_splits_differ() {
        let (one, two) = (Guard::with_key([1; 32]), Guard::with_key([2; 32]));
        let (a, b) = (crate::testing::mint(1).id(), crate::testing::mint(2).id());
        let all = [
            one.digest("pair", &[b"ab", b"c"]),
            one.digest("pair", &[b"a", b"bc"]),
            one.digest("account", &[b"ab", b"c"]),
            two.digest("pair", &[b"ab", b"c"]),
            one.own(a, "country", "de"),
            one.own(b, "country", "de"),
            one.all("country", "de"),
        ];
        let distinct: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
        assert!(all.iter().all(|digest| digest.len() == 32));
    }
}
