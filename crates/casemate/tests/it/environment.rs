//! A bad environment: each gives one clear message, loses nothing, and works again when it is
//! mended.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use crate::engine::Engine;
use crate::house::{House, Outcome, children_of, lives, send, until};
use crate::walk::{first_owner, workspace};

/// `up` in a state in which it cannot start.
fn refused(house: &House) -> Outcome {
    let outcome = house.run(&["up"]);
    assert!(!outcome.status.success(), "it started: {:?}", outcome.lines);
    let error = outcome.error();
    assert!(!error["mend"].as_str().unwrap().is_empty(), "no way out in {error}");
    outcome
}

/// An installation that was started once and stopped.
fn settled() -> House {
    let house = House::new(&Engine::Sqlite);
    house.up().stop();
    house
}

#[test]
fn port_zero_takes_a_free_port_and_says_which() {
    let mut house = House::new(&Engine::Sqlite);
    house.set("CASEMATE_API__LISTEN", "127.0.0.1:0");
    let up = house.up();
    let port = up.url().rsplit(':').next().unwrap().parse::<u16>().unwrap();
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    up.stop();
}

#[test]
fn a_taken_port_is_named_with_the_setting_that_changes_it() {
    let mut house = House::new(&Engine::Sqlite);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    house.set("CASEMATE_API__LISTEN", &address);
    let outcome = refused(&house);
    assert!(outcome.stderr.contains(&address), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("--listen"), "{}", outcome.stderr);
    drop(taken);
    house.up().stop();
}

#[test]
fn a_second_up_is_refused_and_names_the_first() {
    let house = House::new(&Engine::Sqlite);
    let up = house.up();
    let outcome = refused(&house);
    assert_eq!(outcome.code(), Some(6));
    assert!(outcome.stderr.contains(&up.pid().to_string()), "{}", outcome.stderr);
    up.stop();
}

#[test]
fn a_folder_from_a_newer_version_is_refused_untouched() {
    let house = settled();
    std::fs::write(house.data().join("FORMAT"), "2\n").unwrap();
    let before = std::fs::read(house.data().join("control.db")).unwrap();
    let outcome = refused(&house);
    assert_eq!(outcome.code(), Some(4));
    assert!(outcome.stderr.contains("newer"), "{}", outcome.stderr);
    assert_eq!(std::fs::read(house.data().join("control.db")).unwrap(), before);
    std::fs::write(house.data().join("FORMAT"), "1\n").unwrap();
    house.up().stop();
}

#[test]
fn a_half_written_database_is_called_damaged_and_works_again_when_put_back() {
    let house = settled();
    let path = house.data().join("control.db");
    let whole = std::fs::read(&path).unwrap();
    for end in [1, 100, whole.len() / 2] {
        std::fs::write(&path, &whole[..end]).unwrap();
        let outcome = refused(&house);
        assert!(outcome.stderr.contains("damaged"), "{end}: {}", outcome.stderr);
    }
    std::fs::write(&path, &whole).unwrap();
    house.up().stop();
}

#[test]
fn a_truncated_slot_and_a_wrong_key_file_are_refused_and_name_the_key_that_is_missing() {
    let house = settled();
    let expected = root_key(&house);
    let files = std::fs::read_dir(house.slots()).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        files.filter(|path| !path.to_str().unwrap().contains("recovery")).collect();
    files.sort();
    assert!(files.len() >= 2, "a slot and its key: {files:?}");
    for path in files {
        let whole = std::fs::read(&path).unwrap();
        let truncated = whole[..whole.len() / 2].to_vec();
        let other = whole.iter().map(|b| if *b == b'a' { b'b' } else { *b }).collect();
        for bad in [Vec::new(), truncated, other] {
            if bad == whole {
                continue;
            }
            std::fs::write(&path, &bad).unwrap();
            let outcome = refused(&house);
            assert!(outcome.stderr.contains(&expected), "{path:?}: {}", outcome.stderr);
        }
        std::fs::write(&path, &whole).unwrap();
    }
    house.up().stop();
}

