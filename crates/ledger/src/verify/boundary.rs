//! A log that begins at a boundary: what the log itself has to say about it.
//!
//! Always true
//! 1. A boundary that no entry of the log names, or that drops what was not old enough, is
//!    tampering: a log cannot be cut and called pruned.
//! 2. What was kept from before a boundary cannot be compared any more, and is never counted as
//!    compared.

use domain::TimeMs;
use domain::limits::MERGE_DELAY_MS_MAX;

use super::{BoundaryFault, Finding, Stop};
use crate::boundary::{Boundary, PruneStatement};
use crate::event::Verb;
use crate::origin::{Epoch, Stream};
use crate::read::EntryView;
use crate::receipt::Receipt;

/// Where a verified log begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begins {
    /// The first index that is kept.
    pub first_index: u64,
    /// When the entry about it was written.
    pub written_at: TimeMs,
    /// For how many days entries were kept.
    pub kept_days: u32,
}

/// The boundary of one check, and what the log said about it so far.
pub(super) struct Edge {
    boundary: Option<Boundary>,
    begins: Option<Begins>,
}

impl Edge {
    pub(super) fn of(boundary: Option<Boundary>, stream: Stream) -> Result<Self, Stop> {
        if boundary.is_some() && stream != Stream::Security {
            return Err(Finding::Boundary(BoundaryFault::Lifelong).into());
        }
        Ok(Self { boundary, begins: None })
    }

    /// The epoch that the log is in where it begins; the entry about the boundary says it too.
    pub(super) fn epoch(&self) -> Epoch {
        self.boundary.as_ref().map_or(Epoch::FIRST, Boundary::epoch)
    }

    /// The first index of the log.
    pub(super) fn first_index(&self) -> u64 {
        self.boundary.as_ref().map_or(0, Boundary::first_index)
    }

    /// Looks whether an entry names the boundary.
    pub(super) fn entry(&mut self, verb: &str, bytes: &[u8]) -> Result<(), Stop> {
        let Some(boundary) = self.boundary.as_ref() else { return Ok(()) };
        if verb != Verb::SecurityLogPruned.as_str() {
            return Ok(());
        }
        let Ok(view) = EntryView::read(bytes) else { return Ok(()) };
        let statement = PruneStatement::of_entry(&view);
        let Some(statement) = statement.filter(|statement| statement.names(boundary)) else {
            return Ok(());
        };
        let written_at = TimeMs(view.at_ms);
        if !statement.is_due(written_at) {
            return Err(Finding::Boundary(BoundaryFault::Young).into());
        }
        let first_index = statement.first_index;
        self.begins = Some(Begins { first_index, written_at, kept_days: statement.kept_days });
        Ok(())
    }

    /// Where the log begins, once all of it was seen.
    pub(super) fn end(&self) -> Result<Option<Begins>, Stop> {
        if self.boundary.is_some() && self.begins.is_none() {
            let first_index = self.first_index();
            return Err(Finding::Boundary(BoundaryFault::Unrecorded { first_index }).into());
        }
        Ok(self.begins)
    }
}

impl Begins {
    /// Whether the entry that a receipt promises may be among those that were dropped.
    pub(super) fn may_have_dropped(&self, receipt: &Receipt) -> bool {
        let written = receipt.merge_by.0.saturating_sub(MERGE_DELAY_MS_MAX);
        let kept_ms = i64::from(self.kept_days) * 24 * 3_600 * 1_000;
        written <= self.written_at.0.saturating_sub(kept_ms)
    }
}
