//! Ctrl-C and SIGTERM: the first drains, the second ends at once.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What whoever runs the supervisor asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wish {
    /// Keep running.
    Run,
    /// Finish what is under way, then end.
    Drain,
    /// End now.
    End,
}

/// The signals of this process.
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    wish: Wish,
}

impl Signals {
    /// Takes the signals over from their defaults.
    pub(crate) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            wish: Wish::Run,
        })
    }

    /// The next wish, which is always a stronger one.
    pub(crate) async fn next(&mut self) -> Wish {
        if self.wish == Wish::End {
            return std::future::pending().await;
        }
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        self.wish = if self.wish == Wish::Run { Wish::Drain } else { Wish::End };
        self.wish
    }
}
