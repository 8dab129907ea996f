//! `slots list` and `slots test`: what is there, and whether it opens.
//!
//! The broker tries what the settings name, because it is the one that must be able to; where it
//! does not answer, this process tries. What a person holds is tried here, with what they give.

use std::path::PathBuf;

use broker::slots::Slots;
use broker::{Broker, ElsewhereFault, SlotOutcome, SlotReport};
use seal::slot::{Kind, Way};
use serde_json::json;

use super::secret;
use crate::failure::{Exit, Failure};
use crate::keys;
use crate::output::Output;
use crate::settings::{Folders, Settings};

/// `slots test`.
#[derive(Debug, clap::Args)]
pub struct Test {
    /// The slot [default: every one]
    slot: Option<String>,
    #[command(flatten)]
    folders: Folders,
    /// Open it with what this file holds ("-" for stdin), instead of what the settings name
    #[arg(long, value_name = "FILE", requires = "slot")]
    secret_file: Option<PathBuf>,
}

impl Test {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        let settings = Settings::load(&self.folders, Vec::new())?;
        if let (Some(slot), Some(file)) = (&self.slot, &self.secret_file) {
            let given = secret::given(slot, Some(file.as_path()))?;
            let config = keys::broker_config(&settings, Vec::new())?;
            let root = Slots::of(&config)?.test_with(&given)?;
            output.result(
                "slot",
                json!({"id": slot, "outcome": SlotOutcome::Opens, "root_key": root.to_string()}),
                &format!("{slot:14} opens root key {root}"),
            );
            return Ok(());
        }
        let mut reports = reports(&settings)?;
        if let Some(slot) = &self.slot {
            reports.retain(|report| report.id == *slot);
            if reports.is_empty() {
                return Err(no_slot(slot));
            }
        }
        show(output, &settings, &reports);
        judge(&reports, self.slot.is_some())
    }
}

/// `slots list`.
pub(super) fn list(output: &Output, folders: &Folders) -> Result<(), Failure> {
    let settings = Settings::load(folders, Vec::new())?;
    let reports = reports(&settings)?;
    show(output, &settings, &reports);
    Ok(())
}

fn reports(settings: &Settings) -> Result<Vec<SlotReport>, Failure> {
    let asked = crate::runtime()?.block_on(async {
        Broker::connect(&settings.config.broker.socket).await?.test_slots().await
    });
    if let Ok(reports) = asked {
        return Ok(reports);
    }
    let config = keys::broker_config(settings, Vec::new())?;
    Ok(Slots::of(&config)?.test()?)
}

fn show(output: &Output, settings: &Settings, reports: &[SlotReport]) {
    let placed = broker::slots::list(&settings.config.broker.slots);
    for report in reports {
        let slot = placed.iter().find(|one| one.name == report.id);
        let slot = slot.and_then(|one| one.slot.as_ref());
        let detail = slot.map(|slot| detail(slot.way())).unwrap_or_default();
        let (id, kind) = (&report.id, report.kind.words());
        let outcome = outcome_text(report.outcome);
        output.result(
            "slot",
            json!({
                "id": id, "kind": report.kind, "outcome": report.outcome, "detail": detail,
                "slot_id": slot.map(|slot| slot.id().to_string()),
                "root_key": slot.map(|slot| slot.root().to_string()),
                "recovers": report.kind.recovers(),
            }),
            &format!(
                "{id:14} {kind:18} {outcome}{}{detail}",
                if detail.is_empty() { "" } else { "; " }
            ),
        );
    }
}

/// What is public about a slot, for whoever looks for its other half.
fn detail(way: &Way) -> String {
    match way {
        Way::KeyFile | Way::Recovery | Way::Passphrase(_) | Way::Tpm { .. } => String::new(),
        Way::Age { recipient, .. } => recipient.as_str().to_owned(),
        Way::Shamir(split) => format!("{} of {} shares", split.threshold(), split.count()),
        Way::Credential { name } => format!("credential {}", name.as_str()),
        Way::Kms { address, mount, key, .. } => {
            format!("{} at {}/{}", key.as_str(), address.as_str(), mount.as_str())
        }
        Way::Pkcs11 { token, key, .. } => {
            format!("key {:?} of token {:?}", key.as_str(), token.as_str())
        }
    }
}

/// One slot that was asked for must open; of all of them, none may be broken.
fn judge(reports: &[SlotReport], one: bool) -> Result<(), Failure> {
    let untried = |outcome| matches!(outcome, SlotOutcome::NotTried | SlotOutcome::NeverConfirmed);
    if let Some(report) = reports.iter().find(|report| one && untried(report.outcome)) {
        return Err(Failure::new(
            Exit::Refused,
            format!("{} was not tried: a person holds what opens it", report.id),
            format!("casemate slots test {} --secret-file FILE", report.id),
        ));
    }
    let broken = reports.iter().filter(|report| is_broken(report.outcome)).count();
    if broken == 0 {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Failed,
        format!("{broken} of {} slots do not open", reports.len()),
        "put the slot's file or key back (docs/runbooks/wrong-key.md)",
    ))
}

pub(super) fn no_slot(slot: &str) -> Failure {
    Failure::new(
        Exit::NotFound,
        format!("there is no slot {slot}"),
        format!(
            "casemate slots list shows them; kinds are {}",
            Kind::ALL.map(Kind::as_str).join(", ")
        ),
    )
}

pub(crate) const fn is_broken(outcome: SlotOutcome) -> bool {
    match outcome {
        SlotOutcome::KeyMissing
        | SlotOutcome::Unreadable
        | SlotOutcome::Fails
        | SlotOutcome::Incomplete => true,
        SlotOutcome::Elsewhere(fault) => {
            !matches!(fault, ElsewhereFault::NotConfigured | ElsewhereFault::NotBuilt)
        }
        SlotOutcome::Opens
        | SlotOutcome::ConfirmedAt(_)
        | SlotOutcome::NeverConfirmed
        | SlotOutcome::NotTried => false,
    }
}

pub(crate) fn outcome_text(outcome: SlotOutcome) -> String {
    match outcome {
        SlotOutcome::Opens => "opens".into(),
        SlotOutcome::ConfirmedAt(_) => "was typed back and opened".into(),
        SlotOutcome::NeverConfirmed => "never typed back: casemate slots confirm".into(),
        SlotOutcome::KeyMissing => "its key is missing".into(),
        SlotOutcome::Unreadable => "its file is missing or damaged".into(),
        SlotOutcome::Fails => "does not open this root key".into(),
        SlotOutcome::NotTried => "not tried: what opens it is not here".into(),
        SlotOutcome::Incomplete => "the shares in the file do not make a set for it".into(),
        SlotOutcome::Elsewhere(fault) => format!("its key was not given: {fault}"),
    }
}
