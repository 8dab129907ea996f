//! Checks of folders, files and the disk.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::finding::{Check, Finding};
use crate::failure::{Teaches, chain};
use crate::format::{FORMAT, Format, FormatError};
use crate::layout::{DataFolder, Places};

/// Below this the platform soon stops writing.
const FREE_BYTES_FAIL: u64 = 128 * 1024 * 1024;
/// Below this somebody should make room.
const FREE_BYTES_WARN: u64 = 1024 * 1024 * 1024;
const _: () = assert!(FREE_BYTES_FAIL < FREE_BYTES_WARN);
/// Most offending paths that are named.
const PATHS_NAMED_MAX: usize = 5;
/// Deepest a folder of ours is.
const DEPTH_MAX: usize = 4;

/// Whether the layout is this program's.
pub(crate) fn format(data: &DataFolder, state: Result<Format, FormatError>) -> Finding {
    match state {
        Ok(Format::Current) => Finding::ok(Check::Format, format!("version {}", FORMAT)),
        Ok(Format::Fresh) => Finding::fail(
            Check::Format,
            format!("{} holds no finished installation", data.path().display()),
            "start it once: casemate up",
        ),
        Err(error) => Finding::fail(Check::Format, chain(&error), error.mend()),
    }
}

/// Whether only their owners reach what is in the folders.
pub(crate) fn permissions(places: &Places) -> Finding {
    let mut open = Vec::new();
    for (folder, depth) in [(places.data.path(), 0), (&places.config.slots(), 1)] {
        collect_open(folder, depth, &mut open);
    }
    let handout = places.config.recovery_code();
    if handout.symlink_metadata().is_ok_and(|meta| meta.mode() & 0o077 != 0) {
        open.push(handout);
    }
    if open.is_empty() {
        return Finding::ok(Check::Permissions, "folders and files are their owners' alone");
    }
    let named: Vec<String> =
        open.iter().take(PATHS_NAMED_MAX).map(|path| path.display().to_string()).collect();
    let more = open.len().saturating_sub(PATHS_NAMED_MAX);
    let and_more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Finding::fail(
        Check::Permissions,
        format!("others can reach {}{and_more}", named.join(", ")),
        format!("chmod -R go-rwx {}, or start `casemate up` again", named.join(" ")),
    )
}

/// The paths below `path` that give others a right. What others may do with a socket the broker
/// decides itself, by the peer's credentials. Shared folders (the data folder and `run` of a root
/// installation) are sticky: they let others pass or add names, and never list, read or remove.
fn collect_open(path: &Path, depth: usize, open: &mut Vec<PathBuf>) {
    let Ok(meta) = path.symlink_metadata() else { return };
    let mode = meta.mode();
    let kind = meta.file_type();
    let shared = kind.is_dir() && mode & 0o1000 != 0 && mode & 0o006 == 0;
    if (kind.is_dir() || kind.is_file()) && mode & 0o077 != 0 && !shared {
        open.push(path.to_owned());
    }
    if kind.is_dir() && depth < DEPTH_MAX {
        let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
        entries.for_each(|entry| collect_open(&entry.path(), depth + 1, open));
    }
}

/// Whether there is room on the data folder's disk.
pub(crate) fn disk_space(data: &DataFolder) -> Finding {
    match rustix::fs::statvfs(data.path()) {
        Ok(disk) => judge_disk(data.path(), disk.f_bavail.saturating_mul(disk.f_frsize)),
        Err(error) => Finding::fail(
            Check::DiskSpace,
            format!("{} cannot be measured: {error}", data.path().display()),
            "see that its disk is mounted",
        ),
    }
}

fn judge_disk(path: &Path, free: u64) -> Finding {
    let seen = format!("{} MiB free", free / (1024 * 1024));
    let mend = format!("free space on the disk that holds {}", path.display());
    match free {
        free if free < FREE_BYTES_FAIL => Finding::fail(Check::DiskSpace, seen, mend),
        free if free < FREE_BYTES_WARN => Finding::warn(Check::DiskSpace, seen, mend),
        _ => Finding::ok(Check::DiskSpace, seen),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;
    use crate::folders;
    use crate::format::examine;

    fn places(folder: &tempfile::TempDir) -> Places {
        let settings = folder.path().join("etc/casemate.toml");
        let places = Places::new(&folder.path().join("data"), &settings).unwrap();
        folders::make(&places.data.tenants(), 0o700).unwrap();
        folders::make(places.data.path(), 0o700).unwrap();
        folders::make(&places.config.slots(), 0o700).unwrap();
        places
    }

    #[test]
    fn format_is_red_for_a_newer_a_damaged_and_an_unfinished_folder() {
        let folder = tempfile::tempdir().unwrap();
        let data = places(&folder).data;
        assert_eq!(format(&data, examine(&data)).verdict, Verdict::Fail, "unfinished");
        for text in ["2\n", "", "one"] {
            std::fs::write(data.format(), text).unwrap();
            let finding = format(&data, examine(&data));
            assert_eq!(finding.verdict, Verdict::Fail, "{text:?}");
            assert!(!finding.mend.is_empty());
        }
        std::fs::write(data.format(), "1\n").unwrap();
        assert_eq!(format(&data, examine(&data)).verdict, Verdict::Ok);
    }

    #[test]
    fn permissions_are_red_for_one_readable_file_and_name_it() {
        let folder = tempfile::tempdir().unwrap();
        let places = places(&folder);
        let unit = places.data.tenants().join("unit.db");
        folders::write_whole(&unit, b"").unwrap();
        assert_eq!(permissions(&places).verdict, Verdict::Ok);
        for mode in [0o640, 0o604, 0o620, 0o602] {
            folders::set_mode(&unit, mode).unwrap();
            let finding = permissions(&places);
            assert_eq!(finding.verdict, Verdict::Fail, "{mode:o}");
            assert!(finding.seen.contains("unit.db") && finding.mend.contains("unit.db"));
        }
    }

    #[test]
    fn permissions_are_red_for_a_readable_slot_and_for_an_open_folder() {
        let folder = tempfile::tempdir().unwrap();
        let places = places(&folder);
        let slot = places.config.slots().join("recovery.slot");
        folders::write_whole(&slot, b"").unwrap();
        folders::set_mode(&slot, 0o644).unwrap();
        assert_eq!(permissions(&places).verdict, Verdict::Fail);
        folders::set_mode(&slot, 0o600).unwrap();
        assert_eq!(permissions(&places).verdict, Verdict::Ok);
        folders::set_mode(places.data.path(), 0o755).unwrap();
        assert_eq!(permissions(&places).verdict, Verdict::Fail);
    }

    #[test]
    fn disk_space_is_red_when_little_is_left() {
        let at = |free| judge_disk(Path::new("/d"), free).verdict;
        assert_eq!(at(0), Verdict::Fail);
        assert_eq!(at(FREE_BYTES_FAIL), Verdict::Warn);
        assert_eq!(at(FREE_BYTES_WARN), Verdict::Ok);
        let folder = tempfile::tempdir().unwrap();
        let gone = Places::new(&folder.path().join("x"), &folder.path().join("c/casemate.toml"));
        assert_eq!(disk_space(&gone.unwrap().data).verdict, Verdict::Fail);
    }
}
