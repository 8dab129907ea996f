//! A few connections to the broker, made when needed and given back only after a finished call.

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::protocol::frame::{self, LENGTH_BYTES};

/// Connections of one client at most. The broker answers one request per connection at a time, so
/// this is also how many openings can share one write of its journal.
const CONNECTIONS_MAX: usize = 32;

/// The connections of one client.
pub(crate) struct Pool {
    socket: PathBuf,
    turns: Semaphore,
    idle: Mutex<Vec<UnixStream>>,
}

impl Pool {
    pub(crate) fn new(socket: PathBuf) -> Self {
        Self { socket, turns: Semaphore::new(CONNECTIONS_MAX), idle: Mutex::new(Vec::new()) }
    }

    /// Sends one frame and returns the body of the answer.
    ///
    /// A connection left over from a broker that has since restarted fails; the request is then
    /// sent once more on a new one. That is safe: no request does harm twice (an opening is
    /// journalled twice at worst).
    pub(crate) async fn exchange(&self, outgoing: &[u8]) -> io::Result<Zeroizing<Vec<u8>>> {
        let _turn = self.turns.acquire().await.map_err(io::Error::other)?;
        if let Some(stream) = self.take_idle()
            && let Ok(body) = self.exchange_on(stream, outgoing).await
        {
            return Ok(body);
        }
        self.forget_idle();
        let stream = UnixStream::connect(&self.socket).await?;
        self.exchange_on(stream, outgoing).await
    }

    async fn exchange_on(
        &self,
        mut stream: UnixStream,
        outgoing: &[u8],
    ) -> io::Result<Zeroizing<Vec<u8>>> {
        stream.write_all(outgoing).await?;
        let mut prefix = [0u8; LENGTH_BYTES];
        stream.read_exact(&mut prefix).await?;
        let length = frame::body_length(prefix).map_err(io::Error::other)?;
        let mut body = Zeroizing::new(vec![0u8; length]);
        stream.read_exact(&mut body).await?;
        self.give_back(stream);
        Ok(body)
    }

    fn take_idle(&self) -> Option<UnixStream> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// After one stale connection the others of the same broker process are stale too.
    fn forget_idle(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn give_back(&self, stream: UnixStream) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(stream);
    }
}
