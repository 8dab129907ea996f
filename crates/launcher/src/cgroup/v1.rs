//! One hierarchy for each controller.
//!
//! Source: the kernel's `Documentation/admin-guide/cgroup-v1/`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process};

use super::{Usage, read_keyed, read_number, write};
use crate::spec::Limits;

const PERIOD_US: u64 = 100_000;
/// How often the processes of a group are listed and ended: each time the list is shorter, since a
/// frozen group forks nothing.
const ROUNDS_MAX: u32 = 100;

/// This process's own group in each hierarchy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hierarchies {
    memory: PathBuf,
    pids: PathBuf,
    cpu: PathBuf,
    /// Counts processor time; on most hosts one with `cpu`.
    cpuacct: PathBuf,
}

impl Hierarchies {
    pub(super) fn find(mounted: &Path, own: &str) -> Option<Self> {
        let of = |wanted: &str| {
            own.lines().find_map(|line| {
                let (_, rest) = line.split_once(':')?;
                let (controllers, path) = rest.split_once(":/")?;
                let has = controllers.split(',').any(|controller| controller == wanted);
                let folder = mounted.join(controllers).join(path);
                (has && folder.is_dir()).then_some(folder)
            })
        };
        Some(Self {
            memory: of("memory")?,
            pids: of("pids")?,
            cpu: of("cpu")?,
            cpuacct: of("cpuacct")?,
        })
    }

    pub(super) fn pids(&self) -> &Path {
        &self.pids
    }

    /// Each once: two controllers may share a hierarchy.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        let mut folders =
            vec![self.memory.clone(), self.pids.clone(), self.cpu.clone(), self.cpuacct.clone()];
        folders.sort();
        folders.dedup();
        folders
    }
}

pub(super) fn make(at: &Hierarchies, name: &str, limits: &Limits) -> io::Result<()> {
    at.folders().iter().try_for_each(|folder| fs::create_dir(folder.join(name)))?;
    let memory = at.memory.join(name);
    write(&memory, "memory.limit_in_bytes", limits.memory_bytes)?;
    // With swap accounting the sum is limited too; without it the file is not there.
    match write(&memory, "memory.memsw.limit_in_bytes", limits.memory_bytes) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    write(&at.pids.join(name), "pids.max", limits.processes)?;
    let cpu = at.cpu.join(name);
    write(&cpu, "cpu.cfs_period_us", PERIOD_US)?;
    write(&cpu, "cpu.cfs_quota_us", u64::from(limits.cpu_millis) * PERIOD_US / 1_000)
}

pub(super) fn usage(at: &Hierarchies, name: &str) -> io::Result<Usage> {
    let (memory, pids) = (at.memory.join(name), at.pids.join(name));
    Ok(Usage {
        memory_bytes: read_number(&memory, "memory.usage_in_bytes")?,
        processes: read_number(&pids, "pids.current")?,
        cpu_us: read_number(&at.cpuacct.join(name), "cpuacct.usage")? / 1_000,
        memory_kills: read_keyed(&memory, "memory.oom_control", "oom_kill")?,
        refused_forks: read_keyed(&pids, "pids.events", "max")?,
    })
}

/// Ends every process: no more are forked, since the limit is down to none.
pub(super) fn kill(at: &Hierarchies, name: &str) -> io::Result<()> {
    let pids = at.pids.join(name);
    write(&pids, "pids.max", 0)?;
    for _ in 0..ROUNDS_MAX {
        let listed = fs::read_to_string(pids.join("cgroup.procs"))?;
        let processes = listed.lines().filter_map(|line| Pid::from_raw(line.parse().ok()?));
        let mut left = false;
        for process in processes {
            left = true;
            // One that has ended meanwhile is what is wanted.
            let _ = kill_process(process, Signal::KILL);
        }
        if !left {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    Err(io::ErrorKind::TimedOut.into())
}
