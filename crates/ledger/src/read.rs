//! Reading an entry's bytes back, for people and for the verifier.
//!
//! Always true: a view is for showing and comparing. The bytes it came from stay the evidence;
//! nothing is ever hashed from a view.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::entry::ENTRY_FORMAT;
use crate::event::Verb;

/// What an entry says. Fields of a later format are left out rather than misread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EntryView {
    /// The version of the canonical form.
    pub format: u64,
    /// The unit, in text.
    pub unit: String,
    /// The stream, in text.
    pub stream: String,
    /// The entry's id, in text.
    pub entry: String,
    /// When, in milliseconds since the epoch.
    pub at_ms: i64,
    /// Who acted.
    pub actor: Value,
    /// The request, in text.
    pub request: String,
    /// What was done. A text, because a later release may know more verbs.
    pub verb: String,
    /// To what.
    pub resource: ResourceView,
    /// The state before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<Value>,
    /// The state after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<Value>,
    /// Field name to commitment, in hexadecimal.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub personal: BTreeMap<String, String>,
}

/// What an entry is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResourceView {
    /// The noun.
    pub kind: String,
    /// Its id: a text, or the digest of one that was too long.
    pub id: Value,
}

/// Bytes that are not an entry of a format this release knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableEntry {
    /// Not an entry at all.
    #[error("the entry cannot be read")]
    Form,
    /// An entry of a later format.
    #[error("the entry has format {0}, which is newer than this program")]
    Newer(u64),
}

impl EntryView {
    /// Reads an entry's canonical bytes.
    ///
    /// # Errors
    /// [`UnreadableEntry`].
    pub fn read(bytes: &[u8]) -> Result<Self, UnreadableEntry> {
        let view: Self = serde_json::from_slice(bytes).map_err(|_| newer_or_malformed(bytes))?;
        known(view.format).map(|()| view)
    }
}

/// The facts of an entry that the verifier compares, borrowed where the text allows it.
#[derive(Deserialize)]
pub(crate) struct EntryFacts<'a> {
    format: u64,
    #[serde(borrow)]
    pub(crate) unit: &'a str,
    #[serde(borrow)]
    pub(crate) stream: &'a str,
    #[serde(borrow)]
    pub(crate) verb: &'a str,
    pub(crate) at_ms: i64,
    /// Field names and commitments hold no escapes in an entry of ours.
    #[serde(borrow, default)]
    pub(crate) personal: BTreeMap<&'a str, &'a str>,
    #[serde(borrow, default)]
    new: Option<&'a RawValue>,
}

/// What the first entry of an epoch says, as the verifier needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct EpochFacts {
    pub(crate) epoch: u64,
    pub(crate) size: u64,
}

impl EntryFacts<'_> {
    /// What the entry says about its epoch, when its verb is the one that opens epochs.
    ///
    /// # Errors
    /// [`UnreadableEntry::Form`] when such an entry does not say it.
    pub(crate) fn opened_epoch(&self) -> Result<Option<EpochFacts>, UnreadableEntry> {
        let opens = [Verb::LogEpochOpened, Verb::SecurityLogEpochOpened];
        if !opens.iter().any(|verb| verb.as_str() == self.verb) {
            return Ok(None);
        }
        let new = self.new.ok_or(UnreadableEntry::Form)?;
        serde_json::from_str(new.get()).map(Some).map_err(|_| UnreadableEntry::Form)
    }
}

impl<'a> EntryFacts<'a> {
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, UnreadableEntry> {
        let facts: Self = serde_json::from_slice(bytes).map_err(|_| newer_or_malformed(bytes))?;
        known(facts.format).map(|()| facts)
    }
}

const fn known(format: u64) -> Result<(), UnreadableEntry> {
    if format == ENTRY_FORMAT { Ok(()) } else { Err(UnreadableEntry::Newer(format)) }
}

fn newer_or_malformed(bytes: &[u8]) -> UnreadableEntry {
    #[derive(Deserialize)]
    struct FormatOnly {
        format: u64,
    }
    match serde_json::from_slice(bytes) {
        Ok(FormatOnly { format }) if format > ENTRY_FORMAT => UnreadableEntry::Newer(format),
        _ => UnreadableEntry::Form,
    }
}
