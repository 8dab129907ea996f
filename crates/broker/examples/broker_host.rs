//! A broker process for tests: the same calls as `casemate broker`, with every path below one
//! folder.
//!
//! ```text
//! broker_host setup FOLDER INSTANCE [PASSPHRASE]   prints the root key's id and the recovery code
//! broker_host renew FOLDER                         prints a new recovery code
//! broker_host run FOLDER UID[,UID]                 runs until killed
//! ```
//!
//! Exit code 1 with the reason on stderr when the broker does not start.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use broker::{BrokerConfig, Exposed, PrimarySlot, Setup, Unlock};
use seal::{SystemClock, SystemEntropy};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["setup", folder, instance] => {
            let key_file = Path::new(folder).join("config/key");
            set_up(folder, instance, PrimarySlot::KeyFile(key_file))
        }
        ["setup", folder, instance, passphrase] => {
            let passphrase = Exposed::copy_of(passphrase.as_bytes());
            set_up(folder, instance, PrimarySlot::Passphrase(passphrase))
        }
        ["renew", folder] => renew(folder),
        ["run", folder, uids] => run(folder, uids),
        _ => Err("usage: broker_host setup|renew|run FOLDER ...".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

fn set_up(folder: &str, instance: &str, primary: PrimarySlot) -> Result<(), String> {
    let folder = PathBuf::from(folder);
    let wanted = Setup {
        instance: instance.parse().map_err(|_| "the instance is not an id".to_owned())?,
        key_store: folder.join("data/keys.db"),
        slots: folder.join("config"),
        primary,
    };
    let made = broker::setup(&wanted, &SystemClock, &SystemEntropy);
    let made = made.map_err(|error| error.to_string())?;
    println!("{}", made.root_key);
    println!("{}", made.recovery_code.expose_text().unwrap_or_default());
    Ok(())
}

fn renew(folder: &str) -> Result<(), String> {
    let code = broker::renew_recovery(&config(folder, &[]), &SystemClock, &SystemEntropy);
    let code = code.map_err(|error| error.to_string())?;
    println!("{}", code.expose_text().unwrap_or_default());
    Ok(())
}

fn run(folder: &str, uids: &str) -> Result<(), String> {
    let uids: Result<Vec<u32>, _> = uids.split(',').map(str::parse).collect();
    let uids = uids.map_err(|_| "a user id is a number".to_owned())?;
    broker::run(config(folder, &uids), Arc::new(SystemClock), Arc::new(SystemEntropy))
        .map_err(|error| error.to_string())
}

fn config(folder: &str, uids: &[u32]) -> BrokerConfig {
    let folder = PathBuf::from(folder);
    let mut unlock = vec![Unlock::KeyFile(folder.join("config/key"))];
    if let Ok(passphrase) = std::fs::read(folder.join("config/passphrase")) {
        unlock.push(Unlock::Passphrase(Exposed::new(passphrase)));
    }
    BrokerConfig {
        key_store: folder.join("data/keys.db"),
        slots: folder.join("config"),
        journal: folder.join("data/journal/openings"),
        socket: folder.join("run/broker.sock"),
        unlock,
        peer_uids: uids.to_vec(),
    }
}
