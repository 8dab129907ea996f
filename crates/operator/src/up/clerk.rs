//! Has backups and rehearsals made when they are due.
//!
//! Always true
//! 1. The supervisor itself reads no data: a process of this same program decides and does it, and
//!    does not outlive the supervisor.
//! 2. One that hangs is ended; one that fails is told in the log, and is in the platform's log and
//!    the doctor's report by its own hand.

use std::process::Stdio;
use std::time::Duration;

use domain::limits::{BACKUP_LOOK_MS, BACKUP_RUN_MS_MAX};
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use crate::settings::Settings;

/// Looks again and again; never returns where nothing is to be done.
pub(crate) async fn keep(settings: &Settings) {
    let config = &settings.config.backup;
    let wanted = config.every_ms.is_some() || config.drill_every_ms.is_some();
    if config.places.is_empty() || !wanted {
        std::future::pending::<()>().await;
    }
    loop {
        look(settings).await;
        sleep(Duration::from_millis(BACKUP_LOOK_MS)).await;
    }
}

async fn look(settings: &Settings) {
    let mut command = Command::new("/proc/self/exe");
    command.args(["backup", "due", "--json", "--data"]).arg(settings.places.data.path());
    command.arg("--config").arg(settings.places.config.settings());
    command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            tracing::error!(%error, "it cannot be looked whether a backup is due");
            return;
        }
    };
    match timeout(Duration::from_millis(BACKUP_RUN_MS_MAX), child.wait()).await {
        Ok(Ok(status)) if status.success() => {}
        Ok(Ok(status)) => tracing::error!(%status, "a backup or its rehearsal failed"),
        Ok(Err(error)) => tracing::error!(%error, "a backup or its rehearsal was lost"),
        Err(_) => {
            tracing::error!("a backup or its rehearsal took too long, and was ended");
            let _ = child.kill().await;
        }
    }
}
