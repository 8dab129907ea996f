//! `slots`: the ways to open the root key, tried and confirmed.
//!
//! A recovery code that nobody typed back is a hope. `slots confirm` has the broker really unwrap
//! the root key with what was typed, and remembers that it did.

mod restore;

use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};

use broker::{Broker, BrokerError, Exposed, SlotOutcome};
use seal::SystemEntropy;
use serde_json::json;
use zeroize::Zeroizing;

use crate::doctor::slot_name;
use crate::failure::{Exit, Failure, Teaches};
use crate::folders::FolderError;
use crate::handout::Handout;
use crate::keys;
use crate::output::Output;
use crate::settings::{Folders, Settings};
use crate::up::prepare;

/// Longest code that is read: far above a real one, so that a wrong file is refused and not tried.
const CODE_BYTES_MAX: u64 = 1_024;

/// The ways to open the root key.
#[derive(Debug, clap::Subcommand)]
pub enum Slots {
    /// Type the recovery code back, to prove that it can be.
    Confirm(Typed),
    /// Show the slots, and what happened when each was tried.
    List(Plain),
    /// Try every slot by really unwrapping the root key.
    Test(Plain),
    /// Replace a lost recovery code by a new one, while the platform is stopped.
    Renew(Plain),
    /// Replace a lost key file by a new one, with the recovery code.
    Restore(Typed),
}

/// `slots confirm` and `slots restore`.
#[derive(Debug, clap::Args)]
pub struct Typed {
    #[command(flatten)]
    folders: Folders,
    /// Read the code from this file ("-" for stdin)
    #[arg(long, value_name = "FILE")]
    code_file: Option<PathBuf>,
}

/// `slots list` and `slots test`.
#[derive(Debug, clap::Args)]
pub struct Plain {
    #[command(flatten)]
    folders: Folders,
}

impl Slots {
    pub(crate) fn run(self, output: &Output) -> Result<(), Failure> {
        match self {
            Self::Confirm(typed) => typed.confirm(output),
            Self::List(plain) => show(output, &plain.folders, Strictness::Show),
            Self::Test(plain) => show(output, &plain.folders, Strictness::MustOpen),
            Self::Restore(typed) => typed.restore(output),
            Self::Renew(plain) => renew(output, &plain.folders),
        }
    }
}

impl Typed {
    fn restore(self, output: &Output) -> Result<(), Failure> {
        let settings = Settings::load(&self.folders, Vec::new())?;
        let code = read_code(self.code_file.as_deref())?;
        let (slots, key) = (&settings.config.broker.slots, keys::key_file(&settings));
        let root = restore::restore(slots, &key, &code)?;
        prepare::give_back(&settings)?;
        output.result(
            "slots.restored",
            json!({"root_key": root, "key_file": key}),
            &format!("{} opens root key {root} again.\n\nNext: casemate up", key.display()),
        );
        Ok(())
    }

    fn confirm(self, output: &Output) -> Result<(), Failure> {
        let settings = Settings::load(&self.folders, Vec::new())?;
        let code = read_code(self.code_file.as_deref())?;
        let confirmed = crate::runtime()?.block_on(async {
            Broker::connect(&settings.config.broker.socket).await?.confirm_recovery(code).await
        })?;
        if !confirmed {
            return Err(Failure::new(
                Exit::Refused,
                "this is not the recovery code of this installation",
                "type it again, with care for similar letters; spaces and case do not matter",
            ));
        }
        let handout = settings.places.config.recovery_code();
        let left_behind = handout.exists();
        let text = if left_behind {
            format!(
                "The recovery code is confirmed. It still lies in {}: move it off this machine.",
                handout.display()
            )
        } else {
            "The recovery code is confirmed.".into()
        };
        output.result("slots.confirmed", json!({"left_behind": left_behind}), &text);
        Ok(())
    }
}

/// A new recovery code; the old one opens nothing any more.
fn renew(output: &Output, folders: &Folders) -> Result<(), Failure> {
    let settings = Settings::load(folders, Vec::new())?;
    let config = keys::broker_config(&settings, Vec::new())?;
    let code = broker::renew_recovery(&config, &SystemEntropy)?;
    prepare::give_back(&settings)?;
    let file = settings.places.config.recovery_code();
    let handout = Handout::give(output, code.expose(), &file)?;
    output.result(
        "slots.renewed",
        json!({"recovery_code_file": handout.file()}),
        &format!(
            "The new recovery code, shown this once; the old one opens nothing any more:\n  {}\n\n\
             Next: casemate up, then casemate slots confirm",
            handout.shown()
        ),
    );
    Ok(())
}

