//! `doctor`: named checks, each with what it saw and how to mend it. Changes nothing.
//!
//! Always true
//! 1. Every check of [`Check::ALL`] is in every report, exactly once: what cannot be looked at is
//!    red, not missing.
//! 2. A check is a pure judgement over what was seen, so each has a test in which it is red.
//! 3. The exit code is 1 when any check is red.

mod backups;
mod certificate;
mod files;
mod finding;
mod keys;
mod log;
mod process;
mod staff;
mod witnesses;

use std::sync::Arc;

use broker::{Broker, SlotReport, Status};
use domain::{Clock, InstanceId};
use identity::passkeys::{HardwareRoots, HardwareRootsError};
use rustix::net::sockopt::socket_peercred;
use seal::SystemClock;
use serde_json::json;
use store::{Finding as Guard, Store, StoreError};

pub(crate) use finding::{Check, Finding, Verdict};

use crate::data;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::settings::{Folders, Settings};
use crate::up::ready::Ready;
use backups::Backups;
use log::Logs;
use process::Sight;
use staff::Staff;
use witnesses::Witnesses;

/// `doctor`.
#[derive(Debug, clap::Args)]
pub struct Doctor {
    #[command(flatten)]
    folders: Folders,
}

impl Doctor {
    pub(crate) fn run(self, output: &Output) -> Result<(), Failure> {
        let settings = Settings::load(&self.folders, Vec::new())?;
        let findings = crate::runtime()?.block_on(examine(&settings));
        for finding in &findings {
            output.result("check", json!(finding), &line(finding));
        }
        let red = findings.iter().filter(|finding| finding.verdict == Verdict::Fail).count();
        if red == 0 {
            return Ok(());
        }
        Err(Failure::new(
            Exit::Failed,
            format!("{red} of {} checks are red", findings.len()),
            "mend them one by one, from the top: a later one may follow from an earlier one",
        ))
    }
}

fn line(finding: &Finding) -> String {
    let verdict = match finding.verdict {
        Verdict::Ok => "ok  ",
        Verdict::Warn => "warn",
        Verdict::Fail => "FAIL",
    };
    let mend = if finding.mend.is_empty() {
        String::new()
    } else {
        format!("\n{:23}mend: {}", "", finding.mend)
    };
    format!("{verdict}  {:16} {}{mend}", finding.check.name(), finding.seen)
}

/// Looks at everything and judges it.
pub(crate) async fn examine(settings: &Settings) -> Vec<Finding> {
    let keys = KeySide::look(settings).await;
    let data = DataSide::look(settings).await;
    Check::ALL.iter().map(|check| judge(*check, settings, &keys, &data)).collect()
}

fn judge(check: Check, settings: &Settings, keys: &KeySide, data: &DataSide) -> Finding {
    let places = &settings.places;
    let now = SystemClock.now();
    let status = keys.status.as_ref();
    match check {
        Check::Format => files::format(&places.data, settings.examine()),
        Check::Permissions => files::permissions(places),
        Check::DiskSpace => files::disk_space(&places.data),
        Check::Certificate => certificate::certificate(&places.data.certificate(), now),
        Check::Broker => keys::broker(status),
        Check::BrokerMemory => process::broker_memory(keys.sight),
        Check::Separation => process::separation(keys.sight),
        Check::KeyIds => keys::key_ids(status, data.instance),
        Check::Slots => keys::slots(keys.slots.as_deref()),
        Check::Recovery => keys::recovery(status, keys.slots.as_deref()),
        Check::JournalLag => keys::journal_lag(status),
        Check::DatabaseGuards => log::guards(&data.guards),
        Check::Clock => log::clock(data.logs, now),
        Check::SequencerLag => log::sequencer_lag(data.logs, now),
        Check::MergeDelay => log::merge_delay(data.logs, now),
        Check::Retention => log::retention(data.logs, now, settings.config.retention.security_log),
        Check::Staff => staff::staff(&data.staff),
        Check::Witnesses => witnesses::witnesses(&data.witnesses, now),
        Check::BackupPlaces => backups::places(&settings.config.backup, places.data.path()),
        Check::Backup => backups::backup(&settings.config.backup, &data.backups, now),
        Check::BackupDrill => backups::drill(&settings.config.backup, &data.backups, now),
    }
}

