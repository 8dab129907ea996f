//! The boundary behind which a security log is dropped: what stands for the entries that are gone,
//! and the entry that says so.
//!
//! Always true
//! 1. A boundary is the tree's right edge at its size. Nothing but the true edge leads to the roots
//!    that were signed later, so a log cannot be begun in the middle with invented peaks.
//! 2. A boundary counts only when an entry of the same log, behind it, names its index and its
//!    root: whoever cuts a log without that entry is found out.
//! 3. Only a security log has one.
//!
//! Never: a clock. Whether what was dropped was old enough is judged by the entry's own words,
//! which are signed.
//!
//! Source: C2SP tlog-tiles, "pruning" (a minimum index; every proof at or above it stays valid).

use data_encoding::BASE64;
use domain::TimeMs;
use domain::limits::SECURITY_LOG_MS;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::event::{AuditEvent, Verb};
use crate::origin::Epoch;
use crate::read::EntryView;
use crate::tree::{Frontier, Hash, NodePosition};

/// The noun of the entry's resource; its id is the boundary's index.
pub const BOUNDARY_KIND: &str = "log_boundary";
/// The part of the platform that drops.
pub const BOUNDARY_ACTOR: &str = "retention";

/// Where a log begins, and what stands for the entries before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boundary {
    edge: Frontier,
    epoch: Epoch,
}

impl Boundary {
    /// The boundary before `first_index`, from the peaks of the tree of that size, tallest first,
    /// and the epoch of a checkpoint of that size. `None` when the number of peaks does not fit, or
    /// nothing is before it.
    #[must_use]
    pub fn new(first_index: u64, peaks: Vec<Hash>, epoch: Epoch) -> Option<Self> {
        let edge = Frontier::resume(first_index, peaks)?;
        (first_index > 0).then_some(Self { edge, epoch })
    }

    /// The epoch of a checkpoint of the size that is dropped: a restore that lies before the
    /// boundary cannot be read any more.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The first index that is kept.
    #[must_use]
    pub const fn first_index(&self) -> u64 {
        self.edge.size()
    }

    /// The root over everything before it.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.edge.root()
    }

    /// The peaks, tallest first.
    #[must_use]
    pub fn peaks(&self) -> &[Hash] {
        self.edge.peaks()
    }

    /// The right edge itself, to go on from.
    #[must_use]
    pub fn edge(&self) -> Frontier {
        self.edge.clone()
    }

    /// The peak at a position of the tree, if it is one.
    #[must_use]
    pub fn peak(&self, position: NodePosition) -> Option<Hash> {
        let place = Frontier::positions(self.first_index()).position(|peak| peak == position)?;
        self.peaks().get(place).copied()
    }
}

/// What the entry about a boundary says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PruneStatement {
    /// The first index that is kept.
    pub first_index: u64,
    /// The first index that this step drops.
    pub from: u64,
    /// How many entries it drops.
    pub count: u64,
    /// The root over everything before `first_index`, in base64.
    pub root: String,
    /// The epoch of a checkpoint of size `first_index`.
    pub epoch: u64,
    /// When the newest of the dropped entries was written.
    pub newest_at_ms: i64,
    /// For how many days entries are kept.
    pub kept_days: u32,
    /// SHA-256, in hexadecimal digits, of the lines that an export has for the dropped entries,
    /// personal values left out: whoever keeps an export can show that it is what was dropped.
    pub export_sha256: String,
}

impl PruneStatement {
    /// The event that records it in the log.
    #[must_use]
    pub fn event(&self) -> AuditEvent {
        let new = serde_json::to_value(self).unwrap_or(Value::Null);
        AuditEvent::new(Verb::SecurityLogPruned, BOUNDARY_KIND, self.first_index).new_value(new)
    }

    /// What an entry says about a boundary; `None` when it is no such entry of the platform's own.
    #[must_use]
    pub fn of_entry(view: &EntryView) -> Option<Self> {
        let ours = view.verb == Verb::SecurityLogPruned.as_str()
            && view.resource.kind == BOUNDARY_KIND
            && view.actor.get("kind").and_then(Value::as_str) == Some("system")
            && view.actor.get("part").and_then(Value::as_str) == Some(BOUNDARY_ACTOR);
        let new = view.new.as_ref().filter(|_| ours)?;
        Self::deserialize(new).ok()
    }

    /// Whether it speaks of this boundary.
    #[must_use]
    pub fn names(&self, boundary: &Boundary) -> bool {
        self.first_index == boundary.first_index()
            && self.root == BASE64.encode(&boundary.root())
            && self.epoch == boundary.epoch().0
            && self.from.checked_add(self.count) == Some(self.first_index)
    }

    /// Whether everything it drops was old enough when its entry was written.
    #[must_use]
    pub fn is_due(&self, written_at: TimeMs) -> bool {
        let age = written_at.0.saturating_sub(self.newest_at_ms);
        age >= SECURITY_LOG_MS
    }
}
