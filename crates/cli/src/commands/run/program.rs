//! The program: started, signalled, waited for.
//!
//! Signals: SIGTERM, SIGHUP, SIGUSR1 and SIGUSR2 are passed on. SIGINT and SIGQUIT from a terminal
//! reach the whole foreground group by themselves, the program included; they are passed on only
//! when we have no terminal.

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus, Stdio};

use mask::Masker;
use rustix::process::{Pid, Signal, kill_process};
use tokio::fs::File;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

use super::relay;
use crate::failure::Failure;
use crate::output::Output;

/// What shells answer when a program was found and could not be started.
const NOT_STARTED: u8 = 126;
/// What shells answer when a program was not found.
const NOT_FOUND: u8 = 127;
/// What shells add to the number of the signal that ended a program.
const SIGNALLED: i32 = 128;

/// Runs the program to its end, and gives its exit code.
///
/// Errors: it could not be started for a reason that has no exit code of its own; its output could
/// not be read.
pub(super) async fn run(
    program: &[OsString],
    variables: Vec<(String, OsString)>,
    masker: Masker,
    output: Output,
) -> Result<ExitCode, Failure> {
    let Some((name, arguments)) = program.split_first() else {
        return Err(Failure::input("no program was named", "Name it after --."));
    };
    let mut command = Command::new(name);
    command
        .args(arguments)
        .envs(variables)
        .env_remove("CASEMATE_PASSPHRASE_FILE")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut signals = Signals::new()?;
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(source) => return Ok(not_started(name, source, output)),
    };
    drop(command);
    let out = relay::pass(child.stdout.take(), own(io::stdout())?, masker.clone());
    let err = relay::pass(child.stderr.take(), own(io::stderr())?, masker);
    let (status, out, err) = tokio::join!(signals.until_exit(&mut child), out, err);
    let status =
        status.map_err(|source| Failure::System { what: "wait for the program", source })?;
    for relayed in [out, err] {
        match relayed {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                return Err(Failure::System {
                    what: "pass the program's output on",
                    source: error,
                });
            }
            _ => {}
        }
    }
    Ok(ExitCode::from(code(status)))
}

/// One of our own streams, written to on another thread, so that a reader who is slow does not keep
/// signals waiting.
fn own(stream: impl AsFd) -> Result<File, Failure> {
    let stream = stream.as_fd().try_clone_to_owned();
    let stream = stream.map_err(|source| Failure::System { what: "use our own output", source })?;
    Ok(File::from_std(stream.into()))
}

/// What shells answer when a program cannot be started.
fn not_started(name: &OsString, source: io::Error, output: Output) -> ExitCode {
    let code = match source.kind() {
        io::ErrorKind::NotFound => NOT_FOUND,
        _ => NOT_STARTED,
    };
    output.failure(&Failure::File { what: "start", path: name.into(), source });
    ExitCode::from(code)
}

fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| SIGNALLED + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(NOT_STARTED)
}

/// The signals that are passed on to the program.
struct Signals {
    hangup: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    quit: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    user1: tokio::signal::unix::Signal,
    user2: tokio::signal::unix::Signal,
    /// Whether the terminal tells the program about Ctrl-C and Ctrl-\ by itself.
    shares_terminal: bool,
}

impl Signals {
    /// Begins to catch them, before the program starts, so that none is lost in between.
    fn new() -> Result<Self, Failure> {
        let catch = |kind| {
            signal(kind).map_err(|source| Failure::System { what: "listen for signals", source })
        };
        Ok(Self {
            hangup: catch(SignalKind::hangup())?,
            interrupt: catch(SignalKind::interrupt())?,
            quit: catch(SignalKind::quit())?,
            terminate: catch(SignalKind::terminate())?,
            user1: catch(SignalKind::user_defined1())?,
            user2: catch(SignalKind::user_defined2())?,
            shares_terminal: io::stdin().is_terminal(),
        })
    }

    async fn until_exit(&mut self, child: &mut Child) -> io::Result<ExitStatus> {
        loop {
            let signal = tokio::select! {
                status = child.wait() => return status,
                _ = self.hangup.recv() => Signal::HUP,
                _ = self.interrupt.recv() => Signal::INT,
                _ = self.quit.recv() => Signal::QUIT,
                _ = self.terminate.recv() => Signal::TERM,
                _ = self.user1.recv() => Signal::USR1,
                _ = self.user2.recv() => Signal::USR2,
            };
            if self.shares_terminal && matches!(signal, Signal::INT | Signal::QUIT) {
                continue;
            }
            let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
            if let Some(id) = id {
                let _ = kill_process(id, signal);
            }
        }
    }
}
