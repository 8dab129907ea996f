//! Keeps one process running until it is told to stop.
//!
//! Always true: at most one process of a role lives at a time, and none is left when [`keep`]
//! returns.

use std::time::Duration;

use domain::limits;
use rustix::process::Signal;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::backoff::{Backoff, Reached, Verdict};
use super::child::{Child, Orders, Role};
use super::ready;
use super::signals::Wish;
use crate::failure::{Exit, Failure};
use crate::folders;
use crate::users::Separation;

/// Between two looks at whether a starting process is ready.
const READY_POLL_MS: u64 = 10;
/// How much longer than its own drain a process may take to end.
const DRAIN_MARGIN_MS: u64 = 1_000;

/// One role to keep.
pub(crate) struct Keeper<'a> {
    pub(crate) orders: Orders<'a>,
    /// Told the process id whenever a process is ready.
    pub(crate) ready: watch::Sender<Option<u32>>,
    pub(crate) wish: watch::Receiver<Wish>,
}

impl Keeper<'_> {
    /// Runs the role until the wish is not [`Wish::Run`] any more and its process has ended.
    ///
    /// Errors: the process cannot start and said so before this role was ever ready.
    pub(crate) async fn keep(mut self) -> Result<(), Failure> {
        let mut backoff = Backoff::default();
        loop {
            let mut child = Child::spawn(&self.orders)?;
            let Some((reached, status)) = self.watch(&mut child).await? else { return Ok(()) };
            tracing::warn!(
                process = self.orders.role.name(),
                %status,
                lived_ms = u64::try_from(child.age().as_millis()).unwrap_or(u64::MAX),
                "a process ended and is started again"
            );
            let Verdict::Again(delay) = backoff.after(reached, status) else {
                return Err(gave_up(self.orders.role, status));
            };
            tokio::select! {
                () = sleep(delay) => {}
                () = at_least(&mut self.wish, Wish::Drain) => return Ok(()),
            }
        }
    }

    /// Watches one process to its end. `None`: it was told to end.
    async fn watch(
        &mut self,
        child: &mut Child,
    ) -> Result<Option<(Reached, std::process::ExitStatus)>, Failure> {
        let mut reached = if self.ready.borrow().is_some() {
            Reached::StartingAgain
        } else {
            Reached::StartingFirst
        };
        loop {
            tokio::select! {
                biased;
                () = at_least(&mut self.wish, Wish::Drain) => {
                    self.end(child).await?;
                    return Ok(None);
                }
                status = child.ended() => return Ok(Some((reached, status.map_err(lost)?))),
                () = sleep(Duration::from_millis(READY_POLL_MS)), if reached != Reached::Ready => {
                    if self.is_ready(child).await? {
                        reached = Reached::Ready;
                        self.ready.send_replace(child.pid());
                    }
                }
            }
        }
    }

    /// Whether the process serves. The broker's socket is opened to the group of `serve`; whoever
    /// connects is still judged by the user that the kernel names.
    async fn is_ready(&self, child: &Child) -> Result<bool, Failure> {
        let Orders { role, settings, separation, .. } = self.orders;
        let ready = ready::is_ready(role, settings, child.pid()).await;
        if ready && role == Role::Broker && matches!(separation, Separation::Users { .. }) {
            folders::set_mode(&settings.config.broker.socket, 0o660)?;
        }
        Ok(ready)
    }

    /// Drains the process; kills it when it takes too long or nobody wants to wait.
    async fn end(&mut self, child: &mut Child) -> Result<(), Failure> {
        child.signal(Signal::TERM);
        let late = Instant::now() + Duration::from_millis(limits::DRAIN_MS_MAX + DRAIN_MARGIN_MS);
        tokio::select! {
            status = child.ended() => return status.map(drop).map_err(lost),
            () = sleep_until(late) => {}
            () = at_least(&mut self.wish, Wish::End) => {}
        }
        child.signal(Signal::KILL);
        child.ended().await.map(drop).map_err(lost)
    }
}

/// Waits until somebody wants this or more. A supervisor that is gone wants the end.
async fn at_least(wish: &mut watch::Receiver<Wish>, least: Wish) {
    let _ = wish.wait_for(|wish| *wish >= least).await;
}

fn gave_up(role: Role, status: std::process::ExitStatus) -> Failure {
    Failure::new(
        Exit::of(status),
        format!("`casemate {}` could not start ({status}); it said why above", role.name()),
        "mend that, then start again; `casemate doctor` checks everything and changes nothing",
    )
}

fn lost(source: std::io::Error) -> Failure {
    Failure::new(
        Exit::Failed,
        format!("a started process was lost: {source}"),
        "start again; if it repeats, see that the limits on processes are sane",
    )
}
