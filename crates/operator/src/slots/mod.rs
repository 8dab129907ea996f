//! `slots`: the ways to open the root key: added, tried, turned, removed and confirmed.
//!
//! A recovery code that nobody typed back is a hope. `slots confirm` has the broker really unwrap
//! the root key with what was typed, and remembers that it did.
//!
//! Always true: what opens a slot is read from a file or typed unseen, never an argument; and every
//! change is in the record beside the slots, and in the platform's log where the database answers.

mod change;
mod look;
mod record;
pub(crate) mod restore;
pub(crate) mod secret;

use std::path::PathBuf;

use broker::{Broker, BrokerError};
use ledger::Verb;
use seal::{SystemClock, SystemEntropy};
use serde_json::json;

use crate::failure::{Exit, Failure, Teaches};
use crate::handout::Handout;
use crate::keys;
use crate::output::Output;
use crate::settings::{Folders, Settings};
use crate::up::prepare;
use record::Change;

pub(crate) use look::{is_broken, outcome_text};

/// The ways to open the root key.
#[derive(Debug, clap::Subcommand)]
pub enum Slots {
    /// Type the recovery code back, to prove that it can be.
    Confirm(Typed),
    /// Show the slots, and what happened when each was tried.
    List(Plain),
    /// Try slots by really unwrapping the root key.
    Test(look::Test),
    /// Make one more way to open the root key.
    #[command(subcommand)]
    Add(change::Add),
    /// Give a slot a new secret; the old one opens it no more.
    Rotate(change::Rotate),
    /// Remove a slot; two stay, and another one must open first.
    Remove(change::Remove),
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

/// `slots list` and `slots renew`.
#[derive(Debug, clap::Args)]
pub struct Plain {
    #[command(flatten)]
    folders: Folders,
}

impl Slots {
    pub(crate) fn run(self, output: &Output) -> Result<(), Failure> {
        match self {
            Self::Confirm(typed) => typed.confirm(output),
            Self::List(plain) => look::list(output, &plain.folders),
            Self::Test(test) => test.run(output),
            Self::Add(add) => add.run(output),
            Self::Rotate(rotate) => rotate.run(output),
            Self::Remove(remove) => remove.run(output),
            Self::Restore(typed) => typed.restore(output),
            Self::Renew(plain) => renew(output, &plain.folders),
        }
    }
}

impl Typed {
    fn restore(self, output: &Output) -> Result<(), Failure> {
        let settings = Settings::load(&self.folders, Vec::new())?;
        let code = secret::read(self.code_file.as_deref(), "Recovery code: ")?;
        let (slots, key) = (&settings.config.broker.slots, keys::key_file(&settings));
        let root = restore::restore(slots, &key, &code)?;
        prepare::give_back(&settings)?;
        let change = Change {
            verb: Verb::UnsealSlotRotated,
            slot: "key-file".into(),
            kind: "key-file",
            root: root.clone(),
        };
        let recorded = record::record(&settings, change)?;
        output.result(
            "slots.restored",
            json!({"root_key": root, "key_file": key, "recorded": recorded}),
            &format!(
                "{} opens root key {root} again.{}\n\nNext: casemate up",
                key.display(),
                record::note(recorded)
            ),
        );
        Ok(())
    }

    fn confirm(self, output: &Output) -> Result<(), Failure> {
        let settings = Settings::load(&self.folders, Vec::new())?;
        let code = secret::read(self.code_file.as_deref(), "Recovery code: ")?;
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
    let code = broker::renew_recovery(&config, &SystemClock, &SystemEntropy)?;
    prepare::give_back(&settings)?;
    let file = settings.places.config.recovery_code();
    let handout = Handout::give(output, code.expose(), &file)?;
    let recorded = record::record(&settings, change::of_recovery(&settings))?;
    output.result(
        "slots.renewed",
        json!({"recovery_code_file": handout.file(), "recorded": recorded}),
        &format!(
            "The new recovery code, shown this once; the old one opens nothing any more:\n  {}\n{}\n\
             Next: casemate up, then casemate slots confirm",
            handout.shown(),
            record::note(recorded)
        ),
    );
    Ok(())
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