/// What the broker says, and what the kernel says about it.
struct KeySide {
    status: Option<Status>,
    slots: Option<Vec<SlotReport>>,
    sight: Option<Sight>,
}

impl KeySide {
    async fn look(settings: &Settings) -> Self {
        let socket = &settings.config.broker.socket;
        let serve = Ready::read(&settings.places.data.ready()).map(|ready| ready.pid);
        let sight = peer(socket).and_then(|broker| Sight::of(broker, serve));
        let Ok(broker) = Broker::connect(socket).await else {
            return Self { status: None, slots: None, sight };
        };
        Self { status: broker.status().await.ok(), slots: broker.test_slots().await.ok(), sight }
    }
}

/// The process that listens on the broker's socket: the kernel's word, not a file's.
fn peer(socket: &std::path::Path) -> Option<u32> {
    let stream = std::os::unix::net::UnixStream::connect(socket).ok()?;
    u32::try_from(socket_peercred(&stream).ok()?.pid.as_raw_nonzero().get()).ok()
}

/// What the database says.
struct DataSide {
    instance: Option<InstanceId>,
    guards: Result<Vec<Guard>, StoreError>,
    logs: Result<Logs, StoreError>,
    staff: Result<Staff, HardwareRootsError>,
    witnesses: Result<Witnesses, StoreError>,
    backups: Result<Backups, StoreError>,
}

impl DataSide {
    async fn look(settings: &Settings) -> Self {
        let roots = settings.config.staff.hardware_roots().map(Arc::new);
        match data::open_existing(settings).await {
            Ok(store) => Self::of(&store, settings, roots).await,
            Err(error) => Self {
                instance: None,
                guards: Err(error),
                logs: Err(error),
                staff: roots.map(|roots| Staff { roots: !roots.is_empty(), listed: Err(error) }),
                witnesses: Err(error),
                backups: Err(error),
            },
        }
    }

    async fn of(
        store: &Store,
        settings: &Settings,
        roots: Result<Arc<HardwareRoots>, HardwareRootsError>,
    ) -> Self {
        let staff = match roots {
            Ok(roots) => Ok(Staff::of(store, roots).await),
            Err(error) => Err(error),
        };
        let asked = &settings.config.witnesses;
        let seen = Self {
            instance: Some(store.instance()),
            guards: store.verify_guards().await,
            logs: Logs::of(store).await,
            staff,
            witnesses: Witnesses::of(store, asked.keys(), asked.quorum).await,
            backups: Backups::of(store).await,
        };
        store.close().await;
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = Check::ALL.iter().map(|c| c.name()).collect();
        assert_eq!(names.len(), Check::ALL.len());
    }

    #[tokio::test]
    async fn an_empty_machine_gets_a_whole_report_with_a_way_out_of_every_red_check() {
        let folder = tempfile::tempdir().unwrap();
        let folders = Folders {
            data: Some(folder.path().join("data")),
            config: Some(folder.path().join("etc/casemate.toml")),
        };
        let settings = Settings::load_or_begin(&folders, Vec::new()).unwrap();
        let findings = examine(&settings).await;
        assert_eq!(findings.len(), Check::ALL.len());
        for finding in &findings {
            assert_eq!(finding.verdict == Verdict::Ok, finding.mend.is_empty(), "{finding:?}");
        }
        let red = |check| findings.iter().any(|f| f.check == check && f.verdict == Verdict::Fail);
        assert!(red(Check::Format) && red(Check::Broker) && red(Check::Recovery));
        assert!(!settings.places.data.path().exists(), "the doctor changes nothing");
    }
}
