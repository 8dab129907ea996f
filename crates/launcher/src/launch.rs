//! Starts a program and follows it from outside.
//!
//! Always true
//! 1. The limits hold before the first process of the chamber does anything.
//! 2. The program's user on the host is written by this process alone, from the range it checks.
//! 3. Whoever waits learns how the program ended; a chamber that is dropped is ended.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, unshare};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, Signal};

use crate::cgroup::{Cgroups, Group, Usage};
use crate::ending::{Ending, Report};
use crate::fault::{At, Fault, LaunchError, Layer};
use crate::init::{INSIDE, Reporter, be_first, end_process, wait_for};
use crate::seccomp::{Filters, filters};
use crate::spec::Sandbox;
use crate::sys::{self, Side};

/// The first host user that programs run as: behind every person and service of a host.
pub const HOST_USER_LEAST: u32 = 100_000;

/// What a program reads from and writes to.
#[derive(Debug)]
pub struct Streams {
    /// Its input.
    pub input: OwnedFd,
    /// Its output.
    pub output: OwnedFd,
    /// Its errors.
    pub error: OwnedFd,
}

/// A program that runs. Dropped, it is ended.
#[derive(Debug)]
pub struct Running {
    group: Group,
    outer: Pid,
    reports: BufReader<fs::File>,
    /// Where the chamber waits for a word from here.
    go: fs::File,
    stage: Stage,
}

/// How far a chamber is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Its first process is not within its limits yet, and does nothing.
    Outside,
    /// All of it is in its group.
    Inside,
    /// Nothing of it is left.
    Gone,
}

/// Starts a program, and returns once it was executed.
///
/// # Errors
/// [`LaunchError`]: nothing runs.
pub fn launch(
    sandbox: &Sandbox,
    streams: Streams,
    cgroups: &Cgroups,
) -> Result<Running, LaunchError> {
    if !sys::has_one_thread().map_err(LaunchError::System)? {
        return Err(LaunchError::Threads);
    }
    check_user(sandbox.host_user)?;
    let filters = filters().map_err(refused)?;
    let mut running = begin(sandbox, streams, &filters, cgroups)?;
    running.await_ready(sandbox.host_user)?;
    Ok(running)
}

fn check_user(user: u32) -> Result<(), LaunchError> {
    let own = rustix::process::geteuid();
    let allowed = if own.is_root() { user >= HOST_USER_LEAST } else { user == own.as_raw() };
    if allowed { Ok(()) } else { Err(LaunchError::User { least: HOST_USER_LEAST }) }
}

const fn refused(fault: Fault) -> LaunchError {
    LaunchError::Layer { layer: fault.layer, errno: fault.errno }
}

/// Makes the group and the chamber's outer process, which waits for a word.
fn begin(
    sandbox: &Sandbox,
    streams: Streams,
    filters: &Filters,
    cgroups: &Cgroups,
) -> Result<Running, LaunchError> {
    let system = |error: rustix::io::Errno| LaunchError::System(error.into());
    let (reports, report) = pipe_with(PipeFlags::CLOEXEC).map_err(system)?;
    let (wait, go) = pipe_with(PipeFlags::CLOEXEC).map_err(system)?;
    let group = cgroups.make(&sandbox.name, &sandbox.limits).at(Layer::Cgroup).map_err(refused)?;
    let outer = match sys::fork() {
        Ok(Side::Child) => {
            drop((reports, go));
            let reporter = Reporter(report);
            let own = [&streams.input, &streams.output, &streams.error, &reporter.0, &wait];
            // Other chambers' pipes, and the sockets of this process, are none of its business.
            sys::close_others(own.map(AsRawFd::as_raw_fd));
            be_outer(sandbox, streams, filters, &reporter, &wait)
        }
        Ok(Side::Parent(outer)) => outer,
        Err(error) => {
            let _ = group.remove();
            return Err(LaunchError::System(error.into()));
        }
    };
    let reports = BufReader::new(fs::File::from(reports));
    Ok(Running { group, outer, reports, go: go.into(), stage: Stage::Outside })
}

/// Is the outer process: makes the namespaces and the chamber's first process, and waits for its
/// end, so that the launcher has a child to wait for. It is in no group, so that the chamber can be
/// ended around it.
fn be_outer(
    sandbox: &Sandbox,
    streams: Streams,
    filters: &Filters,
    reporter: &Reporter,
    wait: &OwnedFd,
) -> ! {
    let made = make_namespaces(reporter, wait).and_then(|()| die_with_parent());
    match made.and_then(|()| sys::fork().at(Layer::Namespaces)) {
        Ok(Side::Child) => match enter_group(wait) {
            Ok(()) => be_first(sandbox, streams, filters, reporter),
            Err(fault) => {
                reporter.tell(Report::Fault(fault));
                sys::end(1)
            }
        },
        Ok(Side::Parent(first)) => {
            drop(streams);
            reporter.tell(Report::First { process: first.as_raw_nonzero().get() });
            wait_for(first);
            sys::end(0)
        }
        Err(fault) => {
            reporter.tell(Report::Fault(fault));
            sys::end(1)
        }
    }
}

fn make_namespaces(reporter: &Reporter, wait: &OwnedFd) -> Result<(), Fault> {
    unshare(CloneFlags::CLONE_NEWUSER).at(Layer::User)?;
    reporter.tell(Report::NeedsUser);
    await_word(wait).at(Layer::User)?;
    let flags = CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWNET
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS
        | CloneFlags::CLONE_NEWPID;
    unshare(flags).at(Layer::Namespaces)
}

