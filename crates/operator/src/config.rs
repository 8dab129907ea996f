//! `config check`: every setting in effect, or the first one that is wrong.

use serde_json::json;
use server::config::Config as ServerConfig;

use crate::failure::Failure;
use crate::output::Output;
use crate::settings::{self, Folders, Settings};

/// The settings.
#[derive(Debug, clap::Subcommand)]
pub enum Config {
    /// Check the settings, and show each with the value in effect.
    Check(Check),
}

/// `config check`.
#[derive(Debug, clap::Args)]
pub struct Check {
    #[command(flatten)]
    folders: Folders,
}

impl Config {
    pub(crate) fn run(self, output: &Output) -> Result<(), Failure> {
        let Self::Check(Check { folders }) = self;
        let sources = settings::sources(&folders, Vec::new());
        let values = ServerConfig::check(&sources)?;
        Settings::load(&folders, Vec::new())?;
        for (key, value) in values {
            output.result(
                "setting",
                json!({"key": key, "value": value}),
                &format!("{key} = {value}"),
            );
        }
        Ok(())
    }
}
