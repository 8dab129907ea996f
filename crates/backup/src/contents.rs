//! What a backup holds: the public list of its parts, and the sealed index that says what they are.
//!
//! Always true
//! 1. The list names parts by random ids, with sizes and digests of what is stored: enough to check
//!    that a backup is whole, and nothing about whose a part is.
//! 2. The index is a part like any other. It names units, what they digest to in clear, and how far
//!    their logs went.

use broker::backup::Way;
use data_encoding::BASE64;
use seal::{KeyId, SlotPair};
use serde::{Deserialize, Serialize};

use crate::digest::{from_hex, to_hex};

/// Largest contents file and largest index that is read: a quarter of a million units.
pub const CONTENTS_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Most ways to open a backup.
pub const WAYS_MAX: usize = 32;

/// One stored part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Its random id: 32 hexadecimal digits.
    pub id: String,
    /// How many bytes are stored.
    pub bytes: u64,
    /// Their SHA-256, in hexadecimal.
    pub sha256: String,
}

impl Part {
    /// Whether its id is a name that could have been made here: it becomes a file's.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        from_hex::<16>(&self.id).is_some() && from_hex::<32>(&self.sha256).is_some()
    }
}

/// The contents file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contents {
    /// Ways to the root key that people hold.
    pub(crate) ways: Vec<WayLine>,
    /// The id of the part that holds the index.
    pub index: String,
    /// Every part, the index among them.
    pub parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WayLine {
    name: String,
    slot: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pair: Option<PairLine>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PairLine {
    slot_key: String,
    public: String,
    sealed: String,
    bound: String,
}

impl WayLine {
    pub(crate) fn of(way: &Way) -> Self {
        let pair = way.pair.as_ref().map(|pair| PairLine {
            slot_key: pair.slot_key.to_string(),
            public: to_hex(&pair.public),
            sealed: BASE64.encode(&pair.sealed),
            bound: BASE64.encode(&pair.bound),
        });
        Self { name: way.name.clone(), slot: way.slot.clone(), pair }
    }

    fn way(&self) -> Option<Way> {
        let pair = match &self.pair {
            None => None,
            Some(line) => Some(SlotPair {
                slot_key: KeyId::parse(&line.slot_key)?,
                public: from_hex(&line.public)?,
                sealed: BASE64.decode(line.sealed.as_bytes()).ok()?,
                bound: BASE64.decode(line.bound.as_bytes()).ok()?,
            }),
        };
        // The name becomes a file's.
        let sound =
            self.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        (sound && !self.name.is_empty()).then(|| Way {
            name: self.name.clone(),
            slot: self.slot.clone(),
            pair,
        })
    }
}

impl Contents {
    /// Reads a contents file; `None` when it is not one, or names something that is no part.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let contents: Self = serde_json::from_slice(bytes).ok()?;
        let sound = contents.parts.iter().all(Part::is_sound)
            && contents.ways.len() <= WAYS_MAX
            && contents.part(&contents.index).is_some();
        sound.then_some(contents)
    }

    /// The part of this id.
    #[must_use]
    pub fn part(&self, id: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.id == id)
    }

    /// The ways to the root key that can be read.
    #[must_use]
    pub fn ways(&self) -> Vec<Way> {
        self.ways.iter().filter_map(WayLine::way).collect()
    }
}

/// One unit in the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitEntry {
    /// Which: `control`, `database`, `keys`, `journal`, `ledger`, or a workspace's id.
    pub name: String,
    /// The part that holds it.
    pub part: String,
    /// How many bytes it has in clear.
    pub bytes: u64,
    /// Their SHA-256, in hexadecimal.
    pub sha256: String,
    /// The signed checkpoints of its logs at that moment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checkpoints: Vec<String>,
}

/// The index.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// Every unit.
    pub units: Vec<UnitEntry>,
    /// The newest head of the log of checkpoints, with the cosignatures of its witnesses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witnessed: Option<String>,
}

impl Index {
    /// The unit of this name.
    #[must_use]
    pub fn unit(&self, name: &str) -> Option<&UnitEntry> {
        self.units.iter().find(|unit| unit.name == name)
    }
}
