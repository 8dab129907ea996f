//! The boundaries behind which the security log is dropped, the dropping itself, and the holds that
//! stop it.
//!
//! Always true
//! 1. A boundary is written with the entry that names it, and moves on only.
//! 2. Entries are dropped by the database's own function, which asks for a boundary whose entry is
//!    under a checkpoint, for no hold, and for the age of every entry by its own clock.
//! 3. Nothing here can name the workspace's log: the tables take the security log alone.

use domain::{HoldId, TimeMs};
use ledger::{Boundary, Hash, Stream};

use super::epochs::{self, StoredEpoch, epoch_at};
use crate::StoreError;
use crate::bound::Bound;
use crate::sql::tenant_statements;
use crate::tenant::handle;
use crate::value::{Row, values};

handle! {
    /// Boundaries, drops and holds of a unit's security log.
    pub Retention
}

/// Who placed a hold, and may lift it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// The workspace's owner.
    Owner,
    /// The platform's staff.
    Staff,
}

impl Holder {
    /// The text form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Staff => "staff",
        }
    }
}

/// A text that names no holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such holder")]
pub struct UnknownHolder;

impl std::str::FromStr for Holder {
    type Err = UnknownHolder;

    fn from_str(text: &str) -> Result<Self, UnknownHolder> {
        [Self::Owner, Self::Staff].into_iter().find(|one| one.as_str() == text).ok_or(UnknownHolder)
    }
}

/// A hold on a security log: nothing of it is dropped while one stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its id.
    pub id: HoldId,
    /// Who may lift it.
    pub holder: Holder,
    /// Why it was placed.
    pub reason: String,
    /// Who placed it.
    pub placed_by: String,
    /// When.
    pub placed_at: TimeMs,
    /// Who lifted it, if it was lifted.
    pub lifted_by: Option<String>,
    /// When it was lifted.
    pub lifted_at: Option<TimeMs>,
}

tenant_statements! { "retention":
    BOUNDARY = "select first_index, root, peaks, at_ms from audit_boundaries \
        where tenant_id = $1 and stream = 'security' order by first_index desc limit 1";
    /// The newest boundary whose entry is under a checkpoint: what readers go by.
    SIGNED = "select b.first_index, b.root, b.peaks, b.at_ms from audit_boundaries b \
        join audit_entries e on e.tenant_id = $1 and e.resource_kind = 'log_boundary' \
        and e.resource_id = cast(b.first_index as text) and e.verb = 'security_log.pruned' \
        and e.stream = 'security' \
        join audit_leaves l on l.tenant_id = $1 and l.entry_id = e.entry_id \
        where b.tenant_id = $1 and b.stream = 'security' and l.leaf_index < $2 \
        order by b.first_index desc limit 1";
    ADD_BOUNDARY = "insert into audit_boundaries (tenant_id, stream, first_index, root, peaks, \
        at_ms) values ($1, 'security', $2, $3, $4, $5)";
    DROPPED = "select max(until_index) from audit_drops \
        where tenant_id = $1 and stream = 'security'";
    DROP = "insert into audit_drops (tenant_id, stream, until_index, at_ms) \
        values ($1, 'security', $2, $3)";
    HOLDS = "select hold_id, holder, reason, placed_by, placed_at_ms, lifted_by, lifted_at_ms \
        from audit_holds where tenant_id = $1 order by hold_id desc limit $2";
    STANDING = "select count(*) from audit_holds where tenant_id = $1 and lifted_at_ms is null";
    PLACE = "insert into audit_holds (tenant_id, hold_id, holder, reason, placed_by, \
        placed_at_ms) values ($1, $2, $3, $4, $5, $6)";
    LIFT = "update audit_holds set lifted_by = $4, lifted_at_ms = $5 where tenant_id = $1 \
        and hold_id = $2 and holder = $3 and lifted_at_ms is null";
}

fn boundary_from_row(
    mut row: Row,
    epochs: &[StoredEpoch],
) -> Result<(Boundary, TimeMs), StoreError> {
    let (first_index, root, peaks) = (row.count()?, row.array()?, row.bytes()?);
    let (peaks, rest) = peaks.as_chunks::<32>();
    let epoch = epoch_at(epochs, first_index);
    let boundary = Boundary::new(first_index, peaks.to_vec(), epoch).filter(|_| rest.is_empty());
    // Whoever changed the stored root or peaks is found before anything is built on them.
    let boundary = boundary.filter(|boundary| boundary.root() == root);
    Ok((boundary.ok_or(StoreError::Corrupt)?, row.time()?))
}

