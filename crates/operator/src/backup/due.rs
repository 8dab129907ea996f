//! `backup due`: the backup and the rehearsal that the settings ask for, when their time has come.
//!
//! Always true: when a run is due is decided by what the platform's unit says about the last one; a
//! run that failed is tried again soon, and the doctor is red meanwhile.

use domain::TimeMs;
use domain::limits::BACKUP_RETRY_MS;
use store::{BackupRun, LastRun, StoreError};

use super::{drill, run};
use crate::data;
use crate::failure::Failure;
use crate::output::Output;
use crate::settings::Settings;

/// Runs what is due.
///
/// # Errors
/// As `backup run` and `backup drill`.
pub(super) async fn due(settings: &Settings, output: &Output) -> Result<(), Failure> {
    let config = &settings.config.backup;
    if config.places.is_empty() {
        return Ok(());
    }
    let store = data::open_existing(settings).await?;
    let now = store.mint().now();
    let last = store.platform_read::<_, StoreError>(|tx| {
        Ok((tx.backups().last(BackupRun::Data)?, tx.backups().last(BackupRun::Drill)?))
    });
    let last = last.await;
    store.close().await;
    let (backup, rehearsal) = last?;
    if is_due(config.every_ms, backup.as_ref(), now) {
        run::run(settings, output).await?;
    }
    if is_due(config.drill_every_ms, rehearsal.as_ref(), now) {
        drill::drill(settings, output).await?;
    }
    Ok(())
}

/// Whether a run that is wanted `every_ms` is due.
fn is_due(every_ms: Option<i64>, last: Option<&LastRun>, now: TimeMs) -> bool {
    let Some(every_ms) = every_ms else { return false };
    let Some(last) = last else { return true };
    let pause_ms = if last.outcome == "ok" { every_ms } else { every_ms.min(BACKUP_RETRY_MS) };
    last.at.plus_ms(pause_ms) <= now
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(outcome: &str) -> LastRun {
        LastRun { number: 1, at: TimeMs(1_000), outcome: outcome.into(), good_at: None }
    }

    #[test]
    fn a_run_is_due_after_its_time_and_sooner_after_a_failure() {
        let day = Some(86_400_000);
        assert!(is_due(day, None, TimeMs(0)), "never made");
        assert!(!is_due(None, None, TimeMs(0)), "by hand only");
        assert!(!is_due(day, Some(&last("ok")), TimeMs(1_000 + 86_399_999)));
        assert!(is_due(day, Some(&last("ok")), TimeMs(1_000 + 86_400_000)));
        assert!(!is_due(day, Some(&last("failed")), TimeMs(1_000 + BACKUP_RETRY_MS - 1)));
        assert!(is_due(day, Some(&last("failed")), TimeMs(1_000 + BACKUP_RETRY_MS)));
    }
}
