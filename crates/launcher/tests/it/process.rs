//! The launcher's process, over its socket.

use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use launcher::cgroup::Cgroups;
use launcher::process::{ask, connect, hear};
use launcher::protocol::{Ask, Refusal, Told};
use launcher::{Bind, Ending, Limits, Reach, Sandbox, Variable, Writable};
use zeroize::Zeroizing;

use crate::chamber::{USERS, example};

struct Keeper {
    folder: tempfile::TempDir,
    house: String,
    child: Child,
}

impl Keeper {
    fn begun(house: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let house = format!("{house}{}", std::process::id());
        let child = Self::start(&folder.path().join("socket"), &house);
        Self { folder, house, child }
    }

    fn start(socket: &std::path::Path, house: &str) -> Child {
        let child = Command::new(example("keeper")).arg(socket).arg(house).spawn().unwrap();
        let begun = Instant::now();
        while connect(socket).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(60), "it listens");
            std::thread::sleep(Duration::from_millis(10));
        }
        child
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    fn peer(&self) -> OwnedFd {
        connect(&self.socket()).unwrap()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = Cgroups::find(&self.house).and_then(|cgroups| cgroups.clear());
    }
}

fn sandbox(name: &str, script: &str) -> Ask {
    let bind = |source: &str, target: &str| Bind {
        source: source.into(),
        target: target.into(),
        reach: Reach::Read,
    };
    Ask::Start(Box::new(Sandbox {
        name: name.into(),
        host_user: USERS + 5_000,
        layers: Vec::new(),
        root: Reach::Read,
        root_bytes: 1 << 20,
        binds: vec![
            bind("/usr", "/usr"),
            bind("/usr/bin", "/bin"),
            bind("/usr/lib", "/lib"),
            bind("/usr/lib64", "/lib64"),
        ],
        writable: vec![Writable { target: "/tmp".into(), bytes: 1 << 20 }],
        command: vec!["/bin/sh".into(), "-c".into(), script.into()],
        environment: vec![Variable {
            name: "TOKEN".into(),
            value: Zeroizing::new("canary-by-the-socket".into()),
        }],
        folder: "/".into(),
        ports: Vec::new(),
        limits: Limits::default(),
    }))
}

/// Starts a program and gives what can be read of it.
fn start(peer: &OwnedFd, name: &str, script: &str) -> (Told, std::io::PipeReader) {
    let null = std::fs::File::options().read(true).write(true).open("/dev/null").unwrap();
    let (read, write) = std::io::pipe().unwrap();
    let streams = [null.as_fd(), write.as_fd(), write.as_fd()];
    ask(peer, &sandbox(name, script), &streams).unwrap();
    (hear(peer).unwrap().unwrap(), read)
}

