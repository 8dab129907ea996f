//! Folders of one installation, and the processes on them.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::engine::Engine;

pub const CASEMATE: &str = env!("CARGO_BIN_EXE_casemate");
const START_MAX: Duration = Duration::from_secs(30);
/// Longest a command runs that is expected to end by itself.
const RUN_MAX: Duration = Duration::from_secs(60);

/// Lines of a log that a failed test shows.
const LOG_LINES_SHOWN: usize = 40;

/// A `casemate` command that knows nothing of the machine's own installation.
pub fn casemate() -> Command {
    let mut command = Command::new(CASEMATE);
    command.env_clear().env("PATH", "/usr/bin:/bin").stdin(Stdio::null());
    command
}

/// The folders of one installation.
pub struct House {
    folder: TempDir,
    settings: Vec<(String, String)>,
}

impl House {
    /// Empty folders, and whatever `engine` needs.
    pub fn new(engine: &Engine) -> Self {
        let folder = tempfile::Builder::new().prefix("cm-it-").tempdir_in("/tmp").unwrap();
        let mut house = Self { folder, settings: Vec::new() };
        let settings = engine.prepare(&house);
        house.settings = settings;
        house.set("CASEMATE_API__LISTEN", &format!("127.0.0.1:{}", free_port()));
        house.set("CASEMATE_API__HEALTH", "127.0.0.1:0");
        for rate in ["ANONYMOUS", "CALLER", "NETWORK"] {
            house.set(&format!("CASEMATE_LIMITS__{rate}_PER_MINUTE"), "1000000");
        }
        house
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn data(&self) -> PathBuf {
        self.path("data")
    }

    pub fn slots(&self) -> PathBuf {
        self.path("etc/slots")
    }

    /// A command on this installation's folders and settings.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = casemate();
        command.args(words).envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.env("CASEMATE_DATA", self.data());
        command.env("CASEMATE_CONFIG", self.path("etc/casemate.toml"));
        command.env("HOME", self.path("home"));
        command
    }

    /// Runs a command of the host with `--json` to its end: exit status, stdout's lines, stderr.
    pub fn run(&self, words: &[&str]) -> Outcome {
        Outcome::of(self.command(words).arg("--json"))
    }

    /// Starts `up` and waits until it says that it is ready.
    pub fn up(&self) -> Up {
        Up::start(self.command(&["up", "--json"]), &self.path("log"))
    }

    /// The same as an ordinary user. Its folders must be theirs.
    pub fn up_as(&self, user: u32) -> Up {
        let mut command = self.command(&["up", "--json"]);
        command.uid(user).gid(user);
        Up::start(command, &self.path("log"))
    }

    /// Types the recovery code back, from the file that `up` named.
    pub fn confirm_recovery(&self, up: &Up) {
        let file = up.ready["recovery_code_file"].as_str().unwrap();
        self.confirm_recovery_with(Path::new(file));
    }

    /// The same, from a file of one's own.
    pub fn confirm_recovery_with(&self, file: &Path) {
        self.run(&["slots", "confirm", "--code-file", file.to_str().unwrap()]).ok();
    }

    /// What the names of PostgreSQL's roles begin with; the database has the same name.
    pub fn roles(&self) -> Option<String> {
        let address = std::fs::read_to_string(self.path("postgres/runtime.url")).ok()?;
        let (_, name) = address.split_once("dbname='")?;
        name.split_once('\'').map(|(name, _)| name.to_owned())
    }
}

impl Drop for House {
    /// A test that fails shows what the processes said.
    fn drop(&mut self) {
        if std::thread::panicking() {
            for name in ["log", "crash.log"] {
                let text = std::fs::read_to_string(self.path(name)).unwrap_or_default();
                let lines: Vec<&str> = text.lines().collect();
                let last = lines.len().saturating_sub(LOG_LINES_SHOWN);
                lines[last..].iter().for_each(|line| println!("{name}: {line}"));
            }
        }
    }
}

