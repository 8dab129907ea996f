//! `broker` and `serve`: one process each, alone or under `up`.
//!
//! Always true: under `up` the process dies with its supervisor, and nothing of it starts before that is arranged.

use broker::BrokerConfig;

use crate::failure::{Exit, Failure, Teaches};
use crate::format::{self, Format};
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
    /// The settings, once this process is bound to its supervisor and the data folder is known to be usable.
    fn settings(self, more: Option<(String, String)>) -> Result<Settings, Failure> {
        if self.supervisor.is_some_and(|supervisor| !up::bind_to_supervisor(supervisor)) {
            return Err(Failure::new(
                Exit::Conflict,
                "the supervisor of this process is gone",
                "start the platform with `casemate up`",
            ));
        }
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
        let settings = self.start.settings(None)?;
        Ok(broker::run(broker_config(&settings, Separation::of_this_process()))?)
    }
}

impl Serve {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let roles = self.roles.map(|roles| ("roles.run".to_owned(), roles));
        let settings = self.start.settings(roles)?;
        Ok(server::serve(settings.config)?)
    }
}
