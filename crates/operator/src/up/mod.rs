//! `up`: the supervisor of the broker and of `serve`.
//!
//! Always true
//! 1. One supervisor per data folder, and no process of it outlives it.
//! 2. `FORMAT` is written when the first start has handed out the recovery code; a first start that
//!    was cut off before is begun anew, because nothing was served yet.
//! 3. The supervisor opens no listener; after the first start's setup it holds no key.
//!
//! Walk: [`Up::run`] → [`prepare`] → [`first_start`] → [`keeper`] twice → [`greeting`].

mod backoff;
mod child;
mod clerk;
mod first_start;
mod greeting;
mod keeper;
pub(crate) mod prepare;
pub(crate) mod ready;
mod signals;

use std::time::Duration;

use broker::Broker;
use rustix::fs::Mode;
use tokio::sync::watch;

pub(crate) use child::bind_to_supervisor;

use crate::failure::{Exit, Failure};
use crate::folders;
use crate::format;
use crate::link;
use crate::lock::FolderLock;
use crate::logging;
use crate::output::Output;
use crate::settings::{Folders, Settings};
use crate::users::Separation;
use child::{Orders, Role};
use greeting::News;
use keeper::Keeper;
use ready::Ready;
use signals::{Signals, Wish};

/// Longest the platform may take to be ready before the person waiting hears about it.
const PATIENCE_MS: u64 = 5_000;

/// `up`.
#[derive(Debug, clap::Args)]
pub struct Up {
    #[command(flatten)]
    folders: Folders,
    /// Where the API listens; port 0 takes a free one [default: 127.0.0.1:8443]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// Where health and metrics listen, on loopback [default: 127.0.0.1:9443]
    #[arg(long, value_name = "ADDRESS:PORT")]
    health: Option<String>,
}

impl Up {
    pub(crate) fn run(self, output: &Output) -> Result<(), Failure> {
        let flags = self.flags();
        let settings = Settings::load_or_begin(&self.folders, flags.clone())?;
        let separation = Separation::of_this_process();
        let places = &settings.places;
        let format = settings.examine()?;
        rustix::process::umask(Mode::from_raw_mode(0o077));
        logging::start();
        folders::make_if_missing(places.data.path())?;
        let _lock = FolderLock::take(&places.data.lock())?;
        prepare::folders(places, separation)?;
        prepare::secrets(&settings, separation)?;
        prepare::limits();
        first_start::finish(output, &settings, format, separation)?;
        first_start::clear_half_certificate(&places.data)?;
        let platform = Platform { settings: &settings, separation, flags: &flags, output };
        crate::runtime()?.block_on(platform.keep())
    }

    /// The flags as settings, for this process and the ones it starts.
    fn flags(&self) -> Vec<(String, String)> {
        [("api.listen", &self.listen), ("api.health", &self.health)]
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value.clone()?)))
            .collect()
    }
}

/// Both processes and what they need.
struct Platform<'a> {
    settings: &'a Settings,
    separation: Separation,
    flags: &'a [(String, String)],
    output: &'a Output,
}

impl Platform<'_> {
    /// Runs the platform until somebody wants it to end.
    async fn keep(self) -> Result<(), Failure> {
        let mut signals = Signals::listen().map_err(deaf)?;
        let (broker_wish, broker_ready) = (watch::channel(Wish::Run), watch::channel(None));
        let (serve_wish, serve_ready) = (watch::channel(Wish::Run), watch::channel(None));
        let broker = self.keeper(Role::Broker, broker_ready.0, broker_wish.1).keep();
        let serve = self.keeper(Role::Serve, serve_ready.0, serve_wish.1);
        let (mut broker_up, serve_up) = (broker_ready.1, serve_ready.1);
        let serve = async {
            // The broker refuses for reasons that explain themselves; `serve` without it could only
            // say "no broker".
            if broker_up.wait_for(Option::is_some).await.is_ok() {
                serve.keep().await
            } else {
                Ok(())
            }
        };
        let order = async {
            loop {
                let wish = signals.next().await;
                tracing::info!(?wish, "asked to end");
                serve_wish.0.send_replace(wish);
                if wish == Wish::End {
                    broker_wish.0.send_replace(wish);
                }
            }
        };
        let both = async {
            tokio::pin!(broker, serve);
            let first = tokio::select! {
                ended = &mut serve => ended,
                ended = &mut broker => {
                    ended?;
                    return serve.await;
                }
            };
            // The broker stays until `serve` has answered its last request.
            broker_wish.0.send_replace(Wish::Drain);
            first.and(broker.await)
        };
        tokio::select! {
            ended = both => ended,
            () = order => Ok(()),
            never = self.greet(serve_up.clone()) => never,
            () = self.clerk(serve_up) => Ok(()),
        }
    }

    /// Has backups made once everything runs.
    async fn clerk(&self, mut serve_up: watch::Receiver<Option<u32>>) {
        if serve_up.wait_for(Option::is_some).await.is_err() {
            std::future::pending::<()>().await;
        }
        clerk::keep(self.settings).await;
    }

    fn keeper(
        &self,
        role: Role,
        ready: watch::Sender<Option<u32>>,
        wish: watch::Receiver<Wish>,
    ) -> Keeper<'_> {
        let Self { settings, separation, flags, output } = *self;
        let orders = Orders { role, settings, flags, separation, form: output.form() };
        Keeper { orders, ready, wish }
    }

    /// Says where everything is once it runs. Returns only when that fails.
    async fn greet(&self, mut serve_up: watch::Receiver<Option<u32>>) -> Result<(), Failure> {
        let waited = Duration::from_millis(PATIENCE_MS);
        if tokio::time::timeout(waited, serve_up.wait_for(Option::is_some)).await.is_err() {
            self.output.step("Still starting; what takes so long is in the log above.");
        }
        if serve_up.wait_for(Option::is_some).await.is_ok() {
            format::end_first_start(&self.settings.places.data);
            let socket = &self.settings.config.broker.socket;
            let status = Broker::connect(socket).await?.status().await?;
            let news = News {
                ready: Ready::read(&self.settings.places.data.ready()),
                owner: link::while_nobody_owns(self.settings, self.output).await?,
                recovery_confirmed: status.recovery_confirmed,
            };
            greeting::print(self.output, self.settings, self.separation, news);
        }
        std::future::pending().await
    }
}

fn deaf(source: std::io::Error) -> Failure {
    Failure::new(
        Exit::Failed,
        format!("signals cannot be received: {source}"),
        "see that the limit on open files is not reached (ulimit -n)",
    )
}