/// A port that is free now, and the same at every start of one installation.
///
/// From below the range that the system hands out by itself (`ip_local_port_range`, 32768 and up):
/// a port of that range could be somebody's, for a moment, between two starts.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 100).unwrap() * 100;
    let ports = std::iter::repeat_with(|| first + NEXT.fetch_add(1, Ordering::Relaxed) % 2_000);
    ports
        .take(2_000)
        .find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a free port among two thousand")
}

/// What a finished command did.
#[derive(Debug)]
pub struct Outcome {
    pub status: ExitStatus,
    pub lines: Vec<Value>,
    pub stderr: String,
}

impl Outcome {
    /// Runs a command to its end. One that does not end is killed, and looks like it.
    pub fn of(command: &mut Command) -> Self {
        let process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let pid = process.id();
        let (done, ended) = std::sync::mpsc::channel();
        let watch = std::thread::spawn(move || {
            if ended.recv_timeout(RUN_MAX).is_err() {
                send(pid, Signal::KILL);
            }
        });
        let output = process.wait_with_output().unwrap();
        let _ = done.send(());
        watch.join().unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        Self {
            status: output.status,
            lines: stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// The last line of stderr that is a JSON object with an `error`.
    pub fn error(&self) -> Value {
        let mut objects = self.stderr.lines().filter_map(|line| serde_json::from_str(line).ok());
        let last = objects.rfind(|value: &Value| value["error"].is_string());
        last.unwrap_or_else(|| panic!("no error in: {}", self.stderr))
    }

    /// The same, when the command had to succeed.
    pub fn ok(self) -> Self {
        assert!(self.status.success(), "{:?}: {}", self.status, self.stderr);
        self
    }
}

/// A running `up`.
pub struct Up {
    process: Child,
    pub ready: Value,
}

impl Up {
    fn start(mut command: Command, log: &Path) -> Self {
        let log = File::options().create(true).append(true).open(log).unwrap();
        // A group of its own, so that a test can also send what a terminal would send.
        let mut process =
            command.stdout(Stdio::piped()).stderr(log).process_group(0).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = lines.next().unwrap_or_else(|| {
            panic!("`up` ended before it was ready: {:?}", process.wait());
        });
        // Whatever else it prints must not block it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, ready: serde_json::from_str(&line.unwrap()).unwrap() }
    }

    pub fn url(&self) -> &str {
        self.ready["url"].as_str().unwrap()
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The processes that `up` started and that live.
    pub fn children(&self) -> Vec<(u32, String)> {
        children_of(self.process.id())
    }

    /// The process of a role; waits for the next one when it has just ended.
    pub fn child(&self, role: &str) -> u32 {
        let name = format!("casemate {role}");
        let mut found = None;
        until(&name, || {
            let mut children = self.children().into_iter();
            found = children.find(|(_, line)| line.contains(&name)).map(|(pid, _)| pid);
            found.is_some()
        });
        found.unwrap()
    }

    pub fn signal(&self, signal: Signal) {
        send(self.process.id(), signal);
    }

    /// Waits for the end.
    pub fn wait(&mut self) -> ExitStatus {
        self.process.wait().unwrap()
    }

    /// SIGTERM, and the time it took to end.
    pub fn stop(mut self) -> Duration {
        let start = Instant::now();
        self.signal(Signal::TERM);
        let status = self.wait();
        assert!(status.success(), "a clean stop: {status:?}");
        start.elapsed()
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        if self.process.try_wait().is_ok_and(|ended| ended.is_none()) {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }
}

pub fn send(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

/// The children of a process, with their command lines.
pub fn children_of(parent: u32) -> Vec<(u32, String)> {
    let text = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
    let pids = text.unwrap_or_default();
    let pids = pids.split_whitespace().filter_map(|pid| pid.parse().ok());
    pids.map(|pid| (pid, command_line(pid))).filter(|(_, line)| !line.is_empty()).collect()
}

pub fn command_line(pid: u32) -> String {
    let bytes = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', " ")
}

/// Whether a process lives; one that ended and waits to be collected does not.
pub fn lives(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
}

/// Waits until `holds`, for as long as a start may take.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < START_MAX, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
