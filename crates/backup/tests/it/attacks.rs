//! What somebody who holds the place can do, and what comes of it.

use std::io::{self, Read};

use backup::{Backup, BackupNote, Keep, Kind, NotANote, ReadError, WriteError, sweep};
use domain::TimeMs;

use crate::house::{DAY_MS, House, root, tenants};

const ONE: &[u8] = b"everything of the first workspace";
const TWO: &[u8] = b"everything of the second workspace";

#[test]
fn what_was_backed_up_comes_back() {
    let mut house = House::new();
    let note = house.back_up([ONE, TWO], 0);
    assert_eq!((note.number, note.parts), (1, 3));
    assert_eq!(house.restore(1).unwrap(), [ONE, TWO]);
}

#[test]
fn a_flipped_byte_and_a_missing_byte_anywhere_are_refused() {
    let mut house = House::new();
    house.back_up([ONE, TWO], 0);
    for path in house.files() {
        let whole = std::fs::read(&path).unwrap();
        for place in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[place] ^= 1;
            std::fs::write(&path, &flipped).unwrap();
            assert!(house.restore(1).is_err(), "byte {place} of {}", path.display());
        }
        for end in [0, 1, whole.len() / 2, whole.len() - 1] {
            std::fs::write(&path, &whole[..end]).unwrap();
            assert!(house.restore(1).is_err(), "{end} bytes of {}", path.display());
        }
        std::fs::remove_file(&path).unwrap();
        assert!(house.restore(1).is_err(), "without {}", path.display());
        std::fs::write(&path, &whole).unwrap();
    }
    house.restore(1).unwrap();
}

#[test]
fn parts_swapped_between_workspaces_and_between_backups_are_refused() {
    let mut house = House::new();
    house.back_up([ONE, TWO], 0);
    house.back_up([TWO, ONE], 1);
    let parts: Vec<_> = house
        .files()
        .into_iter()
        .filter(|path| path.parent().unwrap().ends_with("parts"))
        .collect();
    assert_eq!(parts.len(), 6);
    for one in &parts {
        for other in &parts {
            if one == other {
                continue;
            }
            let whole = std::fs::read(one).unwrap();
            std::fs::copy(other, one).unwrap();
            assert!(house.restore(1).is_err() || house.restore(2).is_err());
            std::fs::write(one, whole).unwrap();
        }
    }
    assert_eq!(house.restore(2).unwrap(), [TWO, ONE]);
}

#[test]
fn an_old_note_under_a_new_number_is_refused() {
    let mut house = House::new();
    house.back_up([ONE, TWO], 0);
    for ending in ["note", "contents"] {
        let name = |number: u32| house.path(&format!("notes/{number:010}.{ending}"));
        std::fs::copy(name(1), name(9)).unwrap();
    }
    assert!(matches!(house.restore(9), Err(ReadError::Moved { number: 9 })));
}

#[test]
fn a_note_that_another_key_or_nobody_signed_is_refused() {
    let mut house = House::new();
    house.back_up([ONE, TWO], 0);
    let path = house.path("notes/0000000001.note");
    let signed = std::fs::read_to_string(&path).unwrap();
    let (text, line) = signed.split_once("\n\n").unwrap();
    let forged = format!("{text}\n\n{}", line.replace("casemate/", "casemates/"));
    std::fs::write(&path, forged).unwrap();
    let refused = house.restore(1);
    let unsigned = matches!(refused, Err(ReadError::Note { source: NotANote::Unsigned, .. }));
    assert!(unsigned, "{refused:?}");
    std::fs::write(&path, format!("{text}\n")).unwrap();
    assert!(matches!(house.restore(1), Err(ReadError::Note { source: NotANote::Form, .. })));
}

