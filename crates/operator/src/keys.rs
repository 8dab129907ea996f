//! Where the broker's files lie, and what its refusals teach.

use std::path::PathBuf;

use broker::slots::{Access, Errands};
use broker::{BrokerConfig, Credentials, PrimarySlot, SetupError, StartError, Unlock};
use seal::slot::Way;
use server::config::UnsealConfig;

use crate::failure::{Exit, Teaches};
use crate::folders;
use crate::settings::Settings;

/// The file of wrapped keys.
pub(crate) fn key_store(settings: &Settings) -> PathBuf {
    settings.config.broker.key_store.join("keys.db")
}

/// The key of the key-file slot. It lies with the slots: whoever holds the config folder opens this
/// installation.
pub(crate) fn key_file(settings: &Settings) -> PathBuf {
    settings.config.broker.slots.join("root.key")
}

/// The first slot of new keys: the passphrase of the settings, else a key file.
pub(crate) fn primary_slot(settings: &Settings) -> Result<PrimarySlot, StartError> {
    match &settings.config.broker.passphrase_file {
        Some(file) => Ok(PrimarySlot::Passphrase(broker::read_passphrase(file)?)),
        None => Ok(PrimarySlot::KeyFile(key_file(settings))),
    }
}

/// What may open the keys without a person: the passphrase of the settings, the key file unless the
/// passphrase stands in its place, and what the settings name for the other kinds.
fn unlock(settings: &Settings, handed: Option<Credentials>) -> Result<Vec<Unlock>, StartError> {
    let mut unlock = Vec::new();
    let key = key_file(settings);
    match &settings.config.broker.passphrase_file {
        None => unlock.push(Unlock::KeyFile(key)),
        Some(file) => {
            unlock.push(Unlock::Passphrase(broker::read_passphrase(file)?));
            // `slots restore` makes one for whoever lost the passphrase, and `slots add` another.
            if key.exists() || key.with_extension("key.new").exists() {
                unlock.push(Unlock::KeyFile(key));
            }
        }
    }
    let unseal = &settings.config.broker.unseal;
    let folder = unseal.credentials_folder.clone().map(Credentials::Folder);
    unlock.extend(handed.or(folder).map(Unlock::Credential));
    unlock.extend(unseal.age_identity_file.clone().map(Unlock::Age));
    unlock.push(Unlock::Elsewhere(errands(unseal)));
    unlock.extend(unseal.shares_file.clone().map(Unlock::Shamir));
    Ok(unlock)
}

/// The helper: this same program, told nothing but where to ask.
fn errands(unseal: &UnsealConfig) -> Errands {
    Errands {
        program: Some("/proc/self/exe".into()),
        arguments: vec!["unseal-helper".into()],
        environment: unseal.pkcs11_environment.clone(),
        access: Access {
            kms_token_file: unseal.kms_token_file.clone(),
            kms_root_certificate_file: unseal.kms_root_certificate_file.clone(),
            pkcs11_module: unseal.pkcs11_module.clone(),
            pkcs11_pin_file: unseal.pkcs11_pin_file.clone(),
            tpm: Some(unseal.tpm.clone()),
        },
    }
}

/// The names of the credentials that slots are opened with.
pub(crate) fn credential_names(settings: &Settings) -> Vec<String> {
    let placed = broker::slots::list(&settings.config.broker.slots);
    let slots = placed.into_iter().filter_map(|one| one.slot);
    let names = slots.filter_map(|slot| match slot.way() {
        Way::Credential { name } => Some(name.as_str().to_owned()),
        _ => None,
    });
    names.collect()
}

/// What the broker process is told.
pub(crate) fn broker_config(
    settings: &Settings,
    peer_uids: Vec<u32>,
) -> Result<BrokerConfig, StartError> {
    broker_config_with(settings, peer_uids, None)
}

/// As [`broker_config`], for a broker that was handed a credential.
pub(crate) fn broker_config_with(
    settings: &Settings,
    peer_uids: Vec<u32>,
    handed: Option<Credentials>,
) -> Result<BrokerConfig, StartError> {
    let config = &settings.config.broker;
    Ok(BrokerConfig {
        key_store: key_store(settings),
        slots: config.slots.clone(),
        journal: config.key_store.join("journal"),
        socket: config.socket.clone(),
        unlock: unlock(settings, handed)?,
        peer_uids,
    })
}

impl Teaches for StartError {
    fn mend(&self) -> String {
        match self {
            Self::Unprotected(_) => {
                "run `ulimit -l 8192` first, or set LimitMEMLOCK=8M in the unit".into()
            }
            Self::NoKeyStore(_) => {
                "restore the broker folder from its backup; new keys cannot open this data".into()
            }
            Self::WrongKey { .. } => {
                "put back the slots and key file made with this data (docs/runbooks/wrong-key.md)"
                    .into()
            }
            Self::NewerFormat(_) => "start the newer Casemate; nothing was changed".into(),
            Self::Damaged { path, .. } => {
                format!("restore {} from its newest backup", path.display())
            }
            Self::AlreadyRunning(_) => "stop the other one first".into(),
            Self::File { path, source } => folders::mend_io(path, source),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::AlreadyRunning(_) => Exit::Conflict,
            Self::NoKeyStore(_) => Exit::NotFound,
            Self::WrongKey { .. } | Self::NewerFormat(_) => Exit::Refused,
            Self::File { source, .. } => folders::exit_io(source),
            Self::Unprotected(_) | Self::Damaged { .. } => Exit::Failed,
        }
    }
}

impl Teaches for SetupError {
    fn mend(&self) -> String {
        match self {
            Self::AlreadySetUp(_) => "start it with `casemate up`".into(),
            Self::SlotInTheWay { .. } => {
                "give the data folder these slots belong to, or another config folder".into()
            }
            Self::FileInTheWay(path) => format!("move {} away if it is not needed", path.display()),
            Self::PassphraseTooShort => "choose a longer one".into(),
            Self::SlotDoesNotOpen(_) => "see that the disk of the config folder is healthy".into(),
            Self::Start(error) => error.mend(),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::AlreadySetUp(_) | Self::SlotInTheWay { .. } | Self::FileInTheWay(_) => {
                Exit::Conflict
            }
            Self::PassphraseTooShort => Exit::Usage,
            Self::SlotDoesNotOpen(_) => Exit::Failed,
            Self::Start(error) => error.exit(),
        }
    }
}
