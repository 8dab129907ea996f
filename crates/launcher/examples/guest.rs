//! The first process of a machine that exists for one test: a kernel with one hierarchy of control
//! groups. It limits programs, prints what came of each, and switches the machine off.

#![allow(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "it stops at the first surprise, and the machine with it"
)]

use std::io::Write;
use std::process::Command;
use std::time::{Duration, Instant};

use launcher::Limits;
use launcher::cgroup::{Cgroups, Group};
use rustix::mount::{MountFlags, mount};

fn main() {
    let flags = MountFlags::empty();
    mount("proc", "/proc", "proc", flags, c"").expect("processes");
    mount("devtmpfs", "/dev", "devtmpfs", flags, c"").expect("devices");
    mount("cgroup2", "/sys/fs/cgroup", "cgroup2", flags, c"").expect("control groups");
    // A supervisor gives its service a group, and the service is in it.
    std::fs::write("/sys/fs/cgroup/cgroup.subtree_control", "+cpu +memory +pids").expect("all");
    std::fs::create_dir("/sys/fs/cgroup/service").expect("a group");
    std::fs::write("/sys/fs/cgroup/service/cgroup.procs", "1").expect("a process");
    let cgroups = Cgroups::find("guest").expect("what the kernel has");
    println!("version: {}", cgroups.version());
    for (name, limits) in [
        ("memory", Limits { memory_bytes: 32 << 20, ..Limits::default() }),
        ("forks", Limits { processes: 20, ..Limits::default() }),
        ("spin", Limits { cpu_millis: 250, ..Limits::default() }),
    ] {
        let group = cgroups.make(name, &limits).expect("a group");
        println!("{name}: {}", run(&group, name));
        group.kill().expect("an end");
        let begun = Instant::now();
        while group.remove().is_err() && begun.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    let left = std::fs::read_dir("/sys/fs/cgroup/service").expect("a folder").flatten();
    let left = left.filter(|entry| entry.file_name().to_string_lossy().starts_with("casemate-"));
    let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
    println!("left: {left:?}");
    println!("again: {}", Cgroups::find("guest").is_ok_and(|found| found == cgroups));
    std::io::stdout().flush().expect("a console");
    let _ = rustix::system::reboot(rustix::system::RebootCommand::PowerOff);
}

/// Starts the attack in the group, waits for its end, and says what the group saw.
fn run(group: &Group, name: &str) -> String {
    // It waits until it is in its group.
    let script = format!("read word; exec /attack {name}");
    let mut child = Command::new("/bin/sh")
        .args(["-c", &script])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("a program");
    group.add(child.id()).expect("a place in the group");
    child.stdin.take().expect("a pipe").write_all(b"go\n").expect("a word");
    let status = child.wait().expect("an end");
    let usage = group.usage().expect("what was used");
    let killed = usage.memory_kills > 0;
    let refused = usage.refused_forks > 0;
    // Two seconds of a quarter of a processor.
    let slow = name == "spin" && usage.cpu_us < 1_000_000;
    format!("ok={} killed={killed} refused={refused} slow={slow}", status.success())
}