/// Waits until the limits hold, and takes the group for the whole tree of groups.
fn enter_group(wait: &OwnedFd) -> Result<(), Fault> {
    await_word(wait).at(Layer::Cgroup)?;
    unshare(CloneFlags::CLONE_NEWCGROUP).at(Layer::Namespaces)
}

/// The launcher's end is the chamber's end: nobody would count its limits any more. Asked for after
/// the last change of users, which forgets it.
pub(crate) fn die_with_parent() -> Result<(), Fault> {
    let parent = rustix::process::getppid();
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).at(Layer::Namespaces)?;
    // Whoever ended before that was asked for sends no signal. Inside, the parent is not seen.
    let still = rustix::process::getppid() == parent;
    if still { Ok(()) } else { Err(Fault { layer: Layer::Namespaces, errno: libc::ESRCH }) }
}

fn await_word(wait: &OwnedFd) -> io::Result<()> {
    let mut word = [0];
    loop {
        match rustix::io::read(wait, &mut word) {
            Ok(1) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Err(error) => return Err(error.into()),
        }
    }
}

impl Running {
    fn await_ready(&mut self, host_user: u32) -> Result<(), LaunchError> {
        let system = LaunchError::System;
        loop {
            match self.report().map_err(system)? {
                Some(Report::NeedsUser) => {
                    self.map_user(host_user).at(Layer::User).map_err(refused)?;
                    self.go.write_all(b"u").map_err(system)?;
                }
                Some(Report::First { process }) => {
                    let process = process.unsigned_abs();
                    self.group.add(process).at(Layer::Cgroup).map_err(refused)?;
                    self.stage = Stage::Inside;
                    self.go.write_all(b"g").map_err(system)?;
                }
                Some(Report::Ready) => return Ok(()),
                Some(Report::Fault(fault)) => return Err(refused(fault)),
                // It ended before it began: out of memory before its first instruction.
                Some(Report::Ended(_)) | None => {
                    return Err(refused(Fault { layer: Layer::Cgroup, errno: libc::ENOMEM }));
                }
            }
        }
    }

    /// One user inside is one user on the host; there is no other.
    fn map_user(&self, host_user: u32) -> io::Result<()> {
        let process = self.outer.as_raw_nonzero();
        let map = format!("{INSIDE} {host_user} 1");
        fs::write(format!("/proc/{process}/setgroups"), "deny")?;
        fs::write(format!("/proc/{process}/uid_map"), &map)?;
        let own = rustix::process::geteuid();
        let group = if own.is_root() { host_user } else { rustix::process::getegid().as_raw() };
        fs::write(format!("/proc/{process}/gid_map"), format!("{INSIDE} {group} 1"))
    }

    /// The next report; none when nobody is left to report.
    fn report(&mut self) -> io::Result<Option<Report>> {
        let mut line = String::new();
        if self.reports.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        serde_json::from_str(&line).map(Some).map_err(io::Error::other)
    }

    /// The id, on the host, of the process that stands for the chamber.
    #[must_use]
    pub const fn process(&self) -> i32 {
        self.outer.as_raw_nonzero().get()
    }

    /// What the program uses now.
    ///
    /// # Errors
    /// The system's.
    pub fn usage(&self) -> io::Result<Usage> {
        self.group.usage()
    }

    /// What becomes readable when the program has ended.
    #[must_use]
    pub fn reports(&self) -> BorrowedFd<'_> {
        self.reports.get_ref().as_fd()
    }

    /// Waits for the end of the program; ends it when `within` is over.
    ///
    /// # Errors
    /// The system's. The chamber is gone all the same.
    pub fn wait(mut self, within: Duration) -> io::Result<(Ending, Usage)> {
        let over = Instant::now() + within;
        let ending = loop {
            let left = over.saturating_duration_since(Instant::now());
            if self.reports.buffer().is_empty() && !self.readable(left)? {
                break Ending::Deadline;
            }
            match self.report()? {
                Some(Report::Ended(ending)) => break ending,
                Some(_) => {}
                None => break Ending::Signal { signal: libc::SIGKILL },
            }
        };
        let usage = self.group.usage()?;
        let killed = matches!(ending, Ending::Signal { signal: libc::SIGKILL });
        self.end()?;
        let memory = killed && usage.memory_kills > 0;
        Ok((if memory { Ending::OutOfMemory } else { ending }, usage))
    }

    /// Ends the program now.
    ///
    /// # Errors
    /// The system's.
    pub fn stop(mut self) -> io::Result<Ending> {
        self.end()?;
        Ok(Ending::Stopped)
    }

    fn readable(&self, within: Duration) -> io::Result<bool> {
        let mut wanted = [PollFd::new(self.reports.get_ref(), PollFlags::IN)];
        let within = Timespec::try_from(within).map_err(io::Error::other)?;
        match poll(&mut wanted, Some(&within)) {
            Ok(0) => Ok(false),
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    /// Ends what is left and removes the group.
    fn end(&mut self) -> io::Result<()> {
        let killed = match self.stage {
            Stage::Gone => return Ok(()),
            Stage::Inside => self.group.kill(),
            // Its parent's end ends the first process, which has not begun.
            Stage::Outside => {
                end_process(self.outer);
                Ok(())
            }
        };
        self.stage = Stage::Gone;
        if killed.is_err() {
            end_process(self.outer);
        }
        wait_for(self.outer);
        let removed = self.group.remove_when_empty();
        killed.and(removed)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.end();
    }
}
