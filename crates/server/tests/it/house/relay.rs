//! A way to the broker that can be cut for a moment, as a restart of the broker would.

use std::path::PathBuf;

use tempfile::TempDir;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Whether the broker can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Open,
    Cut,
}

/// A socket that passes everything on, while its way is open.
pub(crate) struct Relay {
    folder: TempDir,
    way: watch::Sender<Way>,
    _passing: JoinSet<()>,
}

impl Relay {
    /// A relay to the broker at `socket`.
    pub(crate) fn to(socket: PathBuf) -> Self {
        let folder = tempfile::Builder::new().prefix("cm-rel-").tempdir_in("/tmp").unwrap();
        let listener = UnixListener::bind(folder.path().join("socket")).unwrap();
        let (way, seen) = watch::channel(Way::Open);
        let mut passing = JoinSet::new();
        passing.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                open.spawn(pass(client, socket.clone(), seen.clone()));
            }
        });
        Self { folder, way, _passing: passing }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// Cuts every connection and refuses new ones.
    pub(crate) fn cut(&self) {
        self.way.send_replace(Way::Cut);
    }

    pub(crate) fn mend(&self) {
        self.way.send_replace(Way::Open);
    }
}

async fn pass(mut client: UnixStream, socket: PathBuf, mut way: watch::Receiver<Way>) {
    if *way.borrow_and_update() == Way::Cut {
        return;
    }
    let Ok(mut broker) = UnixStream::connect(&socket).await else { return };
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut client, &mut broker) => {}
        _ = way.wait_for(|way| *way == Way::Cut) => {}
    }
}
