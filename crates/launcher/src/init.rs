//! The first process of a chamber: builds the walls from inside, starts the program, reaps what it
//! leaves, and reports how it ended.
//!
//! Always true
//! 1. The program's process gets its last walls (Landlock, seccomp) after everything that needs
//!    more rights is done, and before its first instruction.
//! 2. When the program ends, every process it left behind ends with it.
//! 3. A fault is reported with its layer, and nothing runs.

use std::convert::Infallible;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::{
    DumpableBehavior, Pid, Signal, WaitOptions, WaitStatus, kill_process, wait, waitpid,
};

use crate::confine;
use crate::ending::{Ending, Report};
use crate::fault::{At, Fault, Layer};
use crate::files;
use crate::launch::{Streams, die_with_parent};
use crate::seccomp::Filters;
use crate::spec::Sandbox;
use crate::sys::{self, Side};

/// The user and group that the program is, inside.
pub(crate) const INSIDE: u32 = 1000;

/// Where a chamber's processes tell the launcher what happens.
pub(crate) struct Reporter(pub OwnedFd);

impl Reporter {
    pub(crate) fn tell(&self, report: Report) {
        let mut line = serde_json::to_string(&report).unwrap_or_default();
        line.push('\n');
        // Shorter than a pipe's atomic write; nobody to tell means that nobody waits.
        let _ = rustix::io::write(&self.0, line.as_bytes());
    }
}

/// Is the first process. Never returns: the process ends.
pub(crate) fn be_first(
    sandbox: &Sandbox,
    streams: Streams,
    filters: &Filters,
    reporter: &Reporter,
) -> ! {
    match prepare(sandbox).and_then(|()| start(sandbox, &streams, filters, reporter)) {
        Ok(program) => {
            // The program has its own copies; held here, a closed pipe would never be seen.
            drop(streams);
            let ending = reap(program);
            reporter.tell(Report::Ended(ending));
            sys::end(0)
        }
        Err(fault) => {
            reporter.tell(Report::Fault(fault));
            sys::end(1)
        }
    }
}

/// Builds the root, becomes the program's user and gives up every capability.
fn prepare(sandbox: &Sandbox) -> Result<(), Fault> {
    // Its memory holds the program's environment: nobody inside may read it, or trace it.
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable).at(Layer::Namespaces)?;
    nix::unistd::sethostname("casemate").at(Layer::Namespaces)?;
    let opened = files::open(sandbox)?;
    let (user, group) = (nix::unistd::Uid::from_raw(INSIDE), nix::unistd::Gid::from_raw(INSIDE));
    nix::unistd::setresgid(group, group, group).at(Layer::User)?;
    nix::unistd::setresuid(user, user, user).at(Layer::User)?;
    die_with_parent()?;
    files::enter(sandbox, &opened)?;
    drop(opened);
    sys::bring_up_loopback().at(Layer::Namespaces)?;
    confine::limit_resources(sandbox)?;
    confine::drop_capabilities()
}

/// Forks the program.
fn start(
    sandbox: &Sandbox,
    streams: &Streams,
    filters: &Filters,
    reporter: &Reporter,
) -> Result<Pid, Fault> {
    let (told, tell) =
        rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).at(Layer::Program)?;
    match sys::fork().at(Layer::Program)? {
        Side::Child => {
            drop(told);
            let Err(fault) = become_program(sandbox, streams, filters);
            let _ = std::fs::File::from(tell).write_all(&encode(fault));
            sys::end(127)
        }
        Side::Parent(program) => {
            drop(tell);
            let fault = read_fault(&told);
            match fault {
                None => {
                    reporter.tell(Report::Ready);
                    Ok(program)
                }
                Some(fault) => Err(fault),
            }
        }
    }
}

fn become_program(
    sandbox: &Sandbox,
    streams: &Streams,
    filters: &Filters,
) -> Result<Infallible, Fault> {
    rustix::process::setsid().at(Layer::Program)?;
    let [input, output, error]: [BorrowedFd<'_>; 3] =
        [streams.input.as_fd(), streams.output.as_fd(), streams.error.as_fd()];
    sys::take_streams([input, output, error]).at(Layer::Program)?;
    sys::close_on_exec().at(Layer::Program)?;
    rustix::process::chdir(&sandbox.folder).at(Layer::Program)?;
    confine::restrict(sandbox)?;
    let Some((program, arguments)) = sandbox.command.split_first() else {
        return Err(Fault { layer: Layer::Program, errno: libc::EINVAL });
    };
    let mut command = Command::new(program);
    let environment = sandbox.environment.iter();
    let environment = environment.map(|variable| (&variable.name, variable.value.as_str()));
    command.args(arguments).env_clear().envs(environment);
    confine::filter(filters)?;
    let error = command.exec();
    Err(Fault { layer: Layer::Program, errno: error.raw_os_error().unwrap_or(libc::EINVAL) })
}

fn encode(fault: Fault) -> Vec<u8> {
    serde_json::to_vec(&fault).unwrap_or_default()
}

/// What the program's process could not do; nothing when it became the program.
fn read_fault(told: &OwnedFd) -> Option<Fault> {
    let mut bytes = [0; 256];
    loop {
        match rustix::io::read(told, &mut bytes) {
            Ok(0) => return None,
            Ok(length) => return serde_json::from_slice(bytes.get(..length)?).ok(),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => {
                return Some(Fault { layer: Layer::Program, errno: error.raw_os_error() });
            }
        }
    }
}

/// Waits for the program, and takes in every process that lost its parent meanwhile.
fn reap(program: Pid) -> Ending {
    let mut ending = Ending::Signal { signal: Signal::KILL.as_raw() };
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((process, status))) if process == program => {
                ending = ended(status);
                break;
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => break,
        }
    }
    // Everybody else in this process namespace: the kernel leaves its first process out.
    let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(-1), nix::sys::signal::SIGKILL);
    while matches!(wait(WaitOptions::empty()), Ok(_) | Err(rustix::io::Errno::INTR)) {}
    ending
}

fn ended(status: WaitStatus) -> Ending {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Ending::Exit { code },
        (None, Some(signal)) => Ending::Signal { signal },
        (None, None) => Ending::Signal { signal: Signal::KILL.as_raw() },
    }
}

/// Waits for one child, whatever interrupts.
pub(crate) fn wait_for(process: Pid) {
    while let Err(rustix::io::Errno::INTR) = waitpid(Some(process), WaitOptions::empty()) {}
}

/// Ends a child that is not needed any more.
pub(crate) fn end_process(process: Pid) {
    let _ = kill_process(process, Signal::KILL);
}
