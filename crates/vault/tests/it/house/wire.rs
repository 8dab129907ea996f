//! A wire between a client and the broker, which a test can watch and cut.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use broker::Broker;
use domain::Scope;
use ledger::Verb;
use store::Store;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use super::logged;

/// How many entries of a verb the log had, each time before a piece of a request went on.
#[derive(Clone)]
struct Watcher {
    store: Store,
    scope: Scope,
    verb: Verb,
    seen: Arc<Mutex<Vec<usize>>>,
}

type Watching = Arc<Mutex<Option<Watcher>>>;

/// A client whose requests pass through the test.
pub(crate) struct Wire {
    pub(crate) broker: Broker,
    watching: Watching,
    listening: AbortHandle,
    cut: watch::Sender<bool>,
    _folder: TempDir,
}

impl Wire {
    pub(crate) async fn to(target: PathBuf) -> Self {
        let folder = tempfile::Builder::new().prefix("cm-wire-").tempdir_in("/tmp").unwrap();
        let socket = folder.path().join("socket");
        let listener = UnixListener::bind(&socket).unwrap();
        let watching = Watching::default();
        let (cut, is_cut) = watch::channel(false);
        let watched = Arc::clone(&watching);
        let listening = tokio::spawn(async move {
            let mut passing = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let broker = UnixStream::connect(&target).await.unwrap();
                let (watched, mut is_cut) = (Arc::clone(&watched), is_cut.clone());
                passing.spawn(async move {
                    tokio::select! {
                        () = pass(client, broker, watched) => {}
                        _ = is_cut.wait_for(|cut| *cut) => {}
                    }
                });
            }
        })
        .abort_handle();
        let broker = Broker::connect(&socket).await.unwrap();
        Self { broker, watching, listening, cut, _folder: folder }
    }

    /// Looks into the log before each piece of a request goes on, from now on.
    pub(crate) fn watch(&self, store: Store, scope: Scope, verb: Verb) -> Arc<Mutex<Vec<usize>>> {
        let seen: Arc<Mutex<Vec<usize>>> = Arc::default();
        let watcher = Watcher { store, scope, verb, seen: Arc::clone(&seen) };
        *self.watching.lock().unwrap() = Some(watcher);
        seen
    }

    /// Ends every connection and takes no new one.
    pub(crate) fn cut(self) -> Broker {
        self.listening.abort();
        // Nobody waits when no connection was taken yet: then there is none to end.
        self.cut.send_replace(true);
        self.broker
    }
}

async fn pass(client: UnixStream, broker: UnixStream, watching: Watching) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_broker, mut to_broker) = broker.into_split();
    let there = async {
        let mut piece = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from_client.read(&mut piece).await {
            let watcher = watching.lock().unwrap().clone();
            if let Some(Watcher { store, scope, verb, seen }) = watcher {
                let entries = logged(&store, &scope, verb).await.len();
                seen.lock().unwrap().push(entries);
            }
            if to_broker.write_all(&piece[..length]).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        () = there => {}
        _ = copy(&mut from_broker, &mut to_client) => {}
    }
}