#[test]
fn data_with_the_keys_of_another_installation_is_not_served() {
    let (house, other) = (settled(), settled());
    for (from, to) in
        [(other.slots(), house.slots()), (other.data().join("broker"), house.data().join("broker"))]
    {
        let kept = house.path("kept").with_extension(to.file_name().unwrap());
        std::fs::rename(&to, kept).unwrap();
        std::fs::rename(&from, &to).unwrap();
    }
    let outcome = refused(&house);
    assert_eq!(outcome.code(), Some(4), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("the keys are of"), "{}", outcome.stderr);
}

#[test]
fn without_locked_memory_the_broker_does_not_start_and_says_which_limit_to_raise() {
    let house = House::new(&Engine::Sqlite);
    let user = 60_722;
    std::os::unix::fs::chown(house.path(""), Some(user), Some(user)).unwrap();
    let mut command = Command::new("prlimit");
    let up = house.command(&["up", "--json"]);
    command.arg("--memlock=0:0").arg("--").arg(up.get_program()).args(up.get_args()).env_clear();
    command.envs(up.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let outcome = Outcome::of(command.uid(user).gid(user));
    assert!(!outcome.status.success());
    assert!(outcome.error()["mend"].as_str().unwrap().contains("ulimit -l"), "{}", outcome.stderr);
}

/// The root key's id, as the running platform names it.
fn root_key(house: &House) -> String {
    let up = house.up();
    let doctor = house.run(&["doctor"]);
    let broker = doctor.lines.iter().find(|finding| finding["check"] == "broker").unwrap();
    let id = broker["seen"].as_str().unwrap().rsplit(' ').next().unwrap().to_owned();
    up.stop();
    id
}

#[test]
fn a_read_only_folder_is_refused_with_its_name() {
    let house = settled();
    // Root ignores modes: an unprivileged user starts it, and owns what it may own.
    let user = 60_720;
    let data = house.data();
    for path in [house.path(""), house.path("etc")] {
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    }
    let mut command = house.command(&["up", "--json"]);
    let outcome = Outcome::of(command.uid(user).gid(user));
    assert!(!outcome.status.success());
    let error = outcome.error().to_string();
    assert!(error.contains(data.to_str().unwrap()) || error.contains("etc"), "{error}");
    house.up().stop();
}

#[test]
fn sigterm_drains_and_a_second_one_ends_at_once() {
    let house = House::new(&Engine::Sqlite);
    let took = house.up().stop();
    assert!(took < Duration::from_secs(5), "an idle platform stops in {took:?}");
    let mut up = house.up();
    let serve = up.child("serve");
    // A process that does not react: only the second signal ends it before the drain is over.
    send(serve, Signal::STOP);
    let start = std::time::Instant::now();
    up.signal(Signal::TERM);
    std::thread::sleep(Duration::from_millis(300));
    assert!(lives(up.pid()), "it waits for its processes");
    up.signal(Signal::TERM);
    up.wait();
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    assert!(!lives(serve));
}

#[test]
fn killing_up_leaves_no_process() {
    let house = House::new(&Engine::Sqlite);
    let mut up = house.up();
    let children = up.children();
    assert_eq!(children.len(), 2, "{children:?}");
    up.signal(Signal::KILL);
    up.wait();
    until("its processes are gone", || children.iter().all(|(pid, _)| !lives(*pid)));
    house.up().stop();
}

#[test]
fn a_first_start_killed_at_any_moment_is_begun_anew() {
    for moment in 0..16 {
        let house = House::new(&Engine::Sqlite);
        let mut first = house.command(&["up", "--json"]);
        let log = std::fs::File::create(house.path("log")).unwrap();
        let mut first = first.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(moment * 25));
        let children = children_of(first.id());
        first.kill().unwrap();
        first.wait().unwrap();
        until("its processes are gone", || children.iter().all(|(pid, _)| !lives(*pid)));
        let up = house.up();
        assert!(up.ready["link"].is_string(), "{moment}: {}", up.ready);
        house.confirm_recovery(&up);
        let doctor = house.run(&["doctor"]);
        assert!(doctor.status.success(), "{moment}: {:#?}", doctor.lines);
        up.stop();
    }
}

