//! Pages of a listing: a bounded number of rows after a key.
//!
//! Always true: a page holds at most [`limits::PAGE_ITEMS_MAX`] items, and says whether more
//! follow.

use domain::limits;

use crate::StoreError;
use crate::value::Row;

/// Which part of a listing is wanted: the rows after a key, in the order of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page<K> {
    after: Option<K>,
    limit: u32,
}

impl<K: Copy> Page<K> {
    /// The first `limit` rows. A limit outside 1 to [`limits::PAGE_ITEMS_MAX`] is brought inside.
    #[must_use]
    pub fn first(limit: u32) -> Self {
        Self { after: None, limit: limit.clamp(1, limits::PAGE_ITEMS_MAX) }
    }

    /// At most `limit` rows that follow `key`.
    #[must_use]
    pub fn after(key: K, limit: u32) -> Self {
        Self { after: Some(key), ..Self::first(limit) }
    }

    /// [`Self::after`] with a key, [`Self::first`] without.
    #[must_use]
    pub fn from_cursor(after: Option<K>, limit: u32) -> Self {
        Self { after, ..Self::first(limit) }
    }

    pub(crate) fn key(&self) -> Option<K> {
        self.after
    }

    /// One more than is shown, so that it is known whether more follow.
    pub(crate) const fn fetched(&self) -> u32 {
        self.limit + 1
    }

    pub(crate) fn listing<T>(
        &self,
        rows: Vec<Row>,
        from_row: impl Fn(Row) -> Result<T, StoreError>,
    ) -> Result<Listing<T>, StoreError> {
        let shown = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > shown;
        let items = rows.into_iter().take(shown).map(from_row).collect::<Result<_, _>>()?;
        Ok(Listing { items, more })
    }
}

impl<K: Copy> Default for Page<K> {
    fn default() -> Self {
        Self::first(limits::PAGE_ITEMS_DEFAULT)
    }
}

/// A page's rows. The next page starts after the last item's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing<T> {
    /// The rows, in order.
    pub items: Vec<T>,
    /// Whether more rows follow.
    pub more: bool,
}