/// The newest boundary of a stream, and when it was written; the workspace's log has none.
pub(super) fn newest(
    bound: &mut Bound,
    stream: Stream,
) -> Result<Option<(Boundary, TimeMs)>, StoreError> {
    if stream != Stream::Security {
        return Ok(None);
    }
    let Some(row) = bound.one(&BOUNDARY, values![])? else { return Ok(None) };
    let epochs = epochs::list(bound, stream)?;
    boundary_from_row(row, &epochs).map(Some)
}

/// The newest boundary of a stream whose entry is under a checkpoint of `size`.
pub(super) fn signed(
    bound: &mut Bound,
    stream: Stream,
    size: u64,
) -> Result<Option<Boundary>, StoreError> {
    if stream != Stream::Security {
        return Ok(None);
    }
    let Some(row) = bound.one(&SIGNED, values![size])? else { return Ok(None) };
    let epochs = epochs::list(bound, stream)?;
    boundary_from_row(row, &epochs).map(|(boundary, _)| Some(boundary))
}

impl Retention<'_> {
    /// The newest boundary, and when it was written. Its entry may still wait for its index.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when its parts do not fit; the engine's.
    pub fn boundary(&mut self) -> Result<Option<(Boundary, TimeMs)>, StoreError> {
        newest(self.bound, Stream::Security)
    }

    /// Writes a boundary; the transaction's entry has to name it.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when one stands there or beyond; the engine's.
    pub fn set_boundary(&mut self, boundary: &Boundary) -> Result<(), StoreError> {
        let now = self.bound.now();
        let peaks: Vec<u8> = boundary.peaks().iter().flatten().copied().collect();
        let root: Hash = boundary.root();
        self.bound
            .change_one(&ADD_BOUNDARY, values![boundary.first_index(), root, peaks.as_slice(), now])
    }

    /// The index before which everything is dropped; 0 when nothing was.
    ///
    /// # Errors
    /// The engine's.
    pub fn dropped_until(&mut self) -> Result<u64, StoreError> {
        let Some(mut row) = self.bound.one(&DROPPED, values![])? else { return Ok(0) };
        let until = row.optional_int()?;
        until.map_or(Ok(0), |until| u64::try_from(until).map_err(|_| StoreError::Corrupt))
    }

    /// Drops the entries before an index, their personal values, and what of the tree is behind it.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]: no signed boundary reaches so far, a hold stands, or an entry is
    /// too young; nothing was dropped. The engine's.
    pub fn drop_until(&mut self, index: u64) -> Result<(), StoreError> {
        let now = self.bound.now();
        self.bound.change_one(&DROP, values![index, now])
    }

    /// At most `count` holds, those of before among them, newest first.
    ///
    /// # Errors
    /// The engine's.
    pub fn holds(&mut self, count: u32) -> Result<Vec<Hold>, StoreError> {
        self.bound.rows(&HOLDS, values![count])?.into_iter().map(hold_from_row).collect()
    }

    /// How many holds stand.
    ///
    /// # Errors
    /// The engine's.
    pub fn holds_standing(&mut self) -> Result<u64, StoreError> {
        self.bound.one(&STANDING, values![])?.map_or(Ok(0), |mut row| row.count())
    }

    /// Places a hold.
    ///
    /// # Errors
    /// The engine's.
    pub fn place(
        &mut self,
        id: HoldId,
        holder: Holder,
        reason: &str,
        by: &str,
    ) -> Result<(), StoreError> {
        let now = self.bound.now();
        self.bound.change_one(&PLACE, values![id, holder.as_str(), reason, by, now])
    }

    /// Lifts a hold of this holder. `false`: there is none, it was lifted, or it is another's.
    ///
    /// # Errors
    /// The engine's.
    pub fn lift(&mut self, id: HoldId, holder: Holder, by: &str) -> Result<bool, StoreError> {
        let now = self.bound.now();
        self.bound.change_if(&LIFT, values![id, holder.as_str(), by, now])
    }
}

fn hold_from_row(mut row: Row) -> Result<Hold, StoreError> {
    Ok(Hold {
        id: row.id()?,
        holder: row.parsed()?,
        reason: row.text()?,
        placed_by: row.text()?,
        placed_at: row.time()?,
        lifted_by: row.optional_text()?,
        lifted_at: row.optional_time()?,
    })
}
