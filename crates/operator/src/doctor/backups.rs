//! Checks of backups: that there are two places apart from the data, and that backups and
//! rehearsals are made.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use domain::TimeMs;
use server::config::BackupConfig;
use store::{BackupRun, LastRun, Store, StoreError};

use super::finding::{Check, Finding};
use crate::failure::{Teaches, chain};

/// Without a schedule of its own, a backup older than this is told.
const UNSCHEDULED_MS_MAX: i64 = 7 * 86_400_000;

/// How the last runs ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Backups {
    data: Option<LastRun>,
    drill: Option<LastRun>,
}

impl Backups {
    /// Looks.
    pub(crate) async fn of(store: &Store) -> Result<Self, StoreError> {
        store
            .platform_read(|tx| {
                let data = tx.backups().last(BackupRun::Data)?;
                Ok(Self { data, drill: tx.backups().last(BackupRun::Drill)? })
            })
            .await
    }
}

/// Whether backups lie in two places, apart from the data.
pub(crate) fn places(config: &BackupConfig, data: &Path) -> Finding {
    let check = Check::BackupPlaces;
    let device = |path: &Path| {
        let existing = path.ancestors().find(|path| path.exists());
        existing.and_then(|path| path.metadata().ok()).map(|found| found.dev())
    };
    let same = |path: &Path| device(path).is_some() && device(path) == device(data);
    let near = config.places.iter().filter(|place| same(&place.data) || same(&place.keys)).count();
    match (config.places.len(), near) {
        (0, _) => Finding::warn(
            check,
            "no backups are made: the data is lost with this machine",
            "set the folders of [backup]; docs/runbooks/backup-and-restore.md",
        ),
        (1, _) => Finding::fail(
            check,
            "there is one place only",
            "set backup.second_folder and backup.second_keys_folder, at another site",
        ),
        (_, 0) => Finding::ok(check, "two places, on other file systems than the data"),
        (_, near) => Finding::warn(
            check,
            format!("{near} of 2 places lie on the file system of the data, and are lost with it"),
            "mount folders of other machines there",
        ),
    }
}

/// Whether the newest backup is young.
pub(crate) fn backup(
    config: &BackupConfig,
    backups: &Result<Backups, StoreError>,
    now: TimeMs,
) -> Finding {
    let last = backups.as_ref().map(|backups| backups.data.as_ref());
    age((Check::Backup, "backup"), config, last, (config.every_ms, now))
}

/// Whether a restore was rehearsed lately.
pub(crate) fn drill(
    config: &BackupConfig,
    backups: &Result<Backups, StoreError>,
    now: TimeMs,
) -> Finding {
    let last = backups.as_ref().map(|backups| backups.drill.as_ref());
    age((Check::BackupDrill, "rehearsed restore"), config, last, (config.drill_every_ms, now))
}

fn age(
    (check, what): (Check, &str),
    config: &BackupConfig,
    last: Result<Option<&LastRun>, &StoreError>,
    (every_ms, now): (Option<i64>, TimeMs),
) -> Finding {
    let command = match check {
        Check::BackupDrill => "casemate backup drill",
        _ => "casemate backup run",
    };
    let mend = format!("run {command}, and see what it says");
    let last = match last {
        Ok(last) => last,
        Err(error) => return Finding::fail(check, chain(error), error.mend()),
    };
    if config.places.is_empty() {
        return Finding::warn(check, format!("no {what}: no place is set"), "see backup-places");
    }
    let Some(good_at) = last.and_then(|last| last.good_at) else {
        return Finding::fail(check, format!("there was no {what} yet that ended well"), mend);
    };
    let hours = now.since_ms(good_at).max(0) / 3_600_000;
    let seen = format!("the last {what} that ended well is {hours} h old");
    let failed = last.is_some_and(|last| last.outcome != "ok");
    let late = now.since_ms(good_at) > every_ms.map_or(UNSCHEDULED_MS_MAX, |every| 2 * every);
    match (late, failed) {
        (true, _) => Finding::fail(check, seen, mend),
        (false, true) => Finding::warn(check, format!("{seen}; the newest try failed"), mend),
        (false, false) => Finding::ok(check, seen),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    const DAY_MS: i64 = 86_400_000;

    fn config(places: usize) -> BackupConfig {
        let place = |name: &'static str| server::config::BackupPlace {
            name,
            data: format!("/proc/{name}/data").into(),
            keys: format!("/proc/{name}/keys").into(),
        };
        BackupConfig {
            places: ["first", "second"].into_iter().take(places).map(place).collect(),
            every_ms: Some(DAY_MS),
            drill_every_ms: Some(DAY_MS),
            keep_count: 7,
            keep_ms: DAY_MS,
            keep_keys_ms: DAY_MS,
            postgres_url_file: None,
        }
    }

    fn ended(outcome: &str, good_at: Option<i64>) -> Result<Backups, StoreError> {
        let good_at = good_at.map(TimeMs);
        let last = LastRun { number: 1, at: TimeMs(0), outcome: outcome.into(), good_at };
        Ok(Backups { data: Some(last.clone()), drill: Some(last) })
    }

    #[test]
    fn one_place_is_red_and_a_place_beside_the_data_is_told() {
        let verdict = |places, data: &str| super::places(&config(places), Path::new(data)).verdict;
        assert_eq!(verdict(0, "/"), Verdict::Warn);
        assert_eq!(verdict(1, "/"), Verdict::Fail);
        assert_eq!(verdict(2, "/proc/data"), Verdict::Warn, "the same file system");
        assert_eq!(verdict(2, "/"), Verdict::Ok);
    }

    #[test]
    fn a_backup_and_a_rehearsal_that_are_late_or_never_ended_well_are_red() {
        for judge in [backup, drill] {
            let verdict = |backups, now| judge(&config(2), &backups, TimeMs(now)).verdict;
            assert_eq!(verdict(Ok(Backups::default()), 0), Verdict::Fail);
            assert_eq!(verdict(ended("failed", None), 0), Verdict::Fail);
            assert_eq!(verdict(ended("ok", Some(0)), DAY_MS), Verdict::Ok);
            assert_eq!(verdict(ended("ok", Some(0)), 2 * DAY_MS + 1), Verdict::Fail);
            assert_eq!(verdict(ended("failed", Some(0)), DAY_MS), Verdict::Warn);
            assert_eq!(verdict(Err(StoreError::Unreachable), 0), Verdict::Fail);
        }
    }
}
