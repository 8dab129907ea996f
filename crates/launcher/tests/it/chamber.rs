//! A chamber for one test: the host's programs read-only, a writable place, a volume.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use tempfile::TempDir;

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A host user for each chamber.
pub(crate) const USERS: u32 = 300_000;

pub(crate) struct Chamber {
    pub spec: Value,
    folder: TempDir,
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Came {
    pub answer: Value,
    pub out: String,
}

impl Came {
    pub(crate) fn ending(&self) -> &Value {
        &self.answer["ending"]
    }

    pub(crate) fn lines(&self) -> Vec<&str> {
        self.out.lines().collect()
    }
}

/// An example's program: beside this test's own, one folder up.
pub(crate) fn example(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let built = own.ancestors().nth(2).unwrap().join("examples").join(name);
    assert!(built.exists(), "cargo builds examples with tests: {}", built.display());
    built
}

fn bind(source: &Path, target: &str, reach: &str) -> Value {
    json!({ "source": source, "target": target, "reach": reach })
}

impl Chamber {
    pub(crate) fn new(attack: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let user = USERS + number;
        let volume = folder.path().join("volume");
        std::fs::create_dir(&volume).unwrap();
        std::os::unix::fs::chown(&volume, Some(user), Some(user)).unwrap();
        let mut command = vec!["/attack"];
        command.extend(attack);
        let spec = json!({
            "name": format!("test-{}-{number}", std::process::id()),
            "host_user": user,
            "binds": [
                bind(Path::new("/usr"), "/usr", "read"),
                bind(Path::new("/usr/lib"), "/lib", "read"),
                bind(Path::new("/usr/lib64"), "/lib64", "read"),
                bind(&example("attack"), "/attack", "read"),
                bind(&volume, "/data", "write"),
            ],
            "writable": { "/tmp": 1 << 20 },
            "command": command,
            "environment": { "GIVEN": "canary-in-the-environment" },
            "out": folder.path().join("out"),
        });
        Self { spec, folder }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.spec[name] = value.into();
        self
    }

    /// Starts it and gives the launcher's process.
    pub(crate) fn started(&self) -> Child {
        let mut child = Command::new(example("chamber"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(self.spec.to_string().as_bytes()).unwrap();
        child
    }

    pub(crate) fn run(&self) -> Came {
        let ended = self.started().wait_with_output().unwrap();
        assert!(ended.status.success(), "{ended:?}");
        let answer = serde_json::from_slice(&ended.stdout).unwrap();
        Came { answer, out: self.out() }
    }

    pub(crate) fn out(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("out")).unwrap_or_default()
    }

    /// The processes of this chamber's user on the host.
    pub(crate) fn processes(&self) -> Vec<i32> {
        let user = self.spec["host_user"].to_string();
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let of_user = |number: &i32| {
            let status = std::fs::read_to_string(format!("/proc/{number}/status"));
            status.is_ok_and(|status| {
                status.lines().any(|line| line.starts_with("Uid:") && line.contains(&user))
            })
        };
        numbers.filter(of_user).collect()
    }
}
