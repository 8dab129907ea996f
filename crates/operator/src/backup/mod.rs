//! `backup` and `restore`: copies of everything, the way back from them, and proof that it works.
//!
//! Always true
//! 1. What leaves is sealed to the root key's public half; making a backup needs no slot's secret
//!    and reads none of what it made before.
//! 2. Keys go after the data and apart from it: a key that seals a backed-up record is in the
//!    backup of the keys, and no one place holds both.
//! 3. A restore goes into an empty place, believes only what the installation signed, and lets
//!    nobody in again who was signed out: every session ends, and every log begins a new epoch.
//! 4. How every run ended is in the platform's log.
//!
//! Walk: [`run`] → [`source`] → the crate `backup`; back: [`restore`] → [`target`]; both again in
//! [`drill`]. Choice: docs/decisions/0022-backups.md.

mod canary;
mod drill;
mod due;
mod errors;
mod host;
mod keys;
mod look;
mod places;
mod postgres;
mod restore;
mod run;
mod source;
mod target;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::failure::Failure;
use crate::output::Output;
use crate::settings::{Folders, Settings};

pub(crate) use restore::Restore;

/// Backups.
#[derive(Debug, Subcommand)]
pub enum Backup {
    /// Make a backup now, in every configured place, while the platform runs
    Run(Now),
    /// Show the backups in the configured places
    List(Now),
    /// Read backups to their last byte, and say whether each is whole and signed
    Verify(Verify),
    /// Restore the newest backup in a scratch place, check its logs, open its canary, remove it
    Drill(Now),
    /// Do what is due: `up` asks every minute
    #[command(hide = true)]
    Due(Now),
}

/// A command without arguments.
#[derive(Debug, Args)]
pub struct Now {
    #[command(flatten)]
    folders: Folders,
}

/// `backup verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// The backup's number [default: every one]
    #[arg(long, value_name = "NUMBER")]
    number: Option<u64>,
    /// File with the installation's log key, where no broker runs
    #[arg(long, value_name = "FILE")]
    log_key_file: Option<PathBuf>,
    #[command(flatten)]
    folders: Folders,
}

impl Backup {
    pub(crate) fn run(self, output: &Output) -> Result<(), Failure> {
        match self {
            Self::Run(now) => {
                let settings = Settings::load(&now.folders, Vec::new())?;
                crate::runtime()?.block_on(run::run(&settings, output))
            }
            Self::List(now) => {
                let settings = Settings::load(&now.folders, Vec::new())?;
                crate::runtime()?.block_on(look::list(&settings, output))
            }
            Self::Verify(verify) => {
                let settings = Settings::load(&verify.folders, Vec::new())?;
                crate::runtime()?.block_on(look::verify(&settings, &verify, output))
            }
            Self::Due(now) => {
                // Whoever started it is the supervisor; started by hand it ends with the shell.
                let parent = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get());
                let parent = parent.and_then(|pid| u32::try_from(pid).ok()).unwrap_or(0);
                if !crate::up::bind_to_supervisor(parent) {
                    return Ok(());
                }
                let settings = Settings::load(&now.folders, Vec::new())?;
                crate::runtime()?.block_on(due::due(&settings, output))
            }
            Self::Drill(now) => {
                let settings = Settings::load(&now.folders, Vec::new())?;
                crate::runtime()?.block_on(drill::drill(&settings, output))
            }
        }
    }
}
