//! Two `serve` processes on one SQLite folder, started in the same moment.
//!
//! Each opens the database once before it is confined to its files, closes it, and opens it again
//! afterwards. SQLite removes the log's files when the last opening ends; then the other process
//! would be confined away from the ones that it makes anew.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::engine::Engine;
use crate::house::{House, free_port, until};

/// How often both are started.
const ROUNDS: usize = 8;

/// A process that is killed when the test is over.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Self {
        Self(command.stdout(Stdio::null()).spawn().unwrap())
    }

    /// How it ended, if it did.
    fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A `serve` of this house with this role, and where its health page will be.
fn serve(house: &House, role: &str) -> (Command, SocketAddr) {
    let health = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let mut command = house.command(&["serve", "--roles", role]);
    command.env("CASEMATE_API__HEALTH", health.to_string());
    let log = std::fs::File::options().create(true).append(true).open(house.path("log")).unwrap();
    command.stderr(log);
    (command, health)
}

/// Whether something answers HTTP there: an open port may be that of a process about to end.
fn answers(address: SocketAddr) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut first = [0; 5];
    stream.read_exact(&mut first)?;
    Ok(&first == b"HTTP/")
}

#[test]
fn two_servers_started_in_the_same_moment_on_one_folder_both_get_ready() {
    let house = House::new(&Engine::Sqlite);
    house.up().stop();
    let mut broker = house.command(&["broker"]);
    let _broker = Running::start(broker.stderr(Stdio::null()));
    let socket = house.data().join("run/broker.sock");
    until("the broker listens", || UnixStream::connect(&socket).is_ok());
    for round in 0..ROUNDS {
        let servers = ["api", "worker"].map(|role| serve(&house, role));
        let mut running =
            servers.map(|(mut command, health)| (Running::start(&mut command), health));
        for (server, health) in &mut running {
            until("a server answers", || {
                let ended = server.ended();
                assert!(ended.is_none(), "round {round}: a server ended by itself: {ended:?}");
                answers(*health).unwrap_or(false)
            });
        }
    }
}
