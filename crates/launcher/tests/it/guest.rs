//! The newer form of control groups, on a kernel that has it: Debian's user-mode Linux, started as
//! an ordinary program.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::chamber::example;

/// Copies a program and the libraries that it loads, as `ldd` names them.
fn copy(program: &Path, root: &Path, inside: &str) {
    let place = |inside: &str| root.join(inside.trim_start_matches('/'));
    let put = |from: &Path, inside: &str| {
        std::fs::create_dir_all(place(inside).parent().unwrap()).unwrap();
        std::fs::copy(from, place(inside)).unwrap();
    };
    put(program, inside);
    let listed = Command::new("ldd").arg(program).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    for path in listed.split_whitespace().filter(|word| word.starts_with('/')) {
        put(&PathBuf::from(path).canonicalize().unwrap(), path);
    }
}

#[test]
fn one_hierarchy_of_control_groups_limits_and_ends_programs() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    for inside in ["proc", "sys/fs/cgroup", "dev", "tmp"] {
        std::fs::create_dir_all(root.join(inside)).unwrap();
    }
    copy(&example("guest"), &root, "/init");
    copy(&example("attack"), &root, "/attack");
    copy(&Path::new("/bin/sh").canonicalize().unwrap(), &root, "/bin/sh");
    let image = folder.path().join("image");
    let names = Command::new("find").arg(".").current_dir(&root).output().unwrap().stdout;
    std::fs::write(folder.path().join("names"), names).unwrap();
    let names = std::fs::File::open(folder.path().join("names")).unwrap();
    let packed = Command::new("cpio")
        .args(["--quiet", "-o", "-H", "newc"])
        .current_dir(&root)
        .stdin(names)
        .stdout(std::fs::File::create(&image).unwrap())
        .status()
        .unwrap();
    assert!(packed.success());
    let mut initrd = std::ffi::OsString::from("initrd=");
    initrd.push(&image);
    let machine = Command::new("linux.uml")
        .args(["mem=192M", "con=null", "con0=null,fd:1", "quiet", "panic=-1"])
        .arg(initrd)
        .env("TMPDIR", folder.path())
        .env("HOME", folder.path())
        .stdin(Stdio::null())
        .output()
        .expect("the package user-mode-linux");
    let console = String::from_utf8_lossy(&machine.stdout).replace('\r', "");
    let wanted = [
        "version: 2",
        "memory: ok=false killed=true refused=false slow=false",
        "forks: ok=true killed=false refused=true slow=false",
        "spin: ok=true killed=false refused=false slow=true",
        "left: [\"casemate-own\"]",
        "again: true",
    ];
    let said = console.lines().filter(|line| {
        let name = line.split(':').next().unwrap_or_default();
        ["version", "memory", "forks", "spin", "left", "again"].contains(&name)
    });
    assert_eq!(said.collect::<Vec<_>>(), wanted, "{console}");
}
