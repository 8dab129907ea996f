//! What the broker tells about keys and their ages, and what it is asked to do to them.
//!
//! Always true
//! 1. A key goes one way: active, retiring, destroyed. An active key seals; a retiring one opens
//!    what it sealed before; a destroyed one is a name.
//! 2. A wish names the state that it saw. Where that state is gone, nothing happens and the answer
//!    shows the state of now.

use domain::TimeMs;
use seal::KeyId;
use serde::{Deserialize, Serialize};

use crate::record::{DataScope, Realm};

/// Where a data key is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// It seals new records of its scope.
    Active,
    /// It opens what it sealed before, and seals nothing more.
    Retiring,
    /// It is gone.
    Destroyed,
}

impl KeyState {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Retiring => "retiring",
            Self::Destroyed => "destroyed",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Retiring, Self::Destroyed]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// A data key, without the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFacts {
    /// Its id, which is in the header of every envelope it sealed.
    pub id: KeyId,
    /// Which records it seals.
    pub scope: DataScope,
    /// Where it is on its way.
    pub state: KeyState,
    /// The epoch of the seed whose wrapping key wraps it.
    pub epoch: u32,
    /// When it was made.
    pub made_at: TimeMs,
    /// Since when it retires.
    pub retiring_at: Option<TimeMs>,
    /// When it was destroyed.
    pub destroyed_at: Option<TimeMs>,
}

/// The keys of a realm, without the keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RealmKeys {
    /// The epoch of the seed.
    pub epoch: u32,
    /// When that seed was made.
    pub epoch_since: TimeMs,
    /// Every data key, oldest first.
    pub keys: Vec<KeyFacts>,
}

impl RealmKeys {
    /// The keys that seal, one per scope.
    pub fn active(&self) -> impl Iterator<Item = &KeyFacts> {
        self.keys.iter().filter(|key| key.state == KeyState::Active)
    }

    /// The keys that retire.
    pub fn retiring(&self) -> impl Iterator<Item = &KeyFacts> {
        self.keys.iter().filter(|key| key.state == KeyState::Retiring)
    }
}

/// What is made unreadable for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ShredTarget {
    /// Everything of a workspace or a person: the seed and every wrapped key.
    Realm(Realm),
    /// One data key, and with it every copy of what it sealed.
    Key {
        /// Whose key.
        realm: Realm,
        /// Which.
        key: KeyId,
    },
}

/// The moments of a change at which a test may end the process; a program that runs for real
/// passes [`no_steps`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A slot's pair is in the key store, and the slot's new file not yet in its place.
    PairKept,
    /// A slot holds a key pair from now on.
    SlotPaired,
    /// A realm's keys are wrapped anew, in memory.
    RealmWrapped,
    /// Everything is wrapped anew; nothing is committed.
    Wrapped,
    /// The change is committed; what it replaced may still be in the write-ahead log.
    Committed,
    /// The order is durable in the ledger; nothing is destroyed yet.
    Ordered,
    /// What was to be destroyed is destroyed, and the log is empty.
    Settled,
}

/// Watches the steps of a change.
pub type Steps = dyn Fn(Step) + Send + Sync;

/// Watches nothing.
pub fn no_steps(_: Step) {}
