//! The root of its own: layers, places, devices; and the host's root is let go.
//!
//! Always true
//! 1. Nothing of the host stays mounted but what was listed; the old root is detached before the
//!    program exists.
//! 2. Every mount is without set-user-id programs and devices, but for the six harmless devices.
//! 3. What is written goes into bounded memory, or into a volume that was listed.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind_recursive, mount_change,
    mount_remount, unmount,
};

use crate::fault::{At, Fault, Layer};
use crate::spec::{Bind, Reach, Sandbox};

/// Devices that keep nothing and tell nothing.
const DEVICES: [&str; 5] = ["null", "zero", "full", "random", "urandom"];
/// Files of `/proc` that speak of the whole host.
const HIDDEN: [&str; 5] = ["kcore", "keys", "key-users", "sysrq-trigger", "timer_list"];

/// A part of the host, opened while its path could still be followed.
pub(crate) struct Opened {
    layers: Vec<OwnedFd>,
    binds: Vec<(OwnedFd, Bind)>,
    devices: Vec<(OwnedFd, &'static str)>,
}

/// Cuts the mounts off from the host's and opens what will be mounted. The process is still the
/// host user that may follow these paths.
pub(crate) fn open(sandbox: &Sandbox) -> Result<Opened, Fault> {
    let everything = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    mount_change("/", everything).at(Layer::Root)?;
    let at = |path: &Path| {
        rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).at(Layer::Root)
    };
    Ok(Opened {
        layers: sandbox.layers.iter().map(|layer| at(layer)).collect::<Result<_, _>>()?,
        binds: sandbox
            .binds
            .iter()
            .map(|bind| Ok((at(&bind.source)?, bind.clone())))
            .collect::<Result<_, _>>()?,
        devices: DEVICES
            .iter()
            .map(|name| Ok((at(&Path::new("/dev").join(name))?, *name)))
            .collect::<Result<_, _>>()?,
    })
}

/// Builds the root and makes it this process's.
pub(crate) fn enter(sandbox: &Sandbox, opened: &Opened) -> Result<(), Fault> {
    build(sandbox, opened).at(Layer::Root)
}

fn build(sandbox: &Sandbox, opened: &Opened) -> io::Result<()> {
    // Any folder will do: what is mounted there is seen by this process alone.
    let base = Path::new("/tmp");
    memory(base, sandbox.root_bytes)?;
    let root = base.join("root");
    fs::create_dir(&root)?;
    if !opened.layers.is_empty() {
        over_layers(base, &root, &opened.layers)?;
    }
    for (source, bind) in &opened.binds {
        mount_one(source, &below(&root, &bind.target), bind.reach)?;
    }
    for place in &sandbox.writable {
        let target = below(&root, &place.target);
        fs::create_dir_all(&target)?;
        memory(&target, place.bytes)?;
    }
    devices(&root.join("dev"), &opened.devices)?;
    processes(&root.join("proc"))?;
    // The new root stands on itself, so that the old one can go below it and be let go.
    if opened.layers.is_empty() {
        mount_bind_recursive(&root, &root)?;
    }
    rustix::process::chdir(&root)?;
    rustix::process::pivot_root(".", ".")?;
    unmount(".", UnmountFlags::DETACH)?;
    rustix::process::chdir("/")?;
    Ok(())
}

/// A bounded piece of memory as a file system.
fn memory(target: &Path, bytes: u64) -> io::Result<()> {
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    let options = CString::new(format!("size={bytes},mode=0755,nr_inodes=65536"))?;
    Ok(mount("tmpfs", target, "tmpfs", flags, options.as_c_str())?)
}

/// The layers, and over them what the program writes.
fn over_layers(base: &Path, root: &Path, layers: &[OwnedFd]) -> io::Result<()> {
    let (upper, work) = (base.join("upper"), base.join("work"));
    fs::create_dir(&upper)?;
    fs::create_dir(&work)?;
    // Descriptors in place of paths: a path could hold the letters that separate layers.
    let lower: Vec<_> = layers.iter().map(by_number).collect();
    let options = format!(
        "lowerdir={},upperdir={},workdir={},userxattr",
        lower.join(":"),
        upper.display(),
        work.display()
    );
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    let options = CString::new(options)?;
    Ok(mount("overlay", root, "overlay", flags, options.as_c_str())?)
}

fn by_number(opened: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", opened.as_raw_fd())
}

/// Mounts a part of the host: whatever is mounted inside of it too, each with the same limits.
fn mount_one(source: &OwnedFd, target: &Path, reach: Reach) -> io::Result<()> {
    let source = PathBuf::from(by_number(source));
    if fs::metadata(&source)?.is_dir() {
        fs::create_dir_all(target)?;
    } else if !target.exists() {
        fs::create_dir_all(target.parent().unwrap_or(target))?;
        fs::File::create_new(target)?;
    }
    rustix::mount::mount_bind(&source, target)?;
    let all = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::BIND;
    let flags = match reach {
        Reach::Read => all | MountFlags::RDONLY,
        Reach::Write => all | MountFlags::NOEXEC,
    };
    Ok(mount_remount(target, flags, c"")?)
}

fn devices(folder: &Path, devices: &[(OwnedFd, &'static str)]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
    mount("tmpfs", folder, "tmpfs", flags, c"size=64k,mode=0755,nr_inodes=64")?;
    for (device, name) in devices {
        let target = folder.join(name);
        fs::File::create(&target)?;
        rustix::mount::mount_bind(by_number(device), &target)?;
    }
    for (name, target) in [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
    ] {
        std::os::unix::fs::symlink(target, folder.join(name))?;
    }
    fs::create_dir(folder.join("shm"))?;
    mount("tmpfs", folder.join("shm"), "tmpfs", flags | MountFlags::NODEV, c"size=64m,mode=1777")?;
    Ok(mount_remount(folder, flags | MountFlags::BIND | MountFlags::RDONLY, c"")?)
}

fn processes(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount("proc", folder, "proc", flags, c"")?;
    for name in HIDDEN {
        let target = folder.join(name);
        if target.exists() {
            rustix::mount::mount_bind(folder.with_file_name("dev").join("null"), &target)?;
        }
    }
    let settings = folder.join("sys");
    rustix::mount::mount_bind(&settings, &settings)?;
    Ok(mount_remount(&settings, flags | MountFlags::BIND | MountFlags::RDONLY, c"")?)
}

fn below(root: &Path, inside: &Path) -> PathBuf {
    root.join(inside.strip_prefix("/").unwrap_or(inside))
}