fn said(mut read: std::io::PipeReader) -> String {
    let mut text = String::new();
    read.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_program_is_started_seen_and_its_end_is_told_to_whoever_started_it() {
    let keeper = Keeper::begun("told");
    let (peer, other) = (keeper.peer(), keeper.peer());
    let (told, read) = start(&peer, "one", "echo $TOKEN; sleep 0.3; exit 3");
    assert_eq!(told, Told::Started { name: "one".into() });
    ask(&other, &Ask::List, &[]).unwrap();
    assert_eq!(hear(&other).unwrap().unwrap(), Told::Running { names: vec!["one".into()] });
    ask(&other, &Ask::Usage { name: "one".into() }, &[]).unwrap();
    let usage = hear(&other).unwrap().unwrap();
    assert!(matches!(&usage, Told::Usage { usage, .. } if usage.processes >= 2), "{usage:?}");
    let (taken, _) = start(&other, "one", "true");
    assert_eq!(taken, Told::Refused { name: "one".into(), why: Refusal::Taken });
    let ended = hear(&peer).unwrap().unwrap();
    assert!(matches!(&ended, Told::Ended { ending: Ending::Exit { code: 3 }, .. }), "{ended:?}");
    assert_eq!(said(read), "canary-by-the-socket\n");
    ask(&other, &Ask::Usage { name: "one".into() }, &[]).unwrap();
    assert_eq!(hear(&other).unwrap().unwrap(), Told::Unknown { name: "one".into() });
}

#[test]
fn a_program_that_is_stopped_ends_with_all_it_began() {
    let keeper = Keeper::begun("stop");
    let peer = keeper.peer();
    let (told, read) = start(&peer, "two", "sleep 600 & sleep 600");
    assert_eq!(told, Told::Started { name: "two".into() });
    ask(&peer, &Ask::Stop { name: "two".into() }, &[]).unwrap();
    let ended = hear(&peer).unwrap().unwrap();
    assert!(matches!(&ended, Told::Ended { ending: Ending::Stopped, .. }), "{ended:?}");
    // Nobody holds the other end any more.
    assert_eq!(said(read), "");
}

#[test]
fn what_is_no_message_ends_the_connection_and_nothing_else() {
    let keeper = Keeper::begun("odd");
    let (peer, other) = (keeper.peer(), keeper.peer());
    rustix::io::write(&peer, b"{\"start\":{}}").unwrap();
    assert_eq!(hear(&peer).unwrap(), Some(Told::Nonsense));
    assert_eq!(hear(&peer).unwrap(), None);
    // A start without its streams, or with too many, is refused; what came along is closed.
    ask(&other, &sandbox("three", "true"), &[]).unwrap();
    let why = Refusal::Streams;
    assert_eq!(hear(&other).unwrap(), Some(Told::Refused { name: "three".into(), why }));
    let (read, write) = std::io::pipe().unwrap();
    let many = [write.as_fd(); 4];
    ask(&other, &sandbox("three", "true"), &many).unwrap();
    drop(write);
    assert!(matches!(hear(&other).unwrap(), Some(Told::Refused { why: Refusal::Streams, .. })));
    assert_eq!(said(read), "");
    let (told, _) = start(&other, "../x", "true");
    assert!(matches!(told, Told::Refused { why: Refusal::Spec(_), .. }), "{told:?}");
}

#[test]
fn another_user_is_sent_away() {
    let keeper = Keeper::begun("user");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(keeper.folder.path(), open).unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(keeper.socket(), open).unwrap();
    let script = "import socket,sys\n\
                  s=socket.socket(socket.AF_UNIX,socket.SOCK_SEQPACKET)\n\
                  s.connect(sys.argv[1])\n\
                  try:\n s.send(b'\"list\"')\n print(len(s.recv(100)))\n\
                  except OSError: print(0)";
    let run = |user: u32| {
        let mut command = Command::new("python3");
        command.args(["-c", script]).arg(keeper.socket()).uid(user).gid(user);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert_ne!(run(0), "0\n");
    assert_eq!(run(USERS + 5_001), "0\n");
}

#[test]
fn a_launcher_that_was_killed_leaves_programs_to_nobody_and_clears_up_when_it_is_back() {
    let mut keeper = Keeper::begun("back");
    let peer = keeper.peer();
    let (told, read) = start(&peer, "four", "sleep 600");
    assert_eq!(told, Told::Started { name: "four".into() });
    keeper.child.kill().unwrap();
    keeper.child.wait().unwrap();
    assert_eq!(said(read), "", "the program is gone");
    keeper.child = Keeper::start(&keeper.socket(), &keeper.house);
    let peer = keeper.peer();
    ask(&peer, &Ask::List, &[]).unwrap();
    assert_eq!(hear(&peer).unwrap().unwrap(), Told::Running { names: Vec::new() });
    // The name is free again, and so is its group.
    let (told, read) = start(&peer, "four", "echo again");
    assert_eq!(told, Told::Started { name: "four".into() });
    assert_eq!(said(read), "again\n");
}
