//! How this crate opens the data, and what the store's refusals teach.

use std::sync::Arc;

use domain::Mint;
use seal::{SystemClock, SystemEntropy};
use server::config::Engine;
use store::{PostgresTarget, Refusal, Store, StoreConfig, StoreError};

use crate::failure::{Exit, Teaches};
use crate::settings::Settings;

/// Connections of a command that does one thing after another.
const POOL: usize = 2;

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
            Self::Refused(Refusal::NotPrepared) => {
                "prepare it first: casemate database prepare --url-file FILE --out FOLDER"
            }
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

/// Opens the data that the settings lead to.
///
/// # Errors
/// The store's.
pub(crate) async fn open(settings: &Settings) -> Result<Store, StoreError> {
    let mint = Mint::new(Arc::new(SystemClock), Arc::new(SystemEntropy));
    Store::open(store_config(settings)?, mint).await
}

/// As [`open`], but makes nothing where there is no data yet.
///
/// # Errors
/// Also [`StoreError::Unreachable`] when there is no data.
pub(crate) async fn open_existing(settings: &Settings) -> Result<Store, StoreError> {
    let embedded = matches!(settings.config.database.engine, Engine::Sqlite);
    if embedded && !settings.places.data.control().exists() {
        return Err(StoreError::Unreachable);
    }
    open(settings).await
}

fn store_config(settings: &Settings) -> Result<StoreConfig, StoreError> {
    match &settings.config.database.engine {
        Engine::Sqlite => Ok(StoreConfig::Sqlite { folder: settings.config.data.folder.clone() }),
        Engine::Postgres(urls) => {
            let target = |url: &seal::Exposed| {
                let text = url.expose_text().ok_or(Refusal::Address)?;
                Ok::<_, StoreError>(match &urls.root_certificate_file {
                    Some(certificate) => PostgresTarget::tls(text, certificate.clone()),
                    None => PostgresTarget::socket(text),
                })
            };
            Ok(StoreConfig::Postgres {
                runtime: target(&urls.runtime)?,
                platform: target(&urls.platform)?,
                pool: POOL,
            })
        }
    }
}
