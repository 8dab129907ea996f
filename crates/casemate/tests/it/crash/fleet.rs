//! The three processes, and the ways they die.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Chance;
use crate::house::{House, free_port};

/// Longest a process may take to be ready again.
const READY_MAX: Duration = Duration::from_secs(20);

/// What is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Victim {
    Broker,
    Api,
    Worker,
    All,
}

impl Victim {
    pub const ALL: [Self; 4] = [Self::Broker, Self::Api, Self::Worker, Self::All];
}

/// One process and how it is started again.
struct Ship {
    command: Command,
    process: Child,
    ready: Ready,
}

/// How a process is known to be ready.
#[derive(Clone)]
enum Ready {
    Socket(PathBuf),
    Health(SocketAddr),
}

impl Ready {
    fn holds(&self) -> bool {
        match self {
            Self::Socket(path) => UnixStream::connect(path).is_ok(),
            Self::Health(address) => answers(address).unwrap_or(false),
        }
    }
}

/// Whether something answers HTTP there. An open port is not enough: a process that is about to
/// end may have bound it already.
fn answers(address: &SocketAddr) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut first = [0; 5];
    stream.read_exact(&mut first)?;
    Ok(&first == b"HTTP/")
}

impl Ship {
    fn launch(mut command: Command, ready: Ready) -> Self {
        let process = command.spawn().unwrap();
        Self { command, process, ready }
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.process = self.command.spawn().unwrap();
    }

    /// Waits until it is ready. One that ends by itself is started again, as a supervisor would.
    fn wait(&mut self) {
        let start = Instant::now();
        while !self.ready.holds() {
            if self.process.try_wait().unwrap().is_some() {
                self.process = self.command.spawn().unwrap();
            }
            assert!(start.elapsed() < READY_MAX, "not ready: {:?}", self.command);
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Broker, API and worker.
pub struct Fleet {
    ships: [Ship; 3],
    pub api: String,
    pub data: PathBuf,
}

impl Fleet {
    pub fn start(house: &House) -> Self {
        let address = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        let (api, health, other) =
            (address(free_port()), address(free_port()), address(free_port()));
        let command = |words: &[&str], listen: SocketAddr, health: SocketAddr| {
            let mut command = house.command(words);
            command.env("CASEMATE_API__LISTEN", listen.to_string());
            command.env("CASEMATE_API__HEALTH", health.to_string());
            command.env("SQLITE_TMPDIR", house.data().join("run"));
            let path = house.path("crash.log");
            let log = std::fs::File::options().create(true).append(true).open(path).unwrap();
            command.stdout(Stdio::null()).stderr(log);
            command
        };
        let socket = house.data().join("run/broker.sock");
        let broker = command(&["broker"], api, health);
        let serve = command(&["serve", "--roles", "api"], api, health);
        let worker = command(&["serve", "--roles", "worker"], api, other);
        // One after the other: the first to open a database is not in the way of the second.
        let ships = [
            (broker, Ready::Socket(socket)),
            (serve, Ready::Health(health)),
            (worker, Ready::Health(other)),
        ];
        let ships = ships.map(|(command, ready)| {
            let mut ship = Ship::launch(command, ready);
            ship.wait();
            ship
        });
        Self { ships, api: format!("https://{api}"), data: house.data() }
    }

    /// Kills, starts again, sometimes kills again while it is starting, and waits until all are
    /// ready.
    pub fn kill(&mut self, victim: Victim, chance: &mut Chance) {
        let among = |index: usize| victim == Victim::All || victim as usize == index;
        let again = chance.below(4) == 0;
        for (index, ship) in self.ships.iter_mut().enumerate() {
            if among(index) {
                ship.kill();
            }
        }
        if again {
            std::thread::sleep(Duration::from_millis(chance.below(200)));
            for (index, ship) in self.ships.iter_mut().enumerate() {
                if among(index) {
                    ship.kill();
                }
            }
        }
        self.ships.iter_mut().for_each(Ship::wait);
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for ship in &mut self.ships {
            let _ = ship.process.kill();
            let _ = ship.process.wait();
        }
    }
}
