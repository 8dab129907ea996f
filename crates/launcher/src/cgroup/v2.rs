//! One hierarchy for all controllers.
//!
//! Always true: a group that hands controllers down holds no process itself, as the kernel asks;
//! this process steps aside into a group of its own ([`OWN`]) when it has to.
//!
//! Source: the kernel's `Documentation/admin-guide/cgroup-v2.rst`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Usage, read_keyed, read_number, write};
use crate::spec::Limits;

/// The length of a period in which processor time is counted, in microseconds.
const PERIOD_US: u64 = 100_000;

/// Where this process goes when its group becomes the parent of others.
const OWN: &str = "casemate-own";

/// The folder of this process's own group, when all three controllers are there; nothing when the
/// host's controllers belong to the older form.
pub(super) fn find(mounted: &Path, own: &str) -> io::Result<Option<PathBuf>> {
    let Some(below) = own.lines().find_map(|line| line.strip_prefix("0::/")) else {
        return Ok(None);
    };
    let below = Path::new(below);
    // It may have stepped aside before.
    let below = if below.ends_with(OWN) { below.parent().unwrap_or(below) } else { below };
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
    hand_down(below)?;
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

/// Hands the controllers down to the groups below.
fn hand_down(below: &Path) -> io::Result<()> {
    let hand_down = || write(below, "cgroup.subtree_control", "+cpu +memory +pids");
    match hand_down() {
        Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
            step_aside(below)?;
            hand_down()
        }
        outcome => outcome,
    }
}

/// Moves every process of a group into one below it.
fn step_aside(below: &Path) -> io::Result<()> {
    let own = below.join(OWN);
    match fs::create_dir(&own) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let listed = fs::read_to_string(below.join("cgroup.procs"))?;
    for process in listed.lines() {
        // One that has ended meanwhile needs no place.
        match write(&own, "cgroup.procs", process) {
            Err(error) if error.raw_os_error() != Some(libc::ESRCH) => return Err(error),
            _ => {}
        }
    }
    Ok(())
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
