//! The socket: who may connect, how many at once, and one thread per connection.
//!
//! Always true
//! 1. The peer's user id comes from the kernel (`SO_PEERCRED`); a peer that is not listed gets no
//!    byte.
//! 2. A connection waits for its next request as long as it likes, but a request that has begun
//!    must be whole within [`FRAME_MS_MAX`]. A slow peer holds its own thread and nothing else.

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use domain::limits::BROKER_CALL_MS_MAX;
use rustix::net::sockopt::socket_peercred;
use zeroize::Zeroizing;

use super::service::{Peer, Service};
use crate::error::{BrokerError, Refusal};
use crate::protocol::Reply;
use crate::protocol::frame::{self, LENGTH_BYTES};
use crate::start_error::StartError;

/// Connections at once: one client's 32, as many again while it restarts, and the operator's.
const CONNECTIONS_MAX: usize = 96;
/// How long a frame may take from its first byte to its last, either way.
const FRAME_MS_MAX: u64 = BROKER_CALL_MS_MAX;
/// A request buffer grows with what arrives, in steps: an announced length alone costs nothing.
const READ_STEP_BYTES: usize = 256 * 1024;

/// Listens until the process is stopped.
pub(super) fn serve(path: &Path, peer_uids: Vec<u32>, service: Service) -> Result<(), StartError> {
    let failed = |source| StartError::File { path: path.to_owned(), source };
    clear_stale_socket(path)?;
    let listener = UnixListener::bind(path).map_err(failed)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
    let service = Arc::new(service);
    let connected = Arc::new(AtomicUsize::new(0));
    loop {
        let stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if is_passing(&error) => continue,
            Err(error) => return Err(failed(error)),
        };
        let Some(peer) = allowed(&stream, &peer_uids) else { continue };
        let Some(turn) = Turn::take(&connected) else { continue };
        let service = Arc::clone(&service);
        let thread = std::thread::Builder::new().name("connection".to_owned());
        // When no thread can be had the stream is dropped: the client sees a closed connection and
        // tries again.
        let _ = thread.spawn(move || {
            let _turn = turn;
            answer_all(&stream, peer, &service)
        });
    }
}

/// Errors of `accept` that concern one peer or one moment, not the socket.
fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::ConnectionAborted)
        || error.raw_os_error().is_some_and(|code| {
            let out_of_files = [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE];
            let full = out_of_files.iter().any(|errno| errno.raw_os_error() == code);
            if full {
                std::thread::sleep(Duration::from_millis(50));
            }
            full
        })
}

fn allowed(stream: &UnixStream, peer_uids: &[u32]) -> Option<Peer> {
    match socket_peercred(stream) {
        Ok(peer) if peer_uids.contains(&peer.uid.as_raw()) => {
            let is_host = peer.uid.is_root() || peer.uid == rustix::process::geteuid();
            Some(if is_host { Peer::Host } else { Peer::Listed })
        }
        Ok(peer) => {
            let (uid, pid) = (peer.uid.as_raw(), peer.pid.as_raw_nonzero().get());
            tracing::warn!(uid, pid, "refused a connection by a user that is not allowed");
            None
        }
        Err(_) => None,
    }
}

/// Removes a socket that nobody answers on; anything else at its place stays and stops the start.
fn clear_stale_socket(path: &Path) -> Result<(), StartError> {
    let failed = |source| StartError::File { path: path.to_owned(), source };
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(error)),
        Ok(found) if !found.file_type().is_socket() => Err(failed(ErrorKind::AlreadyExists.into())),
        Ok(_) if UnixStream::connect(path).is_ok() => {
            Err(StartError::AlreadyRunning(path.to_owned()))
        }
        Ok(_) => std::fs::remove_file(path).map_err(failed),
    }
}

/// One of the connections allowed at once; given back when the connection's thread ends, however it
/// ends.
struct Turn(Arc<AtomicUsize>);

impl Turn {
    fn take(connected: &Arc<AtomicUsize>) -> Option<Self> {
        let turn = Self(Arc::clone(connected));
        (connected.fetch_add(1, Ordering::AcqRel) < CONNECTIONS_MAX).then_some(turn)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Answers requests in order until the peer closes, is too slow, or sends something that is no
/// request.
fn answer_all(stream: &UnixStream, peer: Peer, service: &Service) -> io::Result<()> {
    loop {
        let Some(body) = read_frame(stream)? else { return Ok(()) };
        let (reply, closing) = match frame::decode(&body) {
            Ok(request) => (service.answer(peer, request), false),
            Err(_) => (Reply::Failed(BrokerError::Refused(Refusal::Malformed)), true),
        };
        drop(body);
        let frame = frame::encode(&reply)
            .or_else(|_| {
                let too_large = BrokerError::Refused(Refusal::OutsideLimits);
                frame::encode(&Reply::Failed(too_large))
            })
            .map_err(io::Error::other)?;
        stream.set_write_timeout(Some(Duration::from_millis(FRAME_MS_MAX)))?;
        let mut writer = stream;
        writer.write_all(&frame)?;
        if closing {
            return Ok(());
        }
    }
}

/// The next frame's body, or `None` when the peer closed between frames.
fn read_frame(stream: &UnixStream) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    stream.set_read_timeout(None)?;
    let mut prefix = [0u8; LENGTH_BYTES];
    let mut reader = stream;
    let (first, rest) = prefix.split_at_mut(1);
    if reader.read(first)? == 0 {
        return Ok(None);
    }
    let deadline = Instant::now() + Duration::from_millis(FRAME_MS_MAX);
    read_until(stream, rest, deadline)?;
    let length = frame::body_length(prefix).map_err(io::Error::other)?;
    let mut body = Zeroizing::new(Vec::new());
    while body.len() < length {
        let (from, to) = (body.len(), length.min(body.len() + READ_STEP_BYTES));
        grow(&mut body, to);
        let part = body.get_mut(from..).ok_or(ErrorKind::InvalidData)?;
        read_until(stream, part, deadline)?;
    }
    Ok(Some(body))
}

/// Makes room without leaving an unwiped copy behind, as growing in place would.
fn grow(body: &mut Zeroizing<Vec<u8>>, bytes: usize) {
    if body.capacity() < bytes {
        let mut larger = Vec::with_capacity(bytes.next_power_of_two());
        larger.extend_from_slice(body);
        *body = Zeroizing::new(larger);
    }
    body.resize(bytes, 0);
}

fn read_until(stream: &UnixStream, mut part: &mut [u8], deadline: Instant) -> io::Result<()> {
    let mut reader = stream;
    while !part.is_empty() {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match reader.read(part) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => part = part.split_at_mut(read).1,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
