//! What a backup works with: the running broker, the data, and the folders.

use broker::Broker;
use broker::backup::Way;
use domain::RequestId;
use ledger::{AuditEvent, Verb, VerifierKey};
use seal::Recipient;
use serde_json::Value;
use store::{BackupRun, Caller, Commit, Store, StoreError};

use crate::data;
use crate::failure::{Exit, Failure};
use crate::folders;
use crate::keys;
use crate::lock::FolderLock;
use crate::settings::Settings;

/// A running installation.
pub(super) struct Host<'s> {
    pub(super) settings: &'s Settings,
    pub(super) broker: Broker,
    pub(super) store: Store,
    pub(super) recipient: Recipient,
    pub(super) log_key: VerifierKey,
    pub(super) ways: Vec<Way>,
    _lock: FolderLock,
}

impl<'s> Host<'s> {
    /// Connects to everything; one backup or rehearsal at a time.
    ///
    /// # Errors
    /// What is not there, and that no slot could open a backup after a disaster.
    pub(super) async fn connect(settings: &'s Settings) -> Result<Self, Failure> {
        let folder = &settings.places.data;
        folders::make_if_missing(&folder.backup())?;
        let lock = FolderLock::take(&folder.backup_lock())?;
        clear_scratch(settings)?;
        let broker = Broker::connect(&settings.config.broker.socket).await?;
        let recipient = broker.stream_recipient().await?;
        let log_key = broker.log_key().await?;
        let log_key = VerifierKey::parse(log_key.trim()).map_err(|_| unreadable_key())?;
        let ways = broker::backup::ways(&settings.config.broker.slots, &keys::key_store(settings))?;
        if ways.is_empty() {
            return Err(Failure::new(
                Exit::Refused,
                "no slot that people hold could open a backup",
                "casemate slots add --help; a backup that only this machine opens is none",
            ));
        }
        let store = data::open_existing(settings).await?;
        Ok(Self { settings, broker, store, recipient, log_key, ways, _lock: lock })
    }

    pub(super) fn caller(&self) -> Caller {
        Caller::system("backup", self.store.mint().id::<RequestId>())
    }

    /// Records how runs ended: an entry in the platform's log, and the rows that the doctor reads.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn record(
        &self,
        runs: &'static [BackupRun],
        (number, outcome): (u64, &str),
        (verb, details): (Verb, Value),
    ) -> Result<(), StoreError> {
        let outcome = outcome.to_owned();
        let caller = self.caller();
        let recorded = self.store.platform_write(&caller, move |tx| {
            for run in runs {
                tx.backups().note(*run, number, &outcome)?;
            }
            let event = AuditEvent::new(verb, "backup", number).new_value(details);
            Ok::<_, StoreError>(Commit::audited(event, ()))
        });
        recorded.await.map(drop)
    }
}

/// Removes what a run that was cut off left behind.
///
/// # Errors
/// When it cannot be removed.
pub(super) fn clear_scratch(settings: &Settings) -> Result<(), folders::FolderError> {
    let scratch = settings.places.data.backup_scratch();
    match std::fs::remove_dir_all(&scratch) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(folders::FolderError::new(&scratch, "removed", error));
        }
        _ => {}
    }
    folders::make(&scratch, 0o700)
}

fn unreadable_key() -> Failure {
    Failure::new(
        Exit::Failed,
        "the broker's log key cannot be read",
        "report it: this is a mistake in Casemate",
    )
}
