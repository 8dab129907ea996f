//! Tiles: paths as the specification spells them, and trees that another implementation reads back.
//!
//! Source: C2SP tlog-tiles; the oracle is the crate `tlog_tiles` (BSD-3-Clause), whose paths have
//! the tile's height in front.

use ledger::tiles::{
    TILE_WIDTH, TileKind, TilePath, entry_tiles, push_entry, split_entry, tile_bytes,
};
use ledger::tree::leaf_hash;
use proptest::prelude::*;
use tlog_tiles::{HashReader, Tile, TileHashReader, TileReader};

use crate::tree_growth::StoredTree;

#[test]
fn the_paths_of_the_specification_are_read() {
    for (path, kind, index, width) in [
        ("0/x001/x234/067", TileKind::Hashes(0), 1_234_067, 256),
        ("0/000", TileKind::Hashes(0), 0, 256),
        ("0/273.p/112", TileKind::Hashes(0), 273, 112),
        ("1/000", TileKind::Hashes(1), 0, 256),
        ("1/001.p/17", TileKind::Hashes(1), 1, 17),
        ("63/999.p/1", TileKind::Hashes(63), 999, 1),
        ("entries/x001/000.p/255", TileKind::Entries, 1_000, 255),
    ] {
        let tile = TilePath { kind, index, width };
        assert_eq!(TilePath::parse(path), Some(tile));
        assert_eq!(tile.text(), path);
    }
}

#[test]
fn any_other_spelling_names_nothing() {
    for path in [
        "",
        "0",
        "0/",
        "/000",
        "64/000",
        "00/000",
        "0/00",
        "0/0000",
        "0/1",
        "0/x000/000",
        "0/001/000",
        "0/x001",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/01",
        "0/000.p",
        "0/000.p/",
        "0/000.p/1/",
        "data/000",
        "entries/",
        "entries/-01",
        "0/+01",
        "0/000/",
        "0/../000",
        "0/%30%30%30",
        "0/x999/x999/x999/x999/x999/x999/x999/999",
    ] {
        assert_eq!(TilePath::parse(path), None, "{path}");
    }
}

#[test]
fn a_log_of_70000_entries_has_the_tiles_that_the_specification_counts() {
    let within = |path: &str| TilePath::parse(path).unwrap().is_within(70_000);
    for there in ["0/272", "0/273.p/112", "1/000", "1/001.p/17", "2/000.p/1", "entries/273.p/112"] {
        assert!(within(there), "{there}");
    }
    for absent in
        ["0/273", "0/273.p/113", "1/001", "1/001.p/18", "2/000.p/2", "3/000.p/1", "63/000"]
    {
        assert!(!within(absent), "{absent}");
    }
    let bundles: Vec<TilePath> = entry_tiles(70_000).collect();
    assert_eq!(bundles.len(), 274);
    assert_eq!(bundles[273].text(), "entries/273.p/112");
    assert_eq!(entry_tiles(TILE_WIDTH).count(), 1);
    assert_eq!(entry_tiles(0).count(), 0);
}

/// Our tiles, as the oracle asks for them.
struct Served(std::cell::RefCell<StoredTree>, u64);

impl TileReader for Served {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let tiles = tiles.iter().map(|tile| {
            let path = tile.path();
            let ours = TilePath::parse(path.strip_prefix("tile/8/").unwrap()).unwrap();
            assert!(ours.is_within(self.1), "{path} of {}", self.1);
            tile_bytes(&mut *self.0.borrow_mut(), &ours).unwrap().unwrap()
        });
        Ok(tiles.collect())
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

#[test]
fn another_implementation_reads_every_leaf_back_out_of_our_tiles() {
    let leaf = |index: u64| leaf_hash(&index.to_be_bytes());
    for size in [1_u64, 2, 255, 256, 257, 511, 512, 700, 65_536, 66_000] {
        let tree = StoredTree::grown((0..size).map(leaf));
        let root = tlog_tiles::Hash(tree.root(size));
        let served = Served(tree.into(), size);
        let reader = TileHashReader::new(size, root, &served);
        let wanted: Vec<u64> = (0..size).step_by(usize::try_from(size / 7 + 1).unwrap()).collect();
        let indexes: Vec<u64> =
            wanted.iter().map(|index| tlog_tiles::stored_hash_index(0, *index)).collect();
        // The oracle refuses tiles that do not add up to the root.
        let hashes = reader.read_hashes(&indexes).unwrap();
        for (hash, index) in hashes.iter().zip(&wanted) {
            assert_eq!(hash.0, leaf(*index), "leaf {index} of {size}");
            let proof = tlog_tiles::prove_record(size, *index, &reader).unwrap();
            assert!(tlog_tiles::check_record(&proof, size, root, *index, *hash).is_ok());
        }
    }
}

#[test]
fn a_bundle_gives_its_entries_back_and_ends_where_it_is_cut() {
    let entries = [&b""[..], b"a", &[7; 65_535]];
    let mut bundle = Vec::new();
    assert!(entries.iter().all(|entry| push_entry(&mut bundle, entry)));
    assert!(!push_entry(&mut bundle, &[7; 65_536]));
    let mut rest = &bundle[..];
    for entry in entries {
        let (found, after) = split_entry(rest).unwrap();
        assert_eq!(found, entry);
        rest = after;
    }
    assert!(rest.is_empty() && split_entry(rest).is_none());
    for end in [0, 1, 2 + 2, bundle.len() - 1] {
        let mut cut = &bundle[..end];
        while let Some((_, after)) = split_entry(cut) {
            cut = after;
        }
        assert!(cut.len() < bundle.len());
    }
}

proptest! {
    #[test]
    fn a_path_that_is_read_is_written_the_same(path in "[0-9x./pentris]{0,30}") {
        if let Some(tile) = TilePath::parse(&path) {
            prop_assert_eq!(tile.text(), path);
        }
    }

    #[test]
    fn every_tile_has_a_path(level in 0_u8..64, index in any::<u64>(), width in 1_u64..=256) {
        let tile = TilePath { kind: TileKind::Hashes(level), index, width };
        prop_assert_eq!(TilePath::parse(&tile.text()), Some(tile));
    }
}
