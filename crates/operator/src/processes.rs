//! `broker` and `serve`: one process each, alone or under `up`.
//!
//! Always true
//! 1. Under `up` the process dies with its supervisor, and nothing of it starts before that is
//!    arranged.
//! 2. Nothing is served while keys and data are of different instances.

use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::sync::Arc;

use broker::Credentials;
use rustix::fs::Mode;
use seal::{SystemClock, SystemEntropy};
use server::ServeError;

use crate::data;
use crate::failure::{Exit, Failure, Teaches};
use crate::folders::{self, FolderError};
use crate::format::{self, Format};
use crate::keys;
use crate::logging;
use crate::settings::{Folders, Settings};
use crate::up;
use crate::users::Separation;

/// What both processes are told.
#[derive(Debug, clap::Args)]
struct Start {
    #[command(flatten)]
    folders: Folders,
    /// Override one setting
    #[arg(long, value_name = "SECTION.KEY=VALUE", value_parser = setting)]
    set: Vec<(String, String)>,
    /// The process to die with
    #[arg(long, hide = true, value_name = "PID")]
    supervisor: Option<u32>,
}

/// `broker`.
#[derive(Debug, clap::Args)]
pub struct Broker {
    #[command(flatten)]
    start: Start,
    /// The users who may connect [default: this one]
    #[arg(long = "peer", hide = true, value_name = "UID")]
    peers: Option<Vec<u32>>,
    /// The name of the credential that standard input holds
    #[arg(long, hide = true, value_name = "NAME")]
    credential_on_stdin: Option<String>,
}

/// `serve`.
#[derive(Debug, clap::Args)]
pub struct Serve {
    #[command(flatten)]
    start: Start,
    /// Which parts run in this process [default: api,worker]
    #[arg(long, value_name = "ROLES")]
    roles: Option<String>,
}

fn setting(text: &str) -> Result<(String, String), &'static str> {
    let (key, value) = text.split_once('=').ok_or("it must be SECTION.KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

impl Start {
    /// The settings, once this process is bound to its supervisor and the data folder is known to
    /// be usable.
    fn settings(self, more: Option<(String, String)>) -> Result<Settings, Failure> {
        if self.supervisor.is_some_and(|supervisor| !up::bind_to_supervisor(supervisor)) {
            return Err(Failure::new(
                Exit::Conflict,
                "the supervisor of this process is gone",
                "start the platform with `casemate up`",
            ));
        }
        rustix::process::umask(Mode::from_raw_mode(0o077));
        logging::start();
        let supervised = self.supervisor.is_some();
        let settings = Settings::load(&self.folders, self.set.into_iter().chain(more).collect())?;
        // Under `up` the format was examined, and the file may be another user's.
        if !supervised && format::examine(&settings.places.data)? == Format::Fresh {
            return Err(Failure::new(
                Exit::NotFound,
                format!("{} holds no installation", settings.places.data.path().display()),
                "start it once with `casemate up`",
            ));
        }
        Ok(settings)
    }
}

impl Broker {
    pub(crate) fn run(self) -> Result<(), Failure> {
        // The broker has no database: not even the addresses of one are read.
        let none = ("database.engine".to_owned(), "sqlite".to_owned());
        let settings = self.start.settings(Some(none))?;
        let peers = self.peers.unwrap_or_else(|| Separation::of_this_process().broker_peers());
        let handed = match self.credential_on_stdin {
            None => None,
            Some(name) => Some(Credentials::Handed { name, file: standard_input()? }),
        };
        let config = keys::broker_config_with(&settings, peers, handed)?;
        Ok(broker::run(config, Arc::new(SystemClock), Arc::new(SystemEntropy))?)
    }
}

/// The file that standard input is.
fn standard_input() -> Result<std::fs::File, Failure> {
    let input = std::io::stdin().as_fd().try_clone_to_owned();
    let input = input.map_err(|source| FolderError::new("/dev/stdin".as_ref(), "read", source))?;
    Ok(input.into())
}

impl Serve {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let roles = self.roles.map(|roles| ("roles.run".to_owned(), roles));
        let settings = self.start.settings(roles)?;
        settings.check_embedded()?;
        crate::runtime()?.block_on(check_instance(&settings))?;
        Ok(server::serve(settings.config)?)
    }
}

/// Refuses to serve data with the keys of another instance: nothing would open, and what is sealed
/// now would be lost when the right keys come back.
async fn check_instance(settings: &Settings) -> Result<(), Failure> {
    let status = broker::Broker::connect(&settings.config.broker.socket).await?.status().await?;
    let store = data::open(settings).await?;
    let instance = store.instance();
    store.close().await;
    if status.instance == instance {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Refused,
        format!("the data is of instance {instance}, the keys are of {}", status.instance),
        "bring data and keys that belong together (docs/runbooks/wrong-key.md)",
    ))
}

impl Teaches for ServeError {
    fn mend(&self) -> String {
        match self {
            Self::Data { path, why } => folders::mend_kind(path, *why),
            Self::Tls(_) => "put a certificate and its key there, or remove both".into(),
            Self::Address { address, why: ErrorKind::AddrInUse } => format!(
                "another program listens there: `ss -ltnp sport = :{port}` names it. Stop it, or \
                 choose another port: casemate up --listen {ip}:0 (any free one), or --health for \
                 the health port",
                port = address.port(),
                ip = address.ip(),
            ),
            Self::Address { .. } => {
                "choose an address of this machine and a port from 1024 on: casemate up --listen \
                 127.0.0.1:8443"
                    .into()
            }
            Self::Store(error) => error.mend(),
            Self::Broker(error) => error.mend(),
            Self::SignIn(_) => "casemate doctor says which part is missing".into(),
            Self::Mail(_) => "correct the [mail] settings: casemate config check".into(),
            Self::Config(_) => "correct the setting: casemate config check".into(),
            Self::Breached(_) => {
                "name a list of sorted hashes, one per line, that serve may read; or none".into()
            }
            Self::Places(_) => "name a MaxMind database that serve may read; or none".into(),
            Self::Staff(_) => {
                "name a PEM file of vendors' roots that serve may read, and models by AAGUID; or none"
                    .into()
            }
            Self::System(_) => {
                "see that the limits on open files and threads are not reached (ulimit -n -u)"
                    .into()
            }
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Data { why, .. } => folders::exit_kind(*why),
            Self::Address { .. } => Exit::Conflict,
            Self::Store(error) => error.exit(),
            Self::Broker(error) => error.exit(),
            Self::Tls(_) => Exit::Refused,
            Self::Mail(_)
            | Self::Config(_)
            | Self::Breached(_)
            | Self::Places(_)
            | Self::Staff(_) => Exit::Usage,
            Self::SignIn(_) | Self::System(_) => Exit::Failed,
        }
    }
}