#[test]
fn another_root_key_is_refused_and_the_right_one_is_named() {
    let mut house = House::new();
    let note = house.back_up([ONE, TWO], 0);
    assert_eq!(note.root, house.root.id());
    match house.restore_with(1, &root(2)) {
        Err(ReadError::Sealed { source: seal::StreamError::OtherKey(needed), .. }) => {
            assert_eq!(needed, house.root.id());
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_note_of_a_newer_format_is_called_newer() {
    let mut house = House::new();
    house.back_up([ONE, TWO], 0);
    let path = house.path("notes/0000000001.note");
    let newer = std::fs::read_to_string(&path).unwrap().replace("format 1", "format 2");
    std::fs::write(&path, newer).unwrap();
    let refused = house.restore(1);
    let newer =
        matches!(refused, Err(ReadError::Note { source: NotANote::Newer { found: 2 }, .. }));
    assert!(newer, "{refused:?}");
}

#[test]
fn what_did_not_change_is_sent_once_and_sent_again_when_its_part_is_gone() {
    let mut house = House::new();
    house.back_up([ONE, TWO], 0);
    let count = |house: &House| std::fs::read_dir(house.path("parts")).unwrap().count();
    assert_eq!(count(&house), 3);
    house.back_up([ONE, b"changed"], 1);
    assert_eq!(count(&house), 5, "one workspace and an index");
    // A part that was cut is not believed to be there.
    for entry in std::fs::read_dir(house.path("parts")).unwrap() {
        std::fs::write(entry.unwrap().path(), b"cut").unwrap();
    }
    house.back_up([ONE, b"changed"], 2);
    assert_eq!(house.restore(3).unwrap(), [ONE, b"changed"]);
    // After the root key was turned, nothing of before is taken over.
    house.root = root(3);
    house.back_up([ONE, b"changed"], 3);
    assert_eq!(house.restore(4).unwrap(), [ONE, b"changed"]);
}

#[test]
fn old_backups_go_with_the_parts_that_nobody_needs_and_no_others() {
    let mut house = House::new();
    for number in 0..4 {
        house.back_up([ONE, format!("day {number}").as_bytes()], number * DAY_MS);
    }
    let keep = Keep { count: 1, age_ms: 2 * DAY_MS };
    let what = (house.instance, Kind::Data);
    let swept = sweep(&house.place, what, keep, TimeMs(4 * DAY_MS)).unwrap();
    assert_eq!((swept.backups, swept.parts), (2, 4));
    for gone in [1, 2] {
        assert!(house.restore(gone).is_err());
    }
    assert_eq!(house.restore(3).unwrap()[0], ONE, "its part is shared, and stays");
    let all = Keep { count: 1, age_ms: 0 };
    sweep(&house.place, what, all, TimeMs(100 * DAY_MS)).unwrap();
    assert_eq!(house.restore(4).unwrap()[1], b"day 3", "the newest is kept however old");
}

#[test]
fn a_note_that_cannot_be_read_stops_the_sweep() {
    let mut house = House::new();
    house.back_up([ONE, TWO], 0);
    house.back_up([TWO, ONE], 1);
    std::fs::write(house.path("notes/0000000001.note"), "damaged").unwrap();
    let keep = Keep { count: 1, age_ms: 0 };
    let what = (house.instance, Kind::Data);
    assert!(sweep(&house.place, what, keep, TimeMs(9 * DAY_MS)).is_err());
    house.restore(2).unwrap();
}

/// A source that fails in the middle, as a disk does.
struct Failing(usize);

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0 -= 1;
        buffer.fill(7);
        Ok(buffer.len())
    }
}

#[test]
fn a_backup_that_broke_off_leaves_the_one_before_and_nothing_half_written() {
    let mut house = House::new();
    house.back_up([ONE, TWO], 0);
    let before = house.files();
    let name = tenants()[0].to_string();
    let mut writer = house.writer(1);
    let sent = writer.send(&name, tenants()[0].into_bytes(), &mut Failing(3), &[]);
    assert!(matches!(sent, Err(WriteError::Source { .. })));
    drop(writer);
    assert_eq!(house.files(), before);
    assert_eq!(house.restore(1).unwrap(), [ONE, TWO]);
}

#[test]
fn a_name_in_the_contents_never_leads_out_of_the_place() {
    let mut house = House::new();
    house.back_up([ONE, TWO], 0);
    let path = house.path("notes/0000000001.contents");
    let text = std::fs::read_to_string(&path).unwrap();
    let contents: serde_json::Value = serde_json::from_str(&text).unwrap();
    let id = contents["index"].as_str().unwrap();
    for evil in ["../../../etc/passwd", "/etc/passwd", "..", "a/b", ""] {
        assert!(backup::Contents::parse(text.replace(id, evil).as_bytes()).is_none(), "{evil}");
    }
    assert!(backup::Contents::parse(text.as_bytes()).is_some());
}

#[test]
fn a_claimed_note_is_believed_only_with_its_signature() {
    let mut house = House::new();
    house.back_up([ONE, TWO], 0);
    let signed = std::fs::read_to_string(house.path("notes/0000000001.note")).unwrap();
    let claimed = BackupNote::claimed(&signed).unwrap();
    assert_eq!(BackupNote::signed_by(&signed, &house.key), Ok(claimed));
    let lied = signed.replace("number 1", "number 2");
    assert!(BackupNote::claimed(&lied).is_ok());
    assert_eq!(BackupNote::signed_by(&lied, &house.key), Err(NotANote::Unsigned));
    let opened = Backup::open(&house.place, (house.instance, Kind::Data), 1).unwrap();
    opened.check_parts(&mut |_| {}).unwrap();
}
