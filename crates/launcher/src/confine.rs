//! What a process gives up before it becomes the program: capabilities, rights on files, ports and
//! signals, resources, system calls.
//!
//! Always true: each of these binds every process that comes after, and none can be undone.

use std::io;
use std::path::PathBuf;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, NetPort, PathBeneath, PathFd,
    PathFdError, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{
    CapabilitiesSecureBits, CapabilitySet, CapabilitySets, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities, set_capabilities_secure_bits,
    set_no_new_privs,
};

use crate::fault::{At, Fault, Layer};
use crate::seccomp::Filters;
use crate::spec::{Reach, Sandbox};

/// The interface of Landlock that is needed: files, ports, signals and abstract sockets.
const INTERFACE: ABI = ABI::V6;

/// Gives up every capability, and every way to one.
pub(crate) fn drop_capabilities() -> Result<(), Fault> {
    let none = CapabilitySet::empty();
    let drop = || -> rustix::io::Result<()> {
        clear_ambient_capability_set()?;
        for number in 0..=last_capability() {
            let Some(capability) = CapabilitySet::from_bits(1 << number) else { continue };
            remove_capability_from_bounding_set(capability)?;
        }
        let bits = CapabilitiesSecureBits::NO_ROOT
            | CapabilitiesSecureBits::NO_ROOT_LOCKED
            | CapabilitiesSecureBits::NO_SETUID_FIXUP
            | CapabilitiesSecureBits::NO_SETUID_FIXUP_LOCKED
            | CapabilitiesSecureBits::KEEP_CAPS_LOCKED
            | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE
            | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE_LOCKED;
        set_capabilities_secure_bits(bits)?;
        let sets = CapabilitySets { effective: none, permitted: none, inheritable: none };
        set_capabilities(None, sets)?;
        set_no_new_privs(true)
    };
    drop().at(Layer::Capabilities)
}

/// The kernel's last capability; what it does not know cannot be dropped.
fn last_capability() -> u32 {
    let text = std::fs::read_to_string("/proc/sys/kernel/cap_last_cap");
    text.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(40)
}

/// Bounds what one process may open and write; nothing of it is dumped when it crashes.
pub(crate) fn limit_resources(sandbox: &Sandbox) -> Result<(), Fault> {
    for (resource, value) in [
        (Resource::Nofile, sandbox.limits.open_files),
        (Resource::Fsize, sandbox.limits.file_bytes),
        (Resource::Core, 0),
        (Resource::Memlock, 8 << 20),
        (Resource::Msgqueue, 1 << 16),
    ] {
        // The host's own limit caps it: raising one takes a capability that a host may not give.
        let most = getrlimit(resource).maximum.unwrap_or(u64::MAX);
        let value = Some(value.min(most));
        setrlimit(resource, Rlimit { current: value, maximum: value }).at(Layer::Rlimits)?;
    }
    Ok(())
}

/// Binds this process and all that come after to its own files, ports and signals.
pub(crate) fn restrict(sandbox: &Sandbox) -> Result<(), Fault> {
    let fault = |errno: i32| Fault { layer: Layer::Landlock, errno };
    match landlock(sandbox) {
        Ok(RulesetStatus::FullyEnforced) => Ok(()),
        Ok(_) => Err(fault(libc::ENOSYS)),
        Err(Refused) => Err(fault(libc::EINVAL)),
    }
}

/// A rule that the kernel or its interface does not take.
struct Refused;

impl From<RulesetError> for Refused {
    fn from(_: RulesetError) -> Self {
        Self
    }
}

impl From<PathFdError> for Refused {
    fn from(_: PathFdError) -> Self {
        Self
    }
}

fn landlock(sandbox: &Sandbox) -> Result<RulesetStatus, Refused> {
    let everything = AccessFs::from_all(INTERFACE);
    let reading = AccessFs::from_read(INTERFACE);
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(everything)?
        .handle_access(AccessNet::BindTcp)?
        .scope(Scope::from_all(INTERFACE))?
        .create()?;
    let root = match sandbox.root {
        Reach::Read => reading,
        Reach::Write => everything,
    };
    // The devices are files too: all of them are harmless to write.
    let mut allowed = vec![(PathBuf::from("/"), root), (PathBuf::from("/dev"), everything)];
    let written = sandbox.binds.iter().filter(|bind| bind.reach == Reach::Write);
    allowed.extend(written.map(|bind| (bind.target.clone(), everything & !AccessFs::Execute)));
    allowed.extend(sandbox.writable.iter().map(|place| (place.target.clone(), everything)));
    for (path, access) in allowed {
        let open = PathFd::new(&path)?;
        let access = if path.is_dir() { access } else { access & AccessFs::from_file(INTERFACE) };
        rules = rules.add_rule(PathBeneath::new(open, access))?;
    }
    for port in &sandbox.ports {
        rules = rules.add_rule(NetPort::new(*port, AccessNet::BindTcp))?;
    }
    Ok(rules.restrict_self()?.ruleset)
}

/// Puts the filters in place: the last thing before the program. The second allows no third.
pub(crate) fn filter(filters: &Filters) -> Result<(), Fault> {
    for filter in [&filters.no_clone3, &filters.listed] {
        seccompiler::apply_filter(filter)
            .map_err(|error| match error {
                seccompiler::Error::Seccomp(error) | seccompiler::Error::Prctl(error) => error,
                _ => io::Error::from_raw_os_error(libc::EINVAL),
            })
            .at(Layer::Seccomp)?;
    }
    Ok(())
}
