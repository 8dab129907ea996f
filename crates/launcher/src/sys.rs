//! The system calls that have no safe form, in one place.
//!
//! Always true: the process has one thread when [`fork`] is called, so what the child does next may
//! allocate and lock.

#![allow(
    unsafe_code,
    reason = "fork, dup2, close_range and an interface's ioctl have no safe form"
)]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

use rustix::process::Pid;

/// Which side of a fork this is.
pub(crate) enum Side {
    /// The new process.
    Child,
    /// The old one, with the new one's id.
    Parent(Pid),
}

/// Whether this process has one thread.
///
/// # Errors
/// The system's.
pub(crate) fn has_one_thread() -> io::Result<bool> {
    Ok(std::fs::read_dir("/proc/self/task")?.take(2).count() == 1)
}

/// Makes a child process.
///
/// # Errors
/// The system's.
pub(crate) fn fork() -> nix::Result<Side> {
    // SAFETY: this process has one thread (the launcher checks it before its first fork, and its
    // children start none), so no lock is held by a thread that does not exist in the child.
    let forked = unsafe { nix::unistd::fork() }?;
    Ok(match forked {
        nix::unistd::ForkResult::Child => Side::Child,
        nix::unistd::ForkResult::Parent { child } => match Pid::from_raw(child.as_raw()) {
            Some(pid) => Side::Parent(pid),
            None => return Err(nix::errno::Errno::ESRCH),
        },
    })
}

/// Makes `streams` the standard input, output and error.
///
/// # Errors
/// The system's.
pub(crate) fn take_streams(streams: [BorrowedFd<'_>; 3]) -> io::Result<()> {
    for (stream, number) in streams.iter().zip(0..) {
        // SAFETY: both numbers name open descriptors, or the call fails; the standard three are
        // owned by nobody in this process.
        if unsafe { libc::dup2(stream.as_raw_fd(), number) } < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Closes every descriptor but the standard three and these. In a child that was just forked: what
/// the parent holds there is never used, nor dropped.
pub(crate) fn close_others(mut kept: [RawFd; 5]) {
    kept.sort_unstable();
    let mut from = 3;
    for number in kept.map(i32::unsigned_abs).into_iter().chain([u32::MAX]) {
        if from < number {
            // SAFETY: nothing of this process uses the descriptors between those that are kept.
            unsafe { libc::close_range(from, number - 1, 0) };
        }
        from = from.max(number.saturating_add(1));
    }
}

/// Every descriptor from the fourth on is closed when a program is executed.
///
/// # Errors
/// The system's.
pub(crate) fn close_on_exec() -> io::Result<()> {
    // SAFETY: the flag changes what happens at exec, and closes nothing that this code still uses.
    let done = unsafe { libc::close_range(3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC.cast_signed()) };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Brings the only interface of a network namespace up, so that a program can reach itself.
///
/// # Errors
/// The system's.
pub(crate) fn bring_up_loopback() -> io::Result<()> {
    let socket = rustix::net::socket(
        rustix::net::AddressFamily::INET,
        rustix::net::SocketType::DGRAM,
        None,
    )?;
    // SAFETY: a request for an interface is plain numbers, for which zero is a value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(c"lo".to_bytes()) {
        *to = libc::c_char::try_from(*from).unwrap_or_default();
    }
    request.ifr_ifru.ifru_flags = libc::c_short::try_from(libc::IFF_UP).unwrap_or_default();
    // SAFETY: the request is of the kind this call reads, and lives longer than the call.
    let done = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Ends this process at once, without what a normal end runs.
pub(crate) fn end(code: i32) -> ! {
    // SAFETY: ends the process; nothing of it is used afterwards.
    unsafe { libc::_exit(code) }
}
