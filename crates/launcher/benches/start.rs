//! How long it takes from nothing to a program that has ended, in a chamber, beside other ways: no
//! wall at all, bubblewrap with the same namespaces, runc with the same limits.
//!
//! `cargo bench -p launcher --bench start`, as root. A way that is not installed is named loudly.
//! Ways take turns, so that what else the machine does meets all of them.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::integer_division,
    reason = "a bench stops at the first surprise"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use launcher::cgroup::Cgroups;
use launcher::{Bind, Limits, Reach, Sandbox, Streams, Writable, launch};
use serde_json::{Value, json};

const ROUNDS: usize = 200;
const BINDS: [(&str, &str); 4] =
    [("/usr", "/usr"), ("/usr/bin", "/bin"), ("/usr/lib", "/lib"), ("/usr/lib64", "/lib64")];

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let cgroups = Cgroups::find("bench").expect("control groups");
    let bundle = bundle(folder.path());
    let mut number = 0;
    let mut chamber = || {
        number += 1;
        start_chamber(&cgroups, number);
    };
    let mut bare = || run(Command::new("/usr/bin/true"));
    let mut bwrap = || run(bubblewrap());
    let mut runc = || run(with_runc(&bundle));
    let mut ways: Vec<(&str, &mut dyn FnMut())> =
        vec![("chamber", &mut chamber), ("bare", &mut bare)];
    for (name, program, way) in
        [("bubblewrap", "bwrap", &mut bwrap as &mut dyn FnMut()), ("runc", "runc", &mut runc)]
    {
        match Command::new(program).arg("--version").stdout(Stdio::null()).status() {
            Ok(status) if status.success() => ways.push((name, way)),
            _ => println!("NOT MEASURED: {name} is not installed"),
        }
    }
    let mut taken: Vec<Vec<Duration>> = vec![Vec::new(); ways.len()];
    for _ in 0..ROUNDS {
        for ((_, way), times) in ways.iter_mut().zip(&mut taken) {
            let begun = Instant::now();
            way();
            times.push(begun.elapsed());
        }
    }
    let mut ours = None;
    for ((name, _), times) in ways.iter().zip(&mut taken) {
        times.sort_unstable();
        let at = |share: usize| times[times.len() * share / 100].as_secs_f64() * 1_000.0;
        let median = at(50);
        let ratio = median / *ours.get_or_insert(median);
        println!("{name:12} p50 {median:7.2} ms  p99 {:7.2} ms  ÷ chamber {ratio:5.2}", at(99));
    }
}

fn run(mut command: Command) {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status().expect("a program");
    assert!(status.success(), "{command:?}");
}

fn start_chamber(cgroups: &Cgroups, number: u32) {
    let sandbox = Sandbox {
        name: format!("bench-{number}"),
        host_user: 400_000,
        layers: Vec::new(),
        root: Reach::Read,
        root_bytes: 1 << 20,
        binds: BINDS
            .map(|(source, target)| Bind {
                source: source.into(),
                target: target.into(),
                reach: Reach::Read,
            })
            .into(),
        writable: vec![Writable { target: "/tmp".into(), bytes: 1 << 20 }],
        command: vec!["/usr/bin/true".into()],
        environment: Vec::new(),
        folder: "/".into(),
        ports: vec![8080],
        limits: Limits::default(),
    };
    let null =
        || fs::File::options().read(true).write(true).open("/dev/null").expect("a device").into();
    let streams = Streams { input: null(), output: null(), error: null() };
    let running = launch(&sandbox, streams, cgroups).expect("a chamber");
    let (ending, _) = running.wait(Duration::from_secs(60)).expect("an ending");
    assert_eq!(ending, launcher::Ending::Exit { code: 0 });
}

fn bubblewrap() -> Command {
    let mut command = Command::new("bwrap");
    command.args(["--unshare-all", "--die-with-parent", "--proc", "/proc", "--dev", "/dev"]);
    command.args(["--tmpfs", "/tmp", "--cap-drop", "ALL", "--uid", "1000", "--gid", "1000"]);
    for (source, target) in BINDS {
        command.args(["--ro-bind", source, target]);
    }
    command.arg("/usr/bin/true");
    command
}

/// A bundle for runc: what `runc spec` writes, with the same binds and limits.
fn bundle(folder: &Path) -> std::path::PathBuf {
    let bundle = folder.join("bundle");
    fs::create_dir_all(bundle.join("rootfs")).expect("a folder");
    let written = Command::new("runc").current_dir(&bundle).arg("spec").status();
    if !written.is_ok_and(|status| status.success()) {
        return bundle;
    }
    let path = bundle.join("config.json");
    let text = fs::read_to_string(&path).expect("a file");
    let mut config: Value = serde_json::from_str(&text).expect("what runc wrote");
    config["process"]["args"] = json!(["/usr/bin/true"]);
    config["process"]["terminal"] = json!(false);
    config["process"]["rlimits"] = json!([]);
    let mounts = config["mounts"].as_array_mut().expect("a list");
    mounts.extend(BINDS.map(|(source, target)| {
        let options = ["rbind", "ro"];
        json!({ "destination": target, "type": "bind", "source": source, "options": options })
    }));
    config["linux"]["resources"]["memory"] = json!({ "limit": 512 << 20 });
    config["linux"]["resources"]["pids"] = json!({ "limit": 256 });
    fs::write(&path, config.to_string()).expect("a file");
    bundle
}

fn with_runc(bundle: &Path) -> Command {
    let mut command = Command::new("runc");
    command.arg("run").arg("--bundle").arg(bundle).arg("casemate-bench");
    command
}
