//! Two `serve` processes on one SQLite folder, started in the same moment.
//!
//! Each opens the database once before it is confined to its files, closes it, and opens it again
//! afterwards. SQLite removes the log's files when the last opening ends; then the other process
//! would be confined away from the ones that it makes anew.

use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::engine::Engine;
use crate::house::{House, free_port, send, until};

/// How often both are started.
const ROUNDS: usize = 8;
const START_MAX: Duration = Duration::from_secs(30);

/// A process that is killed when the test is over.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Self {
        Self(command.stdout(Stdio::null()).spawn().unwrap())
    }

    /// Asks it to end, and waits.
    fn stop(mut self) {
        send(self.0.id(), Signal::TERM);
        let status = self.0.wait().unwrap();
        assert!(status.success(), "{status:?}");
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

#[test]
fn two_servers_started_in_the_same_moment_on_one_folder_both_get_ready() {
    let house = House::new(&Engine::Sqlite);
    house.up().stop();
    let mut broker = house.command(&["broker"]);
    let broker = Running::start(broker.stderr(Stdio::null()));
    let socket = house.data().join("run/broker.sock");
    until("the broker listens", || UnixStream::connect(&socket).is_ok());
    for round in 0..ROUNDS {
        let servers = ["api", "worker"].map(|role| serve(&house, role));
        let mut running =
            servers.map(|(mut command, health)| (Running::start(&mut command), health));
        for (server, health) in &mut running {
            let began = Instant::now();
            while TcpStream::connect(*health).is_err()
                || !house.data().join("run/ready.json").exists()
            {
                let ended = server.0.try_wait().unwrap();
                assert!(ended.is_none(), "round {round}: a server ended by itself: {ended:?}");
                assert!(began.elapsed() < START_MAX, "round {round}: not ready");
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        // Long enough for a loser to say so: it ends when it opens the database again.
        std::thread::sleep(Duration::from_millis(100));
        for (server, _) in running {
            server.stop();
        }
    }
    broker.stop();
}
