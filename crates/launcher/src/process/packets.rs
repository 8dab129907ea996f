//! Packets with descriptors, on a Unix socket.
//!
//! Always true: a packet comes whole, with its descriptors, or is refused; descriptors that nobody
//! asked for are closed.

use std::io;
use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::net::sockopt::socket_peercred;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags,
    SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketAddrUnix, SocketFlags, SocketType,
    accept_with, bind, recvmsg, sendmsg, socket_with,
};
use zeroize::Zeroizing;

use crate::protocol::{Ask, MESSAGE_BYTES_MAX, Told};

/// Descriptors that a packet may bring: a program's three streams, and one more to see that there
/// are too many.
const DESCRIPTORS_MAX: usize = 4;

fn socket() -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC;
    Ok(socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?)
}

/// Makes the socket, for this user and those who may read the folder it lies in.
pub(super) fn listen(path: &Path) -> io::Result<OwnedFd> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = socket()?;
    bind(&listener, &SocketAddrUnix::new(path)?)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))?;
    rustix::net::listen(&listener, 16)?;
    Ok(listener)
}

/// The next peer, when the kernel says that it is one of these users.
pub(super) fn accept(listener: &OwnedFd, users: &[u32]) -> Option<OwnedFd> {
    let peer = accept_with(listener, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK).ok()?;
    let known = socket_peercred(&peer).ok()?.uid.as_raw();
    users.contains(&known).then_some(peer)
}

/// Connects to the launcher.
///
/// # Errors
/// The system's.
pub fn connect(path: &Path) -> io::Result<OwnedFd> {
    let connection = socket()?;
    rustix::net::connect(&connection, &SocketAddrUnix::new(path)?)?;
    Ok(connection)
}

/// Asks; a start brings its streams along.
///
/// # Errors
/// The system's; [`io::ErrorKind::InvalidInput`] for what is too long.
pub fn ask(connection: &OwnedFd, ask: &Ask, streams: &[BorrowedFd<'_>]) -> io::Result<()> {
    let packet = ask.packet().map_err(|_| io::ErrorKind::InvalidInput)?;
    send(connection, &packet, streams)
}

/// Hears the next word of the launcher; none when it has hung up.
///
/// # Errors
/// The system's; [`io::ErrorKind::InvalidData`] for what is no message.
pub fn hear(connection: &OwnedFd) -> io::Result<Option<Told>> {
    let Some((packet, _)) = receive(connection)? else { return Ok(None) };
    Told::parse(&packet).map(Some).map_err(|_| io::ErrorKind::InvalidData.into())
}

pub(super) fn send(
    connection: &OwnedFd,
    packet: &[u8],
    streams: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !streams.is_empty() && !control.push(SendAncillaryMessage::ScmRights(streams)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let flags = SendFlags::NOSIGNAL;
    let sent = sendmsg(connection.as_fd(), &[IoSlice::new(packet)], &mut control, flags)?;
    if sent == packet.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
}

/// A packet and what came with it.
pub(super) type Received = (Zeroizing<Vec<u8>>, Vec<OwnedFd>);

/// The next packet; none when the other side has hung up.
pub(super) fn receive(connection: &OwnedFd) -> io::Result<Option<Received>> {
    let mut packet = Zeroizing::new(vec![0; MESSAGE_BYTES_MAX]);
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let came = recvmsg(
        connection.as_fd(),
        &mut [IoSliceMut::new(&mut packet)],
        &mut control,
        RecvFlags::CMSG_CLOEXEC,
    )?;
    let descriptors: Vec<OwnedFd> = control
        .drain()
        .filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
            _ => None,
        })
        .flatten()
        .collect();
    if came.flags.intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    if came.bytes == 0 {
        return Ok(None);
    }
    packet.truncate(came.bytes);
    Ok(Some((packet, descriptors)))
}
