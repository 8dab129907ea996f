//! `database prepare`, and how this crate opens the data.

use std::path::PathBuf;
use std::sync::Arc;

use domain::Mint;
use seal::{SystemClock, SystemEntropy};
use server::config::Engine;
use store::{PostgresTarget, Refusal, Store, StoreConfig, StoreError};

use crate::failure::{Exit, Failure, Teaches};
use crate::output::Output;
use crate::settings::Settings;

impl Teaches for StoreError {
    fn mend(&self) -> String {
        match self {
            Self::Unreachable => "see that the database runs and that its address file is right",
            Self::Busy => "try again in a moment",
            Self::Full => "free space on the database's disk, then try again: nothing was lost",
            Self::Corrupt => "restore the newest backup; keep the damaged files for comparison",
            Self::Conflict => "run the command once more",
            Self::Refused(Refusal::NewerFormat { .. }) => {
                "start the newer Casemate, or restore a backup taken before its upgrade"
            }
            Self::Refused(Refusal::WeakGuards(_)) => {
                "casemate migrate puts the guards back; find out who took them away"
            }
            Self::Refused(Refusal::ReadOnly) => "let this user write the data folder",
            Self::Refused(_) => "casemate doctor says what is wrong with the database",
            Self::Defect(_) => "report it: this is a mistake in Casemate",
        }
        .into()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Refused(_) => Exit::Refused,
            Self::Unreachable | Self::Busy | Self::Full => Exit::TryAgain,
            Self::Conflict => Exit::Conflict,
            Self::Corrupt | Self::Defect(_) => Exit::Failed,
        }
    }
}
