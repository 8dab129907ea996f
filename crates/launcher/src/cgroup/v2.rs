//! One hierarchy for all controllers.
//!
//! Source: the kernel's `Documentation/admin-guide/cgroup-v2.rst`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Usage, read_keyed, read_number, write};
use crate::spec::Limits;

/// The length of a period in which processor time is counted, in microseconds.
const PERIOD_US: u64 = 100_000;

/// The folder of this process's own group, when all three controllers are there; nothing when the
/// host's controllers belong to the older form.
pub(super) fn find(mounted: &Path, own: &str) -> io::Result<Option<PathBuf>> {
    let Some(below) = own.lines().find_map(|line| line.strip_prefix("0::/")) else {
        return Ok(None);
    };
    let folder = mounted.join(below);
    let Ok(controllers) = fs::read_to_string(folder.join("cgroup.controllers")) else {
        return Ok(None);
    };
    let has = |name: &str| controllers.split_whitespace().any(|given| given == name);
    if !(has("memory") && has("pids") && has("cpu")) {
        return Ok(None);
    }
    Ok(Some(folder))
}

pub(super) fn make(below: &Path, name: &str, limits: &Limits) -> io::Result<()> {
    write(below, "cgroup.subtree_control", "+cpu +memory +pids")?;
    let folder = below.join(name);
    fs::create_dir(&folder)?;
    write(&folder, "memory.max", limits.memory_bytes)?;
    write(&folder, "memory.swap.max", 0)?;
    // One process too many for the memory ends the program, not a random part of it.
    write(&folder, "memory.oom.group", 1)?;
    write(&folder, "pids.max", limits.processes)?;
    let quota = u64::from(limits.cpu_millis) * PERIOD_US / 1_000;
    write(&folder, "cpu.max", format!("{quota} {PERIOD_US}"))
}

pub(super) fn usage(folder: &Path) -> io::Result<Usage> {
    Ok(Usage {
        memory_bytes: read_number(folder, "memory.current")?,
        processes: read_number(folder, "pids.current")?,
        cpu_us: read_keyed(folder, "cpu.stat", "usage_usec")?,
        memory_kills: read_keyed(folder, "memory.events", "oom_kill")?,
        refused_forks: read_keyed(folder, "pids.events", "max")?,
    })
}
