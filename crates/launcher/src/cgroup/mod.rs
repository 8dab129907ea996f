//! Limits on memory, processes and processor time, on either form of the kernel's control groups.
//!
//! Always true
//! 1. A group has all three limits or is not made: [`Cgroups::find`] refuses a host that gives
//!    fewer.
//! 2. Groups are made below this process's own, so whatever bounds the platform bounds programs
//!    too.
//! 3. A group is removed with its last process; [`Group::kill`] ends them all, also those that
//!    hide from process groups and sessions.

mod v1;
mod v2;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::spec::Limits;

/// Where the control groups are mounted.
const MOUNTED: &str = "/sys/fs/cgroup";

/// What a program has used up, so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Memory now, in bytes.
    pub memory_bytes: u64,
    /// Processes and threads now.
    pub processes: u64,
    /// Processor time so far, in microseconds.
    pub cpu_us: u64,
    /// How many processes were ended for want of memory.
    pub memory_kills: u64,
    /// How many forks were refused.
    pub refused_forks: u64,
}

/// Which form of control groups the host has.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    /// One hierarchy for each controller.
    V1(v1::Hierarchies),
    /// One for all.
    V2(PathBuf),
}

/// The host's control groups, and what the names of ours begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cgroups {
    form: Form,
    prefix: String,
}

/// One program's group.
#[derive(Debug)]
pub struct Group {
    form: Form,
    name: String,
}

impl Cgroups {
    /// Finds what the host has. `house` tells the groups of two installations on one host apart:
    /// 1 to 40 letters and digits.
    ///
    /// # Errors
    /// The system's; [`io::ErrorKind::Unsupported`] when memory, processes and processor time
    /// cannot all be limited; [`io::ErrorKind::InvalidInput`] for another name.
    pub fn find(house: &str) -> io::Result<Self> {
        let own = fs::read_to_string("/proc/self/cgroup")?;
        Self::find_in(Path::new(MOUNTED), &own, house)
    }

    fn find_in(mounted: &Path, own: &str, house: &str) -> io::Result<Self> {
        let letters = house.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !(1..=40).contains(&house.len()) || !letters {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        // Without a dash in its name, no house is the beginning of another.
        let prefix = format!("casemate-{house}-");
        if let Some(folder) = v2::find(mounted, own)? {
            return Ok(Self { form: Form::V2(folder), prefix });
        }
        let found = v1::Hierarchies::find(mounted, own).ok_or(io::ErrorKind::Unsupported)?;
        Ok(Self { form: Form::V1(found), prefix })
    }

    /// 1 or 2.
    #[must_use]
    pub const fn version(&self) -> u8 {
        match self.form {
            Form::V1(_) => 1,
            Form::V2(_) => 2,
        }
    }

    /// Ends and removes every group that an earlier launcher left behind. For the one launcher of a
    /// host, when it starts.
    ///
    /// # Errors
    /// The system's.
    pub fn clear(&self) -> io::Result<()> {
        let folder = match &self.form {
            Form::V1(hierarchies) => hierarchies.pids(),
            Form::V2(folder) => folder,
        };
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.starts_with(&self.prefix) {
                let group = Group { form: self.form.clone(), name };
                group.kill()?;
                group.remove_when_empty()?;
            }
        }
        Ok(())
    }

    /// Makes a group with limits.
    ///
    /// # Errors
    /// The system's; what was made is removed again.
    pub fn make(&self, name: &str, limits: &Limits) -> io::Result<Group> {
        let group = Group { form: self.form.clone(), name: format!("{}{name}", self.prefix) };
        let made = match &group.form {
            Form::V1(hierarchies) => v1::make(hierarchies, &group.name, limits),
            Form::V2(folder) => v2::make(folder, &group.name, limits),
        };
        match made {
            Ok(()) => Ok(group),
            Err(error) => {
                let _ = group.remove();
                Err(error)
            }
        }
    }
}

impl Group {
    /// Puts a process into the group; what it forks is in it too.
    ///
    /// # Errors
    /// The system's.
    pub fn add(&self, process: u32) -> io::Result<()> {
        self.folders().try_for_each(|folder| write(&folder, "cgroup.procs", process))
    }

    /// What the group uses.
    ///
    /// # Errors
    /// The system's.
    pub fn usage(&self) -> io::Result<Usage> {
        match &self.form {
            Form::V1(hierarchies) => v1::usage(hierarchies, &self.name),
            Form::V2(folder) => v2::usage(&folder.join(&self.name)),
        }
    }

    /// Ends every process of the group.
    ///
    /// # Errors
    /// The system's.
    pub fn kill(&self) -> io::Result<()> {
        match &self.form {
            Form::V2(folder) => write(&folder.join(&self.name), "cgroup.kill", 1),
            Form::V1(hierarchies) => v1::kill(hierarchies, &self.name),
        }
    }

