//! A log as files: where its tiles and bundles of entries are found, and what is in them.
//!
//! Always true
//! 1. A path has one spelling; anything else names nothing.
//! 2. A tile is cut from complete nodes only, so a path names the same bytes for ever.
//!
//! Source: C2SP tlog-tiles.

use crate::tree::{Hash, NodePosition, NodeSource};

/// Hashes of a full tile, and entries of a full bundle.
pub const TILE_WIDTH: u64 = 256;
/// Longest entry of a bundle: its length has 16 bits.
pub const TILE_ENTRY_BYTES_MAX: usize = u16::MAX as usize;
const TILE_LEVELS: u8 = 64;
/// Each level of tiles covers this many levels of the tree.
const TREE_LEVELS_PER_TILE: u8 = 8;

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TileKind {
    /// Hashes of this level of tiles.
    Hashes(u8),
    /// The entries themselves.
    Entries,
}

/// One tile of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TilePath {
    /// Hashes or entries.
    pub kind: TileKind,
    /// From the left on its level.
    pub index: u64,
    /// How many hashes or entries: 1 to 256.
    pub width: u64,
}

impl TilePath {
    /// Reads what follows `tile/` in an address: `<L>/<N>[.p/<W>]` or `entries/<N>[.p/<W>]`.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let (first, rest) = path.split_once('/')?;
        let kind = match first {
            "entries" => TileKind::Entries,
            level => TileKind::Hashes(small(level).filter(|level| *level < TILE_LEVELS)?),
        };
        let (number, width) = match rest.split_once(".p/") {
            None => (rest, TILE_WIDTH),
            Some((number, width)) => (number, u64::from(small(width).filter(|width| *width > 0)?)),
        };
        let index = index_of(number)?;
        let tile = Self { kind, index, width };
        // Only what is written by the same rule is read.
        (tile.text() == path).then_some(tile)
    }

    /// The address after `tile/`.
    #[must_use]
    pub fn text(&self) -> String {
        let level = match self.kind {
            TileKind::Hashes(level) => level.to_string(),
            TileKind::Entries => "entries".to_owned(),
        };
        let (mut number, mut left) = (format!("{:03}", self.index % 1_000), self.index / 1_000);
        while left > 0 {
            number = format!("x{:03}/{number}", left % 1_000);
            left /= 1_000;
        }
        let partial =
            if self.width == TILE_WIDTH { String::new() } else { format!(".p/{}", self.width) };
        format!("{level}/{number}{partial}")
    }

    /// The first hash or entry of the tile on its level.
    #[must_use]
    pub const fn start(&self) -> Option<u64> {
        self.index.checked_mul(TILE_WIDTH)
    }

    /// Whether a log of `size` entries has this tile, whole or as the beginning of a wider one.
    #[must_use]
    pub fn is_within(&self, size: u64) -> bool {
        let level = match self.kind {
            TileKind::Entries => 0,
            TileKind::Hashes(level) => level,
        };
        let on_level = size.checked_shr(u32::from(level) * u32::from(TREE_LEVELS_PER_TILE));
        let end = self.start().and_then(|start| start.checked_add(self.width));
        end.is_some_and(|end| end <= on_level.unwrap_or(0))
    }

    /// The tree nodes of a tile of hashes, left to right. None for a bundle, and none for a level
    /// that no log reaches.
    pub fn positions(&self) -> impl Iterator<Item = NodePosition> + use<> {
        let level = match self.kind {
            TileKind::Hashes(level) => level.checked_mul(TREE_LEVELS_PER_TILE),
            TileKind::Entries => None,
        };
        let (start, width) = (self.start().unwrap_or(u64::MAX), self.width);
        level.into_iter().flat_map(move |level| {
            (0..width).map(move |at| NodePosition { level, index: start.saturating_add(at) })
        })
    }
}

/// The bytes of a tile of hashes; `None` when a node is not there.
///
/// # Errors
/// The source's.
pub fn tile_bytes<S: NodeSource>(
    source: &mut S,
    tile: &TilePath,
) -> Result<Option<Vec<u8>>, S::Error> {
    let mut bytes = Vec::new();
    for position in tile.positions() {
        let Some(hash) = source.node(position)? else { return Ok(None) };
        bytes.extend_from_slice(&hash);
    }
    Ok(Some(bytes))
}

/// Appends one entry in the form of a bundle; `false` when it is too long for one.
#[must_use]
pub fn push_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> bool {
    let Ok(length) = u16::try_from(entry.len()) else { return false };
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    true
}

/// Takes the first entry off a bundle; `None` at its end, and when it is cut off.
#[must_use]
pub fn split_entry(bundle: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bundle.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

/// The tiles that hold a log of `size` entries on the level of the entries.
pub fn entry_tiles(size: u64) -> impl Iterator<Item = TilePath> {
    let (full, left) = (size / TILE_WIDTH, size % TILE_WIDTH);
    let whole =
        (0..full).map(|index| TilePath { kind: TileKind::Entries, index, width: TILE_WIDTH });
    let last = TilePath { kind: TileKind::Entries, index: full, width: left };
    whole.chain((left > 0).then_some(last))
}

/// The hashes of a tile.
#[must_use]
pub fn hashes(bytes: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    rest.is_empty().then(|| hashes.to_vec())
}

fn small(text: &str) -> Option<u8> {
    crate::checkpoint::decimal(text).and_then(|number| u8::try_from(number).ok())
}

/// `x001/x234/067` is 1234067.
fn index_of(text: &str) -> Option<u64> {
    let mut index = 0_u64;
    for part in text.split('/') {
        let digits = part.strip_prefix('x').unwrap_or(part);
        if digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        index = index.checked_mul(1_000)?.checked_add(digits.parse().ok()?)?;
    }
    Some(index)
}
