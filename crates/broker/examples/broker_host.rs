//! A broker process for tests: the same calls as `casemate broker`, with every path below one
//! folder.
//!
//! ```text
//! broker_host setup FOLDER INSTANCE [PASSPHRASE]   prints the root key's id and the recovery code
//! broker_host renew FOLDER                         prints a new recovery code
//! broker_host run FOLDER UID[,UID] [STEP]          runs until killed, at STEP by itself
//! broker_host rotate-root FOLDER [STEP]            a new root key; dies at STEP by itself
//! broker_host census FOLDER                        prints what hangs on the root key
//! ```
//!
//! A STEP is `Name:N`: the process ends as by `kill -9` when that step comes for the Nth time. The
//! recovery code for `rotate-root` is read from `config/code`, where it is there.
//!
//! Exit code 1 with the reason on stderr when the broker does not start.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use broker::{BrokerConfig, Exposed, PrimarySlot, Setup, Step, Steps, Unlock, no_steps};
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
        ["run", folder, uids] => run(folder, uids, Arc::new(no_steps)),
        ["run", folder, uids, step] => dying(step).and_then(|steps| run(folder, uids, steps)),
        ["rotate-root", folder] => rotate_root(folder, &no_steps),
        ["rotate-root", folder, step] => {
            dying(step).and_then(|steps| rotate_root(folder, steps.as_ref()))
        }
        ["census", folder] => census(folder),
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

/// Ends the process at the Nth time of a step, as `kill -9` would: nothing is unwound or flushed.
fn dying(step: &str) -> Result<Arc<Steps>, String> {
    let (name, number) = step.split_once(':').ok_or("a step is Name:N")?;
    let number: u32 = number.parse().map_err(|_| "a step is Name:N")?;
    let (name, seen) = (name.to_owned(), AtomicU32::new(0));
    Ok(Arc::new(move |step: Step| {
        if format!("{step:?}") == name && seen.fetch_add(1, Ordering::SeqCst) + 1 == number {
            let me = rustix::process::getpid();
            let _ = rustix::process::kill_process(me, rustix::process::Signal::KILL);
        }
    }))
}

fn rotate_root(folder: &str, steps: &Steps) -> Result<(), String> {
    let code = std::fs::read(Path::new(folder).join("config/code")).ok().map(Exposed::new);
    let config = config(folder, &[]);
    let done = broker::rotate_root(&config, code.as_ref(), &SystemClock, &SystemEntropy, steps);
    let done = done.map_err(|error| error.to_string())?;
    println!("{}\n{}", done.before.root_key, done.after.root_key);
    Ok(())
}

fn census(folder: &str) -> Result<(), String> {
    let census = broker::root_census(&config(folder, &[])).map_err(|error| error.to_string())?;
    println!("{}", census.root_key);
    println!("{} {} {}", census.realms, census.data_keys, census.instance_keys);
    let (paired, direct) = (census.slots_paired.len(), census.slots_direct.len());
    println!("{paired} {direct} {}", census.slots_foreign.len());
    Ok(())
}

fn run(folder: &str, uids: &str, steps: Arc<Steps>) -> Result<(), String> {
    let uids: Result<Vec<u32>, _> = uids.split(',').map(str::parse).collect();
    let uids = uids.map_err(|_| "a user id is a number".to_owned())?;
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    broker::run_watched(config(folder, &uids), clock, entropy, steps)
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
