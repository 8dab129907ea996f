//! Reading a unit's log.
//!
//! Always true: entries come back with the bytes that were hashed; an entry without an index has
//! been written and waits for the sequencer.

use std::collections::BTreeMap;

use domain::{EntryId, TimeMs};
use ledger::ocsf::{Recorded, ocsf_event};
use ledger::{Boundary, NodePosition, PersonalValue, Stream, Verb};

use crate::StoreError;
use crate::audit::tree::{self, StoredCheckpoint};
use crate::audit::{erasures, retention};
use crate::page::{Listing, Page};
use crate::sql::{Filters, tenant_statements};
use crate::tenant::handle;
use crate::value::{Row, values};

handle! {
    /// A unit's log.
    pub Log
}

/// An entry of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedEntry {
    /// Its id.
    pub entry: EntryId,
    /// Its place in its stream's tree; `None` while it waits for one.
    pub index: Option<u64>,
    /// The log it belongs to.
    pub stream: Stream,
    /// When it was written.
    pub at: TimeMs,
    /// The bytes that were hashed.
    pub body: Vec<u8>,
    /// Their RFC 6962 leaf hash.
    pub hash: [u8; 32],
    /// The personal values beside it.
    pub personal: Vec<PersonalValue>,
    /// The fields whose values were erased, in order.
    pub erased: Vec<String>,
}

impl LoggedEntry {
    /// The entry as an event of the Open Cybersecurity Schema Framework.
    #[must_use]
    pub fn ocsf(&self) -> serde_json::Value {
        let Self { index, body, hash, personal, .. } = self;
        ocsf_event(&Recorded { bytes: body, index: *index, leaf: hash, personal })
    }
}

/// Which entries are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryFilter {
    /// Entries of this stream.
    pub stream: Option<Stream>,
    /// Entries with this verb.
    pub verb: Option<Verb>,
    /// Entries about resources of this kind.
    pub resource_kind: Option<String>,
    /// Entries about a resource with this id.
    pub resource_id: Option<String>,
    /// Entries whose id is this one's or a later one's. An id's time is never before its entry's.
    pub from: Option<EntryId>,
}

impl EntryFilter {
    fn filters(&self) -> Filters {
        Filters::default()
            .equal("e.stream", self.stream.map(Stream::as_str))
            .equal("e.verb", self.verb.map(Verb::as_str))
            .equal("e.resource_kind", self.resource_kind.as_deref())
            .equal("e.resource_id", self.resource_id.as_deref())
            .at_least("e.entry_id", self.from.map(EntryId::uuid))
    }
}

tenant_statements! { "log":
    LIST = "select e.entry_id, l.leaf_index, e.stream, e.at_ms, e.body, e.hash \
        from audit_entries e left join audit_leaves l \
        on l.tenant_id = $1 and l.entry_id = e.entry_id \
        where e.tenant_id = $1 and e.entry_id < $2{filters} order by e.entry_id desc limit $3";
    FIND = "select e.entry_id, l.leaf_index, e.stream, e.at_ms, e.body, e.hash \
        from audit_entries e left join audit_leaves l \
        on l.tenant_id = $1 and l.entry_id = e.entry_id \
        where e.tenant_id = $1 and e.entry_id = $2";
    RANGE = "select e.entry_id, l.leaf_index, e.stream, e.at_ms, e.body, e.hash \
        from audit_leaves l join audit_entries e \
        on e.tenant_id = $1 and e.entry_id = l.entry_id \
        where l.tenant_id = $1 and l.stream = $2 and l.leaf_index >= $3 \
        order by l.leaf_index limit $4";
    PERSONAL = "select field, salt, value from audit_personal \
        where tenant_id = $1 and entry_id = $2 order by field";
    PERSONAL_RANGE = "select p.entry_id, p.field, p.salt, p.value \
        from audit_leaves l join audit_personal p \
        on p.tenant_id = $1 and p.entry_id = l.entry_id \
        where l.tenant_id = $1 and l.stream = $2 and l.leaf_index >= $3 and l.leaf_index < $4 \
        order by l.leaf_index, p.field";
    LEAF = "select hash from audit_leaves \
        where tenant_id = $1 and stream = $2 and leaf_index = $3";
    NODE = "select hash from audit_nodes \
        where tenant_id = $1 and stream = $2 and level = $3 and node_index = $4";
}

