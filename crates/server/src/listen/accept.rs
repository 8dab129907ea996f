//! One listening socket and its connections.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use domain::limits;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::Stop;
use crate::metrics::Metrics;

/// A TLS handshake takes a few round trips; a peer that needs longer holds a place for nothing.
const HANDSHAKE_MS_MAX: u64 = 10_000;
/// Longest wait for a request's headers. It runs between two requests as well, so it is also the
/// time for which an idle connection is kept.
const HEADERS_MS_MAX: u64 = 60_000;
/// Largest set of headers: a credential and a dozen short ones.
const HEADER_BYTES_MAX: u32 = 16 * 1_024;
/// Requests that one HTTP/2 connection runs at once.
const STREAMS_MAX: u32 = 128;
/// Accepting fails when file descriptors run out; trying again at once would burn a core.
const ACCEPT_PAUSE_MS: u64 = 50;

/// What is spoken on a socket.
#[derive(Clone)]
pub enum Transport {
    /// HTTP over TLS.
    Tls(TlsAcceptor),
    /// HTTP in clear, for loopback.
    Plain,
}

/// One listening socket.
pub struct Door {
    /// The socket.
    pub listener: TcpListener,
    /// What is spoken on it.
    pub transport: Transport,
    /// Who answers.
    pub router: Router,
    /// Most connections at once.
    pub connections_max: usize,
    /// Where connections are counted.
    pub metrics: Arc<Metrics>,
}

/// Listens at `address`.
///
/// # Errors
/// The system's: the port is taken, or not allowed.
pub async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}

impl Door {
    /// Accepts until `stop` asks to drain, then waits for the connections, within bounds.
    pub async fn serve(self, stop: Stop) {
        let tasks = TaskTracker::new();
        let graceful = GracefulShutdown::new();
        let places = Arc::new(Semaphore::new(self.connections_max));
        let Self { listener, transport, router, metrics, .. } = self;
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = stop.draining() => break,
            };
            let Ok((stream, peer)) = accepted else {
                tokio::time::sleep(Duration::from_millis(ACCEPT_PAUSE_MS)).await;
                continue;
            };
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                metrics.turned_away();
                continue;
            };
            metrics.connected();
            let (router, transport) = (router.clone(), transport.clone());
            tasks.spawn(attend(stream, peer, transport, router, graceful.watcher(), place));
        }
        drop(listener);
        tasks.close();
        let drained = tokio::time::timeout(Duration::from_millis(limits::DRAIN_MS_MAX), async {
            tokio::join!(graceful.shutdown(), tasks.wait())
        });
        tokio::select! {
            ended = drained => if ended.is_err() {
                tracing::warn!("requests were cut off after the longest drain");
            },
            () = stop.at_once() => {}
        }
    }
}

async fn attend(
    stream: TcpStream,
    peer: SocketAddr,
    transport: Transport,
    router: Router,
    watcher: Watcher,
    _place: OwnedSemaphorePermit,
) {
    // Small answers must not wait for the peer's delayed acknowledgement; without it they are
    // merely slower.
    let _ = stream.set_nodelay(true);
    match transport {
        Transport::Plain => converse(stream, peer, router, watcher).await,
        Transport::Tls(acceptor) => {
            let deadline = Duration::from_millis(HANDSHAKE_MS_MAX);
            if let Ok(Ok(stream)) = tokio::time::timeout(deadline, acceptor.accept(stream)).await {
                converse(stream, peer, router, watcher).await;
            }
        }
    }
}

async fn converse<S>(stream: S, peer: SocketAddr, router: Router, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = router.map_request(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.map(axum::body::Body::new)
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(HEADERS_MS_MAX))
        .max_buf_size(64 * 1_024);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(20))
        .max_header_list_size(HEADER_BYTES_MAX)
        .max_concurrent_streams(STREAMS_MAX);
    let connection =
        builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    if let Err(error) = watcher.watch(connection.into_owned()).await {
        tracing::debug!(%error, "a connection ended in the middle");
    }
}
