//! `witness`: cosigns the logs of others. It needs no platform beside it: a folder, a list, a door.
//!
//! Always true: the key is made by `init` and never shown; `run` starts only with the key and the
//! record that belong together.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use domain::Clock;
use seal::SystemClock;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use witness::{Desk, Home, Trouble, TrustedLogs};

use crate::failure::{Exit, Failure, Teaches};
use crate::output::Output;

/// A small witness for other people's logs.
#[derive(Debug, clap::Subcommand)]
pub enum Witness {
    /// Make a witness: its key, and its empty record.
    Init(Init),
    /// Answer the logs that ask for cosignatures.
    Run(Run),
}

/// `witness init`.
#[derive(Debug, clap::Args)]
pub struct Init {
    /// The witness's folder
    folder: PathBuf,
    /// The name it signs under: a host name and a path that are yours, such as
    /// witness.example.org/w1
    #[arg(long)]
    name: String,
}

/// `witness run`.
#[derive(Debug, clap::Args)]
pub struct Run {
    /// The witness's folder
    folder: PathBuf,
    /// The logs to watch, one verifier key in a line and, when it is another than the key's name,
    /// the log's origin [default: the file `logs` in the folder]
    #[arg(long)]
    logs: Option<PathBuf>,
    /// Where to listen, in plain HTTP: put TLS before it when it leaves this machine
    #[arg(long, default_value = "127.0.0.1:7380")]
    listen: SocketAddr,
}

impl Witness {
    pub(crate) fn run(self, output: &Output) -> Result<(), Failure> {
        match self {
            Self::Init(arguments) => arguments.run(output),
            Self::Run(arguments) => arguments.run(output),
        }
    }
}

impl Init {
    fn run(self, output: &Output) -> Result<(), Failure> {
        let home = Home::take(&self.folder)?;
        let made = Desk::create(&home, &self.name)?;
        let key = made.public().to_string();
        let fields = json!({ "key": key, "folder": self.folder.display().to_string() });
        let text = format!(
            "{key}\nGive this key to the logs that shall ask you, and put their keys into {}.",
            home.logs().display()
        );
        output.result("witness", fields, &text);
        Ok(())
    }
}

impl Run {
    fn run(self, output: &Output) -> Result<(), Failure> {
        crate::logging::start();
        let desk = self.desk()?;
        crate::runtime()?.block_on(self.serve(Arc::new(desk), output))
    }

    fn desk(&self) -> Result<Desk, Trouble> {
        let home = Home::take(&self.folder)?;
        let logs = self.logs.clone().unwrap_or_else(|| home.logs());
        Desk::open(home, TrustedLogs::open(&logs)?, Arc::new(SystemClock))
    }

    async fn serve(&self, desk: Arc<Desk>, output: &Output) -> Result<(), Failure> {
        let failed = |error: std::io::Error| {
            let what = format!("{} cannot be listened on: {}", self.listen, error.kind());
            Failure::new(Exit::Conflict, what, "give another address with --listen")
        };
        let listener = TcpListener::bind(self.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (key, logs) = (desk.key().public().to_string(), desk.logs().count());
        let fields = json!({ "address": address.to_string(), "key": key, "logs": logs });
        output.result("listening", fields, &format!("{key}\nwatches {logs} logs on {address}"));
        let (mut terminate, mut interrupt) = (
            signal(SignalKind::terminate()).map_err(failed)?,
            signal(SignalKind::interrupt()).map_err(failed)?,
        );
        let stop = async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        witness::http::serve(listener, desk, clock, stop).await.map_err(failed)
    }
}

impl Teaches for Trouble {
    fn mend(&self) -> String {
        match self {
            Self::File { path, .. } => {
                format!("give {} to the user that runs the witness", path.display())
            }
            Self::Exists(_) => "run it with `casemate witness run`, or take another folder".into(),
            Self::Missing(path) if path.ends_with("record") => "find the record: without it this \
                key could sign a second history; else make a new witness under another name"
                .into(),
            Self::Missing(path) if path.ends_with("key") => {
                "make the witness with `casemate witness init`".into()
            }
            Self::Missing(path) => {
                format!("write the verifier keys of the logs into {}", path.display())
            }
            Self::Form { line: 0, .. } => {
                "put the file back as this program wrote it; it is not read in part".into()
            }
            Self::Form { .. } => "a line is a verifier key NAME+HASH+KEY and, if it differs from \
                the name, the log's origin"
                .into(),
            Self::Held(_) => "stop the other process, or take another folder".into(),
            Self::Name => "give a name such as witness.example.org/w1".into(),
            Self::Key => "try once more; if it stays, make a new witness".into(),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::File { .. } | Self::Key => Exit::Failed,
            Self::Exists(_) | Self::Held(_) => Exit::Conflict,
            Self::Missing(_) => Exit::NotFound,
            Self::Form { .. } => Exit::Refused,
            Self::Name => Exit::Usage,
        }
    }
}