#[test]
fn a_killed_process_comes_back() {
    let house = House::new(&Engine::Sqlite);
    let up = house.up();
    for role in ["serve", "broker", "serve"] {
        let killed = up.child(role);
        send(killed, Signal::KILL);
        until("another takes its place", || {
            let line = |pid| crate::house::command_line(pid);
            let children = children_of(up.pid());
            children.iter().any(|(pid, _)| *pid != killed && line(*pid).contains(role))
        });
    }
    until("it answers again", || {
        let port = up.url().rsplit(':').next().unwrap().parse().unwrap();
        std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    up.stop();
}

/// A small file system of its own, which really fills up.
pub struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    /// Mounted at `path`; `None` where this test may not mount.
    pub fn at(path: std::path::PathBuf) -> Option<Self> {
        std::fs::create_dir_all(&path).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs"]).arg(&path);
        let mounted = mount.stderr(std::process::Stdio::null()).status().unwrap();
        mounted.success().then_some(Self(path))
    }

    pub fn fill(&self) {
        let mut ballast = std::fs::File::create(self.0.join("lost+found")).unwrap();
        while std::io::Write::write_all(&mut ballast, &[0; 4096]).is_ok() {}
    }

    fn remount(&self, mode: &str) {
        let option = format!("remount,{mode}");
        let done = Command::new("mount").args(["-o", &option]).arg(&self.0).status().unwrap();
        assert!(done.success());
    }

    pub fn empty(&self) {
        std::fs::remove_file(self.0.join("lost+found")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_refuses_writes_loses_nothing_and_works_again_with_space() {
    let house = House::new(&Engine::Sqlite);
    let Some(disk) = SmallDisk::at(house.data()) else {
        not_run("this user may not mount");
        return;
    };
    let up = house.up();
    let owner = first_owner(&up);
    workspace(&owner, "acme", "kept");
    workspace(&owner, "globex", "kept");
    disk.fill();
    let mut kept = 0;
    let refused = (0..200).find_map(|number| {
        let name = format!("NAME_{number}");
        let words = ["secrets", "set", &name, "-p", "shop", "-e", "development"];
        let outcome = owner.pipe(&words, &"x".repeat(16 * 1024));
        kept += usize::from(outcome.status.success());
        (!outcome.status.success()).then_some(outcome)
    });
    let refused = refused.expect("the disk is full");
    assert_eq!(refused.code(), Some(7), "{}", refused.stderr);
    disk.empty();
    until("it writes again", || {
        let words = ["secrets", "set", "AFTERWARDS", "-p", "shop", "-e", "development"];
        owner.pipe(&words, "y").status.success()
    });
    let listed = owner.run(&["secrets", "list", "-p", "shop", "-e", "development"]).ok();
    assert_eq!(listed.lines.len(), kept + 2, "what was acknowledged is there, and nothing else");
    up.stop();
    let up = house.up();
    let listed = owner.run(&["secrets", "list", "-p", "shop", "-e", "development"]).ok();
    assert_eq!(listed.lines.len(), kept + 2);
    up.stop();
}

#[test]
fn a_read_only_disk_is_named_and_works_again_when_it_is_writable() {
    let house = House::new(&Engine::Sqlite);
    let Some(disk) = SmallDisk::at(house.data()) else {
        not_run("this user may not mount");
        return;
    };
    house.up().stop();
    disk.remount("ro");
    let outcome = refused(&house);
    assert_eq!(outcome.code(), Some(4), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("read-only"), "{}", outcome.stderr);
    disk.remount("rw");
    house.up().stop();
}

#[test]
fn a_first_start_on_a_full_disk_is_begun_anew_when_there_is_space() {
    let house = House::new(&Engine::Sqlite);
    let Some(disk) = SmallDisk::at(house.data()) else {
        not_run("this user may not mount");
        return;
    };
    disk.fill();
    let outcome = refused(&house);
    assert_eq!(outcome.code(), Some(7), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("space"), "{}", outcome.stderr);
    disk.empty();
    let up = house.up();
    assert!(up.ready["link"].is_string(), "a first start: {}", up.ready);
    up.stop();
}

/// Says loudly that a test did not run; CI may mount, so there it fails.
pub fn not_run(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "not run in CI: {why}");
    eprintln!("NOT RUN: {why}");
}
