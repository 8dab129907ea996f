//! One supervised process: how it is started, watched and ended.
//!
//! Always true
//! 1. A child is this same program, runs as the user it was given, and does not outlive the supervisor: the kernel
//!    kills it when the supervisor dies, `kill -9` included (`PR_SET_PDEATHSIG`, set by [`bind_to_supervisor`]).
//! 2. A child is in a process group of its own, so Ctrl-C in a terminal reaches the supervisor alone, which ends
//!    the children in order.
//! 3. The broker gets an empty environment.
//!
//! The death signal is tied to the thread that started the child: the supervisor has one thread.

use std::ffi::OsString;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use tokio::process::{Child as Process, Command};

use crate::failure::{Exit, Teaches};
use crate::layout::Places;
use crate::users::Account;

/// Which process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Broker,
    Serve,
}

impl Role {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Broker => "broker",
            Self::Serve => "serve",
        }
    }
}

/// Why a process was not started.
#[derive(Debug, thiserror::Error)]
#[error("`casemate {name}` cannot be started", name = role.name())]
pub(crate) struct SpawnError {
    role: Role,
    source: std::io::Error,
}

impl Teaches for SpawnError {
    fn mend(&self) -> String {
        "see that /proc is mounted, that this program's file is executable for every user (mode 0755), and that \
         the limit on processes is not reached"
            .into()
    }

    fn exit(&self) -> Exit {
        Exit::Failed
    }
}

/// A running process.
#[derive(Debug)]
pub(crate) struct Child {
    role: Role,
    process: Process,
    started: Instant,
}

impl Child {
    /// Starts `casemate <role>` as `account` (`None`: as this user) on these folders.
    pub(crate) fn spawn(
        role: Role,
        places: &Places,
        flags: &[(String, String)],
        account: Option<Account>,
    ) -> Result<Self, SpawnError> {
        // The link to the running program, not its path: it works after the file was replaced, and for a user who
        // may not enter the folder it lies in.
        let mut command = Command::new("/proc/self/exe");
        command
            .arg0("casemate")
            .args(arguments(role, places, flags))
            .stdin(Stdio::null())
            .process_group(0)
            .kill_on_drop(true);
        if role == Role::Broker {
            command.env_clear();
        }
        if let Some(account) = account {
            // The standard library also drops root's supplementary groups here.
            command.uid(account.uid).gid(account.gid);
        }
        let process = command.spawn().map_err(|source| SpawnError { role, source })?;
        Ok(Self { role, process, started: Instant::now() })
    }

    pub(crate) const fn role(&self) -> Role {
        self.role
    }

    /// The process id; `None` once it was waited for.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.process.id()
    }

    pub(crate) fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// Waits until it ends.
    pub(crate) async fn ended(&mut self) -> std::io::Result<ExitStatus> {
        self.process.wait().await
    }

    /// Sends `signal`. A process that was waited for gets none, so a reused id is never hit.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = self.pid().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        if let Some(pid) = pid {
            let _ = rustix::process::kill_process(pid, signal);
        }
    }
}

fn arguments(role: Role, places: &Places, flags: &[(String, String)]) -> Vec<OsString> {
    let id = std::process::id().to_string();
    let mut arguments: Vec<OsString> = vec![
        role.name().into(),
        "--data".into(),
        places.data.path().into(),
        "--config".into(),
        places.config.settings().into(),
        "--supervisor".into(),
        id.into(),
    ];
    for (key, value) in flags {
        arguments.extend(["--set".into(), format!("{key}={value}").into()]);
    }
    arguments
}

/// Makes this process die with `supervisor`, its parent. Call before any thread starts.
///
/// Returns `false` when the supervisor is already gone: the caller must end at once. Asking for the signal before
/// looking at the parent leaves no moment in which its death goes unnoticed.
#[must_use]
pub(crate) fn bind_to_supervisor(supervisor: u32) -> bool {
    let bound = rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).is_ok();
    let parent = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get());
    bound && parent.is_some_and(|parent| i64::from(parent) == i64::from(supervisor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_whose_supervisor_is_gone_does_not_stay() {
        assert!(!bind_to_supervisor(std::process::id()), "this process is not its own parent");
        // Undo it for the process that runs the other tests.
        rustix::process::set_parent_process_death_signal(None).unwrap();
    }

    #[test]
    fn folders_and_flags_reach_the_child_as_they_are_resolved() {
        let places = Places::new("/d".as_ref(), "/c/casemate.toml".as_ref()).unwrap();
        let id = std::process::id().to_string();
        let flags = [("api.listen".to_owned(), "127.0.0.1:0".to_owned())];
        let text: Vec<String> = arguments(Role::Serve, &places, &flags)
            .into_iter()
            .map(|argument| argument.into_string().unwrap())
            .collect();
        assert_eq!(
            text.join(" "),
            format!(
                "serve --data /d --config /c/casemate.toml --supervisor {id} \
                 --set api.listen=127.0.0.1:0"
            )
        );
    }
}
