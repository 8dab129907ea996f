//! What the kernel keeps apart: the broker's memory and files from everybody, `serve` from the
//! keys.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::engine::Engine;
use crate::house::{House, Up};

/// A user that has nothing to do with the installation.
const STRANGER: u32 = 60_721;

fn status(pid: u32, field: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// Whether `user` can read this file.
fn reads(user: u32, path: &str) -> bool {
    let mut command = Command::new("cat");
    command.arg(path).uid(user).gid(user);
    command.output().unwrap().status.success()
}

fn uids(up: &Up) -> (u32, u32) {
    let uid = |role| u32::try_from(status(up.child(role), "Uid:")).unwrap();
    (uid("broker"), uid("serve"))
}

#[test]
fn the_broker_has_locked_memory_and_others_of_its_user_cannot_read_it() {
    let house = House::new(&Engine::Sqlite);
    let up = house.up();
    let broker = up.child("broker");
    assert!(status(broker, "VmLck:") > 0);
    let (user, _) = uids(&up);
    for file in ["mem", "environ", "maps", "auxv"] {
        assert!(!reads(user, &format!("/proc/{broker}/{file}")), "its own user read {file}");
    }
    let limits = std::fs::read_to_string(format!("/proc/{broker}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    up.stop();
}

#[test]
fn as_root_neither_process_is_root_and_serve_cannot_read_slots_keys_or_journal() {
    let house = House::new(&Engine::Sqlite);
    let up = house.up();
    let (broker, serve) = uids(&up);
    assert!(broker != 0 && serve != 0 && broker != serve, "{broker} {serve}");
    assert_eq!(status(up.child("serve"), "CapEff:"), 0);
    for folder in [house.slots(), house.data().join("broker")] {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            assert!(!reads(serve, path.to_str().unwrap()), "serve reads {}", path.display());
            assert!(!reads(STRANGER, path.to_str().unwrap()));
        }
    }
    let control = house.data().join("control.db");
    assert!(reads(serve, control.to_str().unwrap()));
    assert!(!reads(broker, control.to_str().unwrap()), "the broker reads the data");
    let kept: Vec<u32> = ["control.db", "broker/keys.db"]
        .map(|name| house.data().join(name).metadata().unwrap().uid())
        .to_vec();
    assert_eq!(kept, [serve, broker]);
    up.stop();
}

#[test]
fn only_serve_gets_a_word_from_the_broker() {
    let house = House::new(&Engine::Sqlite);
    let up = house.up();
    let socket = house.data().join("run/broker.sock");
    let (_, serve) = uids(&up);
    let speaks = |user: u32| {
        let mut command = Command::new("python3");
        // Connects, sends nothing, and sees whether the connection stays open.
        command.arg("-c").arg(
            "import socket,sys\ns=socket.socket(socket.AF_UNIX)\ns.settimeout(1)\n\
             s.connect(sys.argv[1])\n\
             try:\n  s.recv(1); sys.exit(1)\nexcept TimeoutError: sys.exit(0)",
        );
        command.arg(&socket).uid(user).gid(user).output().unwrap().status.success()
    };
    assert!(speaks(serve));
    assert!(!speaks(STRANGER));
    up.stop();
}

#[test]
fn as_an_ordinary_user_the_separation_is_called_weak_and_landlock_keeps_serve_from_the_keys() {
    let house = House::new(&Engine::Sqlite);
    let folder = house.path("");
    std::os::unix::fs::chown(&folder, Some(STRANGER), Some(STRANGER)).unwrap();
    let up = house.up_as(STRANGER);
    assert_eq!(up.ready["separation"], "weak");
    let doctor = house.run(&["doctor"]);
    let separation = doctor.lines.iter().find(|line| line["check"] == "separation").unwrap();
    assert_eq!(separation["verdict"], "warn", "{separation}");
    let serve = up.child("serve");
    // The kernel's own word: the rules of Landlock are inherited, so a process of `serve` would be
    // needed to try; that no right reaches the folders is tried in the server's tests.
    let attributes = std::fs::read_to_string(format!("/proc/{serve}/status")).unwrap();
    assert!(attributes.contains("NoNewPrivs:\t1"), "Landlock asks for it");
    let broker = up.child("broker");
    assert!(!reads(STRANGER, &format!("/proc/{broker}/mem")), "its own user reads its memory");
    up.stop();
}
