//! How the process is asked to end.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Two wishes: to finish what runs, and to end at once.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    drain: CancellationToken,
    now: CancellationToken,
}

impl Stop {
    /// Nobody has asked yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks to finish what runs; asked again, to end at once.
    pub fn ask(&self) {
        if self.drain.is_cancelled() {
            self.now.cancel();
        }
        self.drain.cancel();
    }

    /// Returns when somebody asked to finish.
    pub async fn draining(&self) {
        self.drain.cancelled().await;
    }

    /// Returns when somebody asked to end at once.
    pub async fn at_once(&self) {
        self.now.cancelled().await;
    }

    /// Whether somebody asked to finish.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.drain.is_cancelled()
    }

    /// Asks on every SIGTERM and SIGINT, for as long as the future is polled.
    ///
    /// # Errors
    /// The system's, when signals cannot be received.
    pub async fn on_signals(&self) -> std::io::Result<()> {
        let (mut term, mut int) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        loop {
            tokio::select! {
                _ = term.recv() => self.ask(),
                _ = int.recv() => self.ask(),
            }
        }
    }
}
