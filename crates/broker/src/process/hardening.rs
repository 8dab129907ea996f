//! What the broker process gives up before it touches a key.

use rustix::fs::Mode;
use rustix::process::{self, DumpableBehavior, Resource, Rlimit};

use crate::start_error::StartError;

/// Makes the process unreadable to others of the same user, and every file it makes private.
///
/// Non-dumpable means: no core dump, no `ptrace`, no `/proc/PID/mem`, no `process_vm_readv` for
/// anyone without `CAP_SYS_PTRACE`. The core limit stops dumps by pipe handlers as well.
///
/// # Errors
/// [`StartError::Unprotected`] when the kernel refuses; then no key may be loaded.
pub(crate) fn harden() -> Result<(), StartError> {
    process::umask(Mode::from_raw_mode(0o077));
    let refused = |errno: rustix::io::Errno| StartError::Unprotected(errno.into());
    let no_core = Rlimit { current: Some(0), maximum: Some(0) };
    process::setrlimit(Resource::Core, no_core).map_err(refused)?;
    process::set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(refused)?;
    match process::dumpable_behavior().map_err(refused)? {
        DumpableBehavior::NotDumpable => Ok(()),
        _ => Err(refused(rustix::io::Errno::PERM)),
    }
}
