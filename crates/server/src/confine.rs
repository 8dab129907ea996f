//! Landlock: `serve` gives up every file but its own, so that a hole in it does not reach the
//! unseal slots or the broker's key store, even where all processes run as one user.
//!
//! Always true
//! 1. It is called before the first thread starts: Landlock binds the calling thread and those it
//!    starts.
//! 2. What is allowed is listed; the slots and the key store are on no list, so a new place is
//!    refused, not overlooked.
//!
//! Honest limit: an older kernel enforces less, or nothing. [`Confinement`] says so, the log shows
//! it, and `doctor` reports it.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus,
};
use rustix::process::{Resource, Rlimit, setrlimit};

/// How much the kernel enforces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confinement {
    /// Everything asked for.
    Full,
    /// Less: the kernel is older.
    Partial,
    /// Nothing: the kernel has no Landlock, or it is switched off.
    None,
}

/// What is left to this process.
#[derive(Debug, Clone)]
pub struct Reach {
    /// The data folder: of its top, only the files in [`TOP_FILES`].
    pub data: PathBuf,
    /// Folders that are read and written.
    pub written: Vec<PathBuf>,
    /// Files and folders that are only read.
    pub read: Vec<PathBuf>,
}

/// The files at the top of the data folder that `serve` uses. They are opened one by one: a right
/// on the folder would reach the key store, which lies in it.
pub const TOP_FILES: [&str; 5] =
    ["control.db", "control.db-wal", "control.db-shm", "FORMAT", "lock"];

/// The newest kernel interface that is asked for; older ones enforce what they know.
const INTERFACE: ABI = ABI::V5;

/// Gives up everything outside of `reach`, for this thread and those it starts, and that a crash
/// leaves a core file.
///
/// # Errors
/// The system's, when a place in `reach` cannot be prepared or the kernel refuses.
pub fn confine(reach: &Reach) -> io::Result<Confinement> {
    // A value that was just revealed would lie in the core file of a crash.
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none)?;
    prepare(reach)?;
    match restrict(reach) {
        Ok(RulesetStatus::FullyEnforced) => Ok(Confinement::Full),
        Ok(RulesetStatus::PartiallyEnforced) => Ok(Confinement::Partial),
        Ok(RulesetStatus::NotEnforced) => Ok(Confinement::None),
        Err(error) => Err(io::Error::other(error)),
    }
}

/// A rule needs something to point at. SQLite takes empty files for its log and index.
fn prepare(reach: &Reach) -> io::Result<()> {
    reach.written.iter().try_for_each(fs::create_dir_all)?;
    for name in TOP_FILES.iter().filter(|name| name.starts_with("control.db")) {
        let mut options = OpenOptions::new();
        options.create(true).append(true).mode(0o600).open(reach.data.join(name))?;
    }
    Ok(())
}

fn restrict(reach: &Reach) -> Result<RulesetStatus, RulesetError> {
    let everything = AccessFs::from_all(INTERFACE);
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(everything)?
        .create()?;
    let reading = AccessFs::from_read(INTERFACE) & !AccessFs::Execute;
    let writing = everything & !AccessFs::Execute;
    for folder in &reach.written {
        rules = allow(rules, folder, writing)?;
    }
    for place in &reach.read {
        rules = allow(rules, place, reading)?;
    }
    for name in TOP_FILES {
        rules = allow(rules, &reach.data.join(name), writing)?;
    }
    // The folder itself is listed and nothing more: SQLite opens it to make a new file's name
    // durable.
    rules = allow(rules, &reach.data, AccessFs::ReadDir.into())?;
    rules.restrict_self().map(|status| status.ruleset)
}

/// Adds a rule for a place that exists; what does not exist needs no right.
fn allow(
    rules: RulesetCreated,
    place: &Path,
    access: landlock::BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    let Ok(open) = PathFd::new(place) else { return Ok(rules) };
    let access = if place.is_dir() { access } else { access & AccessFs::from_file(INTERFACE) };
    rules.add_rule(PathBeneath::new(open, access))
}