impl Log<'_> {
    /// Entries, newest first.
    ///
    /// # Errors
    /// The engine's.
    pub fn list(
        &mut self,
        filter: &EntryFilter,
        page: Page<EntryId>,
    ) -> Result<Listing<LoggedEntry>, StoreError> {
        let mut listing = self.scan(filter, page)?;
        for entry in &mut listing.items {
            entry.personal = self.personal(entry.entry)?;
        }
        self.mark_erased(&mut listing.items)?;
        Ok(listing)
    }

    /// The same without the personal values beside them, for whoever looks at many.
    ///
    /// # Errors
    /// The engine's.
    pub fn scan(
        &mut self,
        filter: &EntryFilter,
        page: Page<EntryId>,
    ) -> Result<Listing<LoggedEntry>, StoreError> {
        let before = page.key().map_or(uuid::Uuid::max(), EntryId::uuid);
        let rows =
            self.bound.filtered(&LIST, values![before, page.fetched()], &filter.filters())?;
        page.listing(rows, entry_from_row)
    }

    /// One entry by its id.
    ///
    /// # Errors
    /// The engine's.
    pub fn find(&mut self, id: EntryId) -> Result<Option<LoggedEntry>, StoreError> {
        let Some(row) = self.bound.one(&FIND, values![id])? else { return Ok(None) };
        let mut entry = entry_from_row(row)?;
        entry.personal = self.personal(id)?;
        self.mark_erased(std::slice::from_mut(&mut entry))?;
        Ok(Some(entry))
    }

    /// One entry by its index.
    ///
    /// # Errors
    /// The engine's.
    pub fn entry(&mut self, stream: Stream, index: u64) -> Result<Option<LoggedEntry>, StoreError> {
        let found = self.range(stream, index, 1)?.into_iter().next();
        Ok(found.filter(|entry| entry.index == Some(index)))
    }

    /// At most `count` entries from index `from` on, in order: for exports.
    ///
    /// # Errors
    /// The engine's.
    pub fn range(
        &mut self,
        stream: Stream,
        from: u64,
        count: u32,
    ) -> Result<Vec<LoggedEntry>, StoreError> {
        let rows = self.bound.rows(&RANGE, values![stream.as_str(), from, count])?;
        let mut entries = rows.into_iter().map(entry_from_row).collect::<Result<Vec<_>, _>>()?;
        let until = entries.last().and_then(|entry| entry.index).map_or(from, |last| last + 1);
        let personal = self.bound.rows(&PERSONAL_RANGE, values![stream.as_str(), from, until])?;
        let mut waiting = entries.iter_mut().peekable();
        for mut row in personal {
            let entry: EntryId = row.id()?;
            let value = personal_from_row(row)?;
            while waiting.next_if(|found| found.entry != entry).is_some() {}
            if let Some(found) = waiting.peek_mut() {
                found.personal.push(value);
            }
        }
        self.mark_erased(&mut entries)?;
        Ok(entries)
    }

    /// Notes which of the entries' personal values were erased.
    ///
    /// # Errors
    /// The engine's.
    pub fn mark_erased(&mut self, entries: &mut [LoggedEntry]) -> Result<(), StoreError> {
        let ids = || entries.iter().map(|entry| entry.entry);
        let (Some(from), Some(until)) = (ids().min(), ids().max()) else { return Ok(()) };
        let mut fields: BTreeMap<EntryId, Vec<String>> = BTreeMap::new();
        for (entry, field) in erasures::erased(self.bound, from, until)? {
            fields.entry(entry).or_default().push(field);
        }
        for entry in entries {
            entry.erased = fields.remove(&entry.entry).unwrap_or_default();
        }
        Ok(())
    }

    /// The leaf hash at an index.
    ///
    /// # Errors
    /// The engine's.
    pub fn leaf(&mut self, stream: Stream, index: u64) -> Result<Option<[u8; 32]>, StoreError> {
        self.bound
            .one(&LEAF, values![stream.as_str(), index])?
            .map(|mut row| row.array())
            .transpose()
    }

    /// The hash of a complete subtree: `level` 0 is a leaf, and it covers the leaves
    /// `index << level` to `(index + 1) << level`, the last one excluded.
    ///
    /// # Errors
    /// The engine's.
    pub fn node(
        &mut self,
        stream: Stream,
        level: u32,
        index: u64,
    ) -> Result<Option<[u8; 32]>, StoreError> {
        let stored = if level == 0 {
            self.leaf(stream, index)?
        } else {
            let row = self.bound.one(&NODE, values![stream.as_str(), level, index])?;
            row.map(|mut row| row.array()).transpose()?
        };
        if stored.is_some() {
            return Ok(stored);
        }
        // What is behind the boundary is gone, but for the tree's right edge there.
        let Ok(level) = u8::try_from(level) else { return Ok(None) };
        let edge = retention::newest(self.bound, stream)?;
        Ok(edge.and_then(|(edge, _)| edge.peak(NodePosition { level, index })))
    }

    /// Where the log begins for whoever holds a checkpoint of `size`; `None` at its first entry.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when the stored boundary does not fit; the engine's.
    pub fn boundary(&mut self, stream: Stream, size: u64) -> Result<Option<Boundary>, StoreError> {
        retention::signed(self.bound, stream, size)
    }

    /// The newest checkpoint of a stream; `None` before the first.
    ///
    /// # Errors
    /// The engine's.
    pub fn checkpoint(&mut self, stream: Stream) -> Result<Option<StoredCheckpoint>, StoreError> {
        tree::newest_checkpoint(self.bound, stream)
    }

    /// The newest checkpoint of a stream whose last entry is at `from` or after it, and before
    /// `until`.
    ///
    /// # Errors
    /// The engine's.
    pub fn checkpoint_within(
        &mut self,
        stream: Stream,
        from: u64,
        until: u64,
    ) -> Result<Option<StoredCheckpoint>, StoreError> {
        tree::checkpoint_within(self.bound, stream, from, until)
    }

    /// The personal values beside an entry, by field.
    ///
    /// # Errors
    /// The engine's.
    pub fn personal(&mut self, id: EntryId) -> Result<Vec<PersonalValue>, StoreError> {
        self.bound.rows(&PERSONAL, values![id])?.into_iter().map(personal_from_row).collect()
    }
}

fn entry_from_row(mut row: Row) -> Result<LoggedEntry, StoreError> {
    Ok(LoggedEntry {
        entry: row.id()?,
        index: row
            .optional_int()?
            .map(|index| u64::try_from(index).map_err(|_| StoreError::Corrupt))
            .transpose()?,
        stream: row.parsed()?,
        at: row.time()?,
        body: row.bytes()?,
        hash: row.array()?,
        personal: Vec::new(),
        erased: Vec::new(),
    })
}

fn personal_from_row(mut row: Row) -> Result<PersonalValue, StoreError> {
    Ok(PersonalValue { field: row.text()?, salt: row.array()?, value: row.text()? })
}
