//! Disks that are full or read-only, and readers that go away.

use std::io::Read;
use std::process::{Command, Stdio};

use crate::house::{Ended, Machine, client, golden_export, server};
use crate::server::{Reply, Server};

fn server_with_export() -> Server {
    server(|asked| {
        let export = || Reply::bytes(std::fs::read(golden_export()).unwrap().repeat(64));
        (asked.path == "/v1/audit/export").then(export)
    })
}

/// Runs the client in a mount namespace of its own, where `mount` was done on the folder named
/// `disk`.
fn on_disk(machine: &Machine, mount: &str, arguments: &[&str], input: &[u8]) -> (Ended, String) {
    let disk = machine.path("disk");
    std::fs::create_dir_all(&disk).unwrap();
    let script = format!(
        "cd {disk} && {mount} && cd {disk} || exit 99\n\
         \"$@\"; code=$?; ls -A {disk} >&2; exit $code",
        disk = disk.display()
    );
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", &script, "sh"]).arg(client());
    command.args(arguments);
    machine.prepare(&mut command);
    command.stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input).unwrap();
    let ended: Ended = child.wait_with_output().unwrap().into();
    assert_ne!(ended.code, Some(99), "the small disk could not be mounted: {ended:?}");
    let left = ended.err.lines().last().unwrap_or_default().to_owned();
    (ended, left)
}

#[test]
fn a_full_disk_is_told_and_leaves_no_half_an_export() {
    let (machine, server) = (Machine::with_passphrase(), server_with_export());
    machine.sign_in(&server);
    let file = machine.path("disk/export");
    let mount = "mount -t tmpfs -o size=64k tmpfs .";
    let (ended, left) = on_disk(&machine, mount, &["audit", "export", file.to_str().unwrap()], b"");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("disk is full"), "{ended:?}");
    assert!(!left.contains("export.") && left != "export", "{ended:?}");
}

#[test]
fn a_full_disk_keeps_the_sign_in_that_was_there() {
    let (machine, server) = (Machine::with_passphrase(), server(|_| None));
    machine.sign_in(&server);
    let pin = server.identity.fingerprint();
    let folder = machine.configuration();
    let mount = format!(
        "mount -t tmpfs -o size=64k tmpfs . && cd $PWD && cp -r {0}/. . && mount --bind . {0} && \
         {{ head -c 1M /dev/zero > filler 2>/dev/null || true; }}",
        folder.display()
    );
    let login = ["login", "--server", &server.url, "--fingerprint", &pin, "--email", "a@b.example"];
    let (ended, _) = on_disk(&machine, &mount, &login, b"correct horse battery\n123456\n");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("disk is full"), "{ended:?}");
    assert!(machine.has_session());
    assert_eq!(machine.run(&["projects", "list"]).code, Some(0));
}

#[test]
fn a_read_only_folder_is_told_with_the_way_out() {
    let (machine, server) = (Machine::with_passphrase(), server(|_| None));
    let pin = server.identity.fingerprint();
    let folder = machine.configuration();
    std::fs::create_dir_all(&folder).unwrap();
    let mount = format!("mount --bind {0} {0} && mount -o remount,bind,ro {0}", folder.display());
    let login = ["login", "--server", &server.url, "--fingerprint", &pin, "--email", "a@b.example"];
    let (ended, _) = on_disk(&machine, &mount, &login, b"correct horse battery\n123456\n");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("CASEMATE_CONFIG_DIR"), "{ended:?}");
}

#[test]
fn a_full_stdout_is_a_failure() {
    let machine = Machine::new();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = machine.command(&["completions", "bash"]);
    let ended: Ended = command.stdout(full).output().unwrap().into();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("disk is full"), "{ended:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut child = Machine::new().command(&["completions", "bash"]).spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut [0; 8]).unwrap();
    drop(out);
    let ended: Ended = child.wait_with_output().unwrap().into();
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
}

#[test]
fn a_damaged_session_asks_for_a_new_sign_in() {
    let (machine, server) = (Machine::new(), server(|_| None));
    machine.sign_in(&server);
    let session = machine.configuration().join("profiles/default/session.sealed");
    let good = std::fs::read(&session).unwrap();
    for bytes in [&good[..good.len() / 2], b"", b"m", b"?garbage"] {
        std::fs::write(&session, bytes).unwrap();
        let ended = machine.run(&["projects", "list"]);
        assert_eq!(ended.code, Some(3), "{ended:?}");
        assert!(ended.err.contains("casemate login"), "{ended:?}");
    }
    machine.sign_in(&server);
    assert_eq!(machine.run(&["projects", "list"]).code, Some(0));
}