    /// Removes the group, which has no process any more.
    ///
    /// # Errors
    /// The system's, when it has.
    pub fn remove(&self) -> io::Result<()> {
        for folder in self.folders() {
            match fs::remove_dir(folder) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Removes the group, for whose last processes this waits a moment: they leave it a little
    /// after they are gone for their parent.
    ///
    /// # Errors
    /// The system's, when they do not.
    pub fn remove_when_empty(&self) -> io::Result<()> {
        let mut removed = self.remove();
        for _ in 0..200 {
            if removed.is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(2));
            removed = self.remove();
        }
        removed
    }

    fn folders(&self) -> impl Iterator<Item = PathBuf> {
        let folders = match &self.form {
            Form::V1(hierarchies) => hierarchies.folders().to_vec(),
            Form::V2(folder) => vec![folder.clone()],
        };
        folders.into_iter().map(|folder| folder.join(&self.name))
    }
}

fn write(folder: &Path, file: &str, value: impl ToString) -> io::Result<()> {
    fs::write(folder.join(file), value.to_string())
}

fn read_number(folder: &Path, file: &str) -> io::Result<u64> {
    let text = fs::read_to_string(folder.join(file))?;
    text.trim().parse().map_err(|_| io::ErrorKind::InvalidData.into())
}

/// The number behind `key` in a file of lines `key number`; 0 when it has none.
fn read_keyed(folder: &Path, file: &str, key: &str) -> io::Result<u64> {
    let text = fs::read_to_string(folder.join(file))?;
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
    Ok(line.and_then(|number| number.trim().parse().ok()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const V1_OWN: &str = "8:pids:/\n4:memory:/own\n3:cpuacct:/\n1:cpu,x:/a\n0::/\n";

    fn folders(below: &Path, names: &[&str]) {
        names.iter().for_each(|name| fs::create_dir_all(below.join(name)).unwrap());
    }

    #[test]
    fn a_host_that_cannot_limit_all_three_is_refused() {
        let host = tempfile::tempdir().unwrap();
        folders(host.path(), &["pids", "memory/own", "cpu,x/a", "cpuacct"]);
        let found = Cgroups::find_in(host.path(), V1_OWN, "h").unwrap();
        assert_eq!(found.version(), 1);
        for missing in ["pids", "memory", "cpu,x"] {
            let own: String = V1_OWN
                .lines()
                .filter(|line| !line.contains(missing))
                .map(|l| format!("{l}\n"))
                .collect();
            let refused = Cgroups::find_in(host.path(), &own, "h").unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::Unsupported, "{missing}");
        }
    }

    #[test]
    fn one_hierarchy_is_found_and_written_as_the_kernel_documents_it() {
        let host = tempfile::tempdir().unwrap();
        folders(host.path(), &["user.slice"]);
        let own = host.path().join("user.slice");
        fs::write(own.join("cgroup.controllers"), "cpuset cpu io memory pids\n").unwrap();
        fs::write(own.join("cgroup.subtree_control"), "").unwrap();
        let found = Cgroups::find_in(host.path(), "0::/user.slice\n", "h").unwrap();
        assert_eq!(found.version(), 2);
        let limits =
            Limits { memory_bytes: 64 << 20, processes: 20, cpu_millis: 250, ..Limits::default() };
        let group = found.make("run", &limits).unwrap();
        let folder = own.join("casemate-h-run");
        let read = |file: &str| fs::read_to_string(folder.join(file)).unwrap();
        assert_eq!(
            fs::read_to_string(own.join("cgroup.subtree_control")).unwrap(),
            "+cpu +memory +pids"
        );
        assert_eq!(read("memory.max"), "67108864");
        assert_eq!(read("memory.swap.max"), "0");
        assert_eq!(read("pids.max"), "20");
        assert_eq!(read("cpu.max"), "25000 100000");
        group.add(7).unwrap();
        assert_eq!(read("cgroup.procs"), "7");
        group.kill().unwrap();
        assert_eq!(read("cgroup.kill"), "1");
        for (file, text) in [
            ("memory.current", "1\n"),
            ("pids.current", "2\n"),
            ("cpu.stat", "usage_usec 3\nx 9\n"),
            ("memory.events", "oom 5\noom_kill 4\n"),
            ("pids.events", "max 6\n"),
        ] {
            fs::write(folder.join(file), text).unwrap();
        }
        let wanted =
            Usage { memory_bytes: 1, processes: 2, cpu_us: 3, memory_kills: 4, refused_forks: 6 };
        assert_eq!(group.usage().unwrap(), wanted);
        fs::write(own.join("cgroup.controllers"), "cpu memory\n").unwrap();
        assert!(Cgroups::find_in(host.path(), "0::/user.slice\n", "h").is_err());
    }
}
