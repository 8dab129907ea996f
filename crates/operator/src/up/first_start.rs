//! The first start: an instance, its keys with two slots, and the recovery code in somebody's
//! hands.
//!
//! Always true
//! 1. `FORMAT` is written after the code was handed out. Cut off anywhere before, the first start
//!    is begun anew: what exists is kept, and a code that may have been lost is replaced by a new
//!    one.
//! 2. New keys are never made for data that has an owner: nobody could open it with them.

use broker::{Exposed, Setup, SetupError};
use domain::InstanceId;
use seal::{SystemClock, SystemEntropy};

use super::prepare;
use crate::data;
use crate::failure::{Exit, Failure};
use crate::folders::{self, FolderError};
use crate::format::{self, Format};
use crate::handout::Handout;
use crate::keys;
use crate::layout::DataFolder;
use crate::output::Output;
use crate::settings::Settings;
use crate::users::Separation;

/// Finishes the first start if `format` says that there was none; hands out the recovery code,
/// before anything else can fail.
pub(crate) fn finish(
    output: &Output,
    settings: &Settings,
    format: Format,
    separation: Separation,
) -> Result<(), Failure> {
    if format == Format::Current {
        return Ok(());
    }
    output.step("First start: making the instance and its keys.");
    let places = &settings.places;
    format::begin_first_start(&places.data)?;
    let instance = crate::runtime()?.block_on(instance(settings))?;
    let code = recovery_code(settings, instance)?;
    if let Separation::Users { broker, serve } = separation {
        prepare::hand_over(&settings.config.broker.key_store, broker)?;
        prepare::hand_over(&settings.config.broker.slots, broker)?;
        prepare::hand_over(&places.data.tenants(), serve)?;
        hand_over_control(&places.data, serve)?;
    }
    let handout = Handout::give(output, code.expose(), &places.config.recovery_code())?;
    if handout.file().is_none() {
        let shown = handout.shown();
        output.step(&format!(
            "\nRecovery code, shown this once; keep it away from this machine:\n  {shown}\n"
        ));
    }
    Ok(format::finish_first_start(&places.data)?)
}

/// Removes half of a certificate that a first start left when it was cut off: nobody has seen it,
/// so nobody pinned it. Once the platform was ready, a missing half is for a person to judge.
pub(crate) fn clear_half_certificate(data: &DataFolder) -> Result<(), FolderError> {
    let halves = [data.certificate(), data.certificate_key()];
    if !data.first_start().exists() || halves.iter().all(|half| half.exists()) {
        return Ok(());
    }
    for half in halves.iter().filter(|half| half.exists()) {
        std::fs::remove_file(half).map_err(|source| FolderError::new(half, "removed", source))?;
    }
    Ok(())
}

/// The instance, made by the first opening of the database. Refused when the database has an owner
/// already.
async fn instance(settings: &Settings) -> Result<InstanceId, Failure> {
    let store = data::open(settings).await?;
    let owned = store.platform_read(|tx| tx.bootstrap().done()).await;
    let instance = store.instance();
    store.close().await;
    if owned? {
        return Err(Failure::new(
            Exit::Refused,
            format!(
                "the database belongs to instance {instance}, whose keys are not in this folder"
            ),
            "give the data folder and slots of that instance, or an empty database",
        ));
    }
    Ok(instance)
}

/// The recovery code of the keys just made; of keys that an earlier attempt made, a new one.
fn recovery_code(settings: &Settings, instance: InstanceId) -> Result<Exposed, SetupError> {
    let setup = Setup {
        instance,
        key_store: keys::key_store(settings),
        slots: settings.config.broker.slots.clone(),
        primary: keys::primary_slot(settings)?,
    };
    match broker::setup(&setup, &SystemClock, &SystemEntropy) {
        Ok(set_up) => Ok(set_up.recovery_code),
        Err(SetupError::AlreadySetUp(_)) => broker::renew_recovery(
            &keys::broker_config(settings, Vec::new())?,
            &SystemClock,
            &SystemEntropy,
        ),
        Err(error) => Err(error),
    }
}

fn hand_over_control(data: &DataFolder, serve: crate::users::Account) -> Result<(), FolderError> {
    for suffix in ["", "-wal", "-shm"] {
        let mut path = data.control().into_os_string();
        path.push(suffix);
        let path = std::path::PathBuf::from(path);
        if path.exists() {
            folders::set_owner(&path, serve.uid, serve.gid)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Places;

    #[test]
    fn half_a_certificate_is_removed_in_a_first_start_and_never_after() {
        let folder = tempfile::tempdir().unwrap();
        let settings = folder.path().join("etc/casemate.toml");
        let data = Places::new(&folder.path().join("data"), &settings).unwrap().data;
        folders::make(&data.tls(), 0o700).unwrap();
        folders::make(&data.run(), 0o700).unwrap();
        let half = || folders::write_whole(&data.certificate_key(), b"key").unwrap();
        half();
        clear_half_certificate(&data).unwrap();
        assert!(data.certificate_key().exists(), "an operator's half stays");
        format::begin_first_start(&data).unwrap();
        clear_half_certificate(&data).unwrap();
        assert!(!data.certificate_key().exists());
        half();
        folders::write_whole(&data.certificate(), b"certificate").unwrap();
        clear_half_certificate(&data).unwrap();
        assert!(data.certificate_key().exists() && data.certificate().exists());
    }
}