/// The code from `file`, from a pipe, or typed unseen.
pub(crate) fn read_code(file: Option<&Path>) -> Result<Exposed, Failure> {
    let failed = |path: &Path, source| Failure::from(FolderError::new(path, "read", source));
    let typed = match file {
        Some(path) if path != Path::new("-") => {
            let file = std::fs::File::open(path).map_err(|e| failed(path, e))?;
            bounded(file).map_err(|e| failed(path, e))?
        }
        None if std::io::stdin().is_terminal() => rpassword::prompt_password("Recovery code: ")
            .map(|text| Zeroizing::new(text.into_bytes()))
            .map_err(|e| failed(Path::new("/dev/tty"), e))?,
        _ => {
            bounded(std::io::stdin().lock()).map_err(|e| failed(Path::new("standard input"), e))?
        }
    };
    Ok(Exposed::copy_of(typed.trim_ascii()))
}

fn bounded(source: impl Read) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(1_025));
    source.take(CODE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.is_empty() || u64::try_from(bytes.len()).unwrap_or(u64::MAX) > CODE_BYTES_MAX {
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "it holds no code"));
    }
    Ok(bytes)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strictness {
    Show,
    MustOpen,
}

fn show(output: &Output, folders: &Folders, strictness: Strictness) -> Result<(), Failure> {
    let settings = Settings::load(folders, Vec::new())?;
    let reports = crate::runtime()?.block_on(async {
        Broker::connect(&settings.config.broker.socket).await?.test_slots().await
    })?;
    let mut broken = 0;
    for report in &reports {
        let kind = slot_name(report.kind);
        let outcome = outcome_text(report.outcome);
        broken += usize::from(is_broken(report.outcome));
        output.result(
            "slot",
            json!({"kind": report.kind, "outcome": report.outcome}),
            &format!("{kind:14} {outcome}"),
        );
    }
    if broken > 0 && strictness == Strictness::MustOpen {
        return Err(Failure::new(
            Exit::Failed,
            format!("{broken} of {} slots do not open", reports.len()),
            "put the slot's file or key back (docs/runbooks/wrong-key.md)",
        ));
    }
    Ok(())
}

pub(crate) const fn is_broken(outcome: SlotOutcome) -> bool {
    matches!(outcome, SlotOutcome::KeyMissing | SlotOutcome::Unreadable | SlotOutcome::Fails)
}

const fn outcome_text(outcome: SlotOutcome) -> &'static str {
    match outcome {
        SlotOutcome::Opens => "opens",
        SlotOutcome::ConfirmedAt(_) => "was typed back and opened",
        SlotOutcome::NeverConfirmed => "never typed back: casemate slots confirm",
        SlotOutcome::KeyMissing => "its key is missing",
        SlotOutcome::Unreadable => "its file is missing or damaged",
        SlotOutcome::Fails => "does not open this root key",
    }
}

impl Teaches for BrokerError {
    fn mend(&self) -> String {
        match self {
            Self::Unreachable => "start the platform with `casemate up`, then try again",
            Self::Refused(_) => {
                "use the same version of Casemate for the platform and this command"
            }
            Self::CannotOpen(_) => "casemate doctor says which key is missing",
            Self::JournalBehind => "see that a `serve` with the worker role runs",
            Self::Storage => "free space on the disk that holds the data folder",
        }
        .into()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Refused(_) | Self::CannotOpen(_) => Exit::Refused,
            Self::Unreachable | Self::JournalBehind | Self::Storage => Exit::TryAgain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_from_a_file_without_its_line_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("code");
        std::fs::write(&path, " ABCD-EFGH \n").unwrap();
        assert_eq!(read_code(Some(&path)).unwrap().expose(), b"ABCD-EFGH");
    }

    #[test]
    fn an_empty_a_missing_and_a_huge_file_hold_no_code() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("code");
        assert!(read_code(Some(&path)).is_err());
        for length in [0, 2_000] {
            std::fs::write(&path, vec![b'A'; length]).unwrap();
            assert!(read_code(Some(&path)).is_err(), "{length}");
        }
    }
}
