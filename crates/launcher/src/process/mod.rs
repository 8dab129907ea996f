//! The launcher's process: one thread that answers on one Unix socket and looks after what it
//! started.
//!
//! Always true
//! 1. The kernel names the peer's user (`SO_PEERCRED`); a peer that is not listed is sent away.
//! 2. One slow or broken peer holds nobody up: a packet comes whole or not at all, and an answer
//!    that its peer does not take is dropped with the connection.
//! 3. When this process ends, however it ends, so do all programs; what it left of groups is
//!    cleared when it starts again.

mod packets;

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};

pub use packets::{ask, connect, hear};

use crate::cgroup::Cgroups;
use crate::fault::LaunchError;
use crate::launch::{Running, Streams, launch};
use crate::protocol::{Ask, Refusal, Told};
use crate::spec::Sandbox;

/// Most programs at once.
pub const PROGRAMS_MAX: usize = 1_024;
/// Most peers at once: `serve`, and a look from the host.
const PEERS_MAX: usize = 16;

/// Answers on a socket until the process is ended. `house` is the installation's name among the
/// host's control groups, where what an earlier launcher of its left behind is ended first.
///
/// # Errors
/// The system's, when it cannot begin: no control groups, a socket that cannot be made.
pub fn run(socket: &Path, house: &str, peer_users: &[u32]) -> io::Result<()> {
    let cgroups = Cgroups::find(house)?;
    cgroups.clear()?;
    let listener = packets::listen(socket)?;
    let mut house =
        House { cgroups, peers: BTreeMap::new(), programs: BTreeMap::new(), last_peer: 0 };
    loop {
        house.turn(&listener, peer_users)?;
    }
}

/// What the process looks after.
struct House {
    cgroups: Cgroups,
    peers: BTreeMap<u64, OwnedFd>,
    /// By name, with the peer that started each.
    programs: BTreeMap<String, (Running, u64)>,
    last_peer: u64,
}

impl House {
    /// Waits until something happens, and does what it asks for.
    fn turn(&mut self, listener: &OwnedFd, peer_users: &[u32]) -> io::Result<()> {
        let peers: Vec<u64> = self.peers.keys().copied().collect();
        let programs: Vec<String> = self.programs.keys().cloned().collect();
        let wanted = [listener.as_fd()];
        let wanted = wanted.into_iter().chain(self.peers.values().map(AsFd::as_fd));
        let reports = self.programs.values().map(|(running, _)| running.reports());
        let mut polled: Vec<PollFd<'_>> =
            wanted.chain(reports).map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)).collect();
        match poll(&mut polled, None) {
            Err(rustix::io::Errno::INTR) => return Ok(()),
            outcome => outcome?,
        };
        let ready: Vec<bool> = polled.iter().map(|one| !one.revents().is_empty()).collect();
        drop(polled);
        let mut ready = ready.into_iter();
        let somebody_came = ready.next() == Some(true);
        for (peer, ready) in peers.into_iter().zip(&mut ready) {
            if ready {
                self.serve(peer);
            }
        }
        for (name, ready) in programs.into_iter().zip(ready) {
            if ready {
                self.end(&name);
            }
        }
        if somebody_came {
            self.welcome(listener, peer_users);
        }
        Ok(())
    }

    fn welcome(&mut self, listener: &OwnedFd, peer_users: &[u32]) {
        let Some(peer) = packets::accept(listener, peer_users) else { return };
        if self.peers.len() < PEERS_MAX {
            self.last_peer += 1;
            self.peers.insert(self.last_peer, peer);
        }
    }

    /// Answers one message of a peer; one that is gone, or talks nonsense, is let go.
    fn serve(&mut self, peer: u64) {
        let Some(connection) = self.peers.get(&peer) else { return };
        let answer = match packets::receive(connection) {
            Ok(Some((packet, streams))) => match Ask::parse(&packet) {
                Ok(ask) => self.answer(ask, streams, peer),
                Err(_) => Told::Nonsense,
            },
            Ok(None) | Err(_) => {
                self.peers.remove(&peer);
                return;
            }
        };
        self.tell(peer, &answer);
        if answer == Told::Nonsense {
            self.peers.remove(&peer);
        }
    }

    fn tell(&mut self, peer: u64, told: &Told) {
        let Some(connection) = self.peers.get(&peer) else { return };
        let sent = told.packet().map(|packet| packets::send(connection, &packet, &[]));
        if !matches!(sent, Ok(Ok(()))) {
            self.peers.remove(&peer);
        }
    }

    fn answer(&mut self, ask: Ask, streams: Vec<OwnedFd>, peer: u64) -> Told {
        match ask {
            Ask::Start(sandbox) => {
                let name = sandbox.name.clone();
                match self.start(&sandbox, streams, peer) {
                    Ok(()) => Told::Started { name },
                    Err(why) => Told::Refused { name, why },
                }
            }
            Ask::Stop { name } => match self.programs.remove(&name) {
                None => Told::Unknown { name },
                Some((running, _)) => {
                    let usage = running.usage().unwrap_or_default();
                    match running.stop() {
                        Ok(ending) => Told::Ended { name, ending, usage },
                        Err(_) => Told::Refused { name, why: Refusal::System },
                    }
                }
            },
            Ask::Usage { name } => match self.programs.get(&name).map(|(it, _)| it.usage()) {
                Some(Ok(usage)) => Told::Usage { name, usage },
                _ => Told::Unknown { name },
            },
            Ask::List => Told::Running { names: self.programs.keys().cloned().collect() },
        }
    }

    fn start(
        &mut self,
        sandbox: &Sandbox,
        streams: Vec<OwnedFd>,
        peer: u64,
    ) -> Result<(), Refusal> {
        sandbox.check().map_err(|error| Refusal::Spec(error.to_string()))?;
        let [input, output, error] =
            <[OwnedFd; 3]>::try_from(streams).map_err(|_| Refusal::Streams)?;
        if self.programs.contains_key(&sandbox.name) {
            return Err(Refusal::Taken);
        }
        if self.programs.len() >= PROGRAMS_MAX {
            return Err(Refusal::Full);
        }
        let running = launch(sandbox, Streams { input, output, error }, &self.cgroups);
        let running = running.map_err(|error| match error {
            LaunchError::Layer { layer, errno } => Refusal::Layer { layer, errno },
            LaunchError::User { .. } => Refusal::User,
            LaunchError::Threads | LaunchError::System(_) => Refusal::System,
        })?;
        self.programs.insert(sandbox.name.clone(), (running, peer));
        Ok(())
    }

    /// Takes in a program that has ended, and tells whoever started it.
    fn end(&mut self, name: &str) {
        let Some((running, peer)) = self.programs.remove(name) else { return };
        // Its report is there: nothing is waited for.
        if let Ok((ending, usage)) = running.wait(Duration::ZERO) {
            self.tell(peer, &Told::Ended { name: name.to_owned(), ending, usage });
        }
    }
}
