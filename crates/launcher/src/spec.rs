//! What a program is started with, and within.
//!
//! Always true: a [`Sandbox`] that [`Sandbox::check`] accepts has bounded lists, absolute paths
//! without `..`, and limits that are neither zero nor beyond the host's sense.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

/// Most layers, binds, writable places, arguments or variables.
const LIST_MAX: usize = 512;
/// Largest memory limit: a tebibyte, beyond which a number is a mistake.
const BYTES_MAX: u64 = 1 << 40;
/// Least memory: what a process needs to be executed at all.
const MEMORY_BYTES_MIN: u64 = 4 << 20;
/// Most processes of one program.
const PROCESSES_MAX: u32 = 32_768;

/// A part of the host that is mounted inside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bind {
    /// Where it is on the host.
    pub source: PathBuf,
    /// Where it is inside.
    pub target: PathBuf,
    /// What may be done with it.
    pub reach: Reach,
}

/// What may be done with a mounted part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// Read and executed.
    Read,
    /// Read and written, never executed: a volume.
    Write,
}

/// A writable place of a bounded size that is gone when the program ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Writable {
    /// Where it is inside.
    pub target: PathBuf,
    /// How much fits, in bytes. It counts as memory too.
    pub bytes: u64,
}

/// What a program may use up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Memory with everything in writable places, in bytes; swap is none.
    pub memory_bytes: u64,
    /// Processes and threads at once, the chamber's own two included.
    pub processes: u32,
    /// Processor time, in thousandths of one processor.
    pub cpu_millis: u32,
    /// Open files of one process. The host's own limit caps it.
    pub open_files: u64,
    /// Largest file, in bytes.
    pub file_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 512 << 20,
            processes: 256,
            cpu_millis: 1_000,
            open_files: 4_096,
            file_bytes: 1 << 30,
        }
    }
}

/// One variable of a program's environment. Its value is wiped when it is dropped, and shown to
/// nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Zeroizing<String>,
}

impl Serialize for Variable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.name, self.value.as_str()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Variable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (name, value) = <(String, String)>::deserialize(deserializer)?;
        Ok(Self { name, value: Zeroizing::new(value) })
    }
}

/// A program and its chamber.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sandbox {
    /// The run's name: letters, digits and `-`.
    pub name: String,
    /// The user the program is on the host; one for each app, so that a file left over is nobody
    /// else's.
    pub host_user: u32,
    /// Read-only trees that make up the root, the topmost first. None: an empty root.
    pub layers: Vec<PathBuf>,
    /// Whether the program may write over the layers.
    pub root: Reach,
    /// How much can be written over the layers, in bytes.
    pub root_bytes: u64,
    /// Parts of the host that are mounted inside.
    pub binds: Vec<Bind>,
    /// Writable places beside the root.
    pub writable: Vec<Writable>,
    /// The program and its arguments. The first is an absolute path inside.
    pub command: Vec<String>,
    /// Its environment, whole: nothing of ours is handed down.
    pub environment: Vec<Variable>,
    /// Where it starts, inside.
    pub folder: PathBuf,
    /// Ports of TCP that it may listen on, on its own loopback.
    pub ports: Vec<u16>,
    /// What it may use up.
    pub limits: Limits,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Arguments and variables may carry what nobody should read in a log.
        f.debug_struct("Sandbox").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Why a sandbox is none. The first fault is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// The name is empty, too long or has other letters.
    #[error("a run's name is 1 to 64 letters, digits and '-'")]
    Name,
    /// A path is relative, has `..` in it, or is the root where it must not be.
    #[error("paths are absolute and have no '..' in them")]
    Path,
    /// A list is too long, or the command is empty.
    #[error("a list is too long, or there is no command")]
    List,
    /// A text has a NUL in it, or a variable's name an equals sign.
    #[error("arguments and variables have no NUL, and names no '='")]
    Text,
    /// A limit is zero or beyond sense.
    #[error("a limit is too small or too large")]
    Limit,
}

impl Sandbox {
    /// Whether this can be started at all.
    ///
    /// # Errors
    /// [`SpecError`].
    pub fn check(&self) -> Result<(), SpecError> {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let name = (1..=64).contains(&self.name.len()) && self.name.bytes().all(letter);
        must(name, SpecError::Name)?;
        for length in [
            self.layers.len(),
            self.binds.len(),
            self.writable.len(),
            self.command.len(),
            self.environment.len(),
            self.ports.len(),
        ] {
            must(length <= LIST_MAX, SpecError::List)?;
        }
        let program = self.command.first().ok_or(SpecError::List)?;
        must(absolute(Path::new(program)) && absolute(&self.folder), SpecError::Path)?;
        let outside = self.layers.iter().chain(self.binds.iter().map(|bind| &bind.source));
        must(outside.map(PathBuf::as_path).all(absolute), SpecError::Path)?;
        let inside = self.binds.iter().map(|bind| &bind.target);
        let inside = inside.chain(self.writable.iter().map(|place| &place.target));
        let mut inside = inside.map(PathBuf::as_path);
        must(inside.all(|path| absolute(path) && path != Path::new("/")), SpecError::Path)?;
        let plain = |text: &str| !text.contains('\0');
        must(self.command.iter().all(|text| plain(text)), SpecError::Text)?;
        let variable = |Variable { name, value }: &Variable| {
            !name.is_empty() && !name.contains('=') && plain(name) && plain(value)
        };
        must(self.environment.iter().all(variable), SpecError::Text)?;
        self.check_limits()
    }

    fn check_limits(&self) -> Result<(), SpecError> {
        let Limits { memory_bytes, processes, cpu_millis, open_files, file_bytes } = self.limits;
        let sound = (MEMORY_BYTES_MIN..=BYTES_MAX).contains(&memory_bytes)
            && (4..=PROCESSES_MAX).contains(&processes)
            && (10..=1_000_000).contains(&cpu_millis)
            && (16..=1 << 20).contains(&open_files)
            && (1..=BYTES_MAX).contains(&file_bytes)
            && (1..=BYTES_MAX).contains(&self.root_bytes)
            && self.writable.iter().all(|place| (1..=BYTES_MAX).contains(&place.bytes));
        must(sound, SpecError::Limit)
    }
}

fn must(holds: bool, error: SpecError) -> Result<(), SpecError> {
    if holds { Ok(()) } else { Err(error) }
}

fn absolute(path: &Path) -> bool {
    let mut parts = path.components();
    let root = parts.next() == Some(Component::RootDir);
    let text = path.to_str();
    root && parts.all(|part| matches!(part, Component::Normal(_)))
        && text.is_some_and(|text| !text.contains('\0') && text.len() < 4_096)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str, value: &str) -> Variable {
        Variable { name: name.into(), value: Zeroizing::new(value.into()) }
    }

    fn sandbox() -> Sandbox {
        Sandbox {
            name: "run-1".into(),
            host_user: 100_000,
            layers: vec!["/layers/a".into()],
            root: Reach::Read,
            root_bytes: 1 << 20,
            binds: Vec::new(),
            writable: vec![Writable { target: "/tmp".into(), bytes: 1 << 20 }],
            command: vec!["/bin/true".into()],
            environment: vec![variable("A", "canary")],
            folder: "/".into(),
            ports: vec![8080],
            limits: Limits::default(),
        }
    }

    #[test]
    fn what_could_reach_outside_or_has_no_limit_is_refused() {
        type Change = fn(&mut Sandbox);
        let changes: [(Change, SpecError); 12] = [
            (|it| it.name = "../x".into(), SpecError::Name),
            (|it| it.name = String::new(), SpecError::Name),
            (|it| it.layers = vec!["layers".into()], SpecError::Path),
            (|it| it.layers = vec!["/a/../b".into()], SpecError::Path),
            (|it| it.writable = vec![Writable { target: "/".into(), bytes: 1 }], SpecError::Path),
            (|it| it.command = vec!["true".into()], SpecError::Path),
            (|it| it.command = Vec::new(), SpecError::List),
            (|it| it.ports = vec![1; 600], SpecError::List),
            (|it| it.command.push("a\0b".into()), SpecError::Text),
            (|it| it.environment = vec![variable("A=", "")], SpecError::Text),
            (|it| it.limits.memory_bytes = 0, SpecError::Limit),
            (|it| it.limits.processes = 0, SpecError::Limit),
        ];
        assert_eq!(sandbox().check(), Ok(()));
        for (place, (change, wanted)) in changes.into_iter().enumerate() {
            let mut changed = sandbox();
            change(&mut changed);
            assert_eq!(changed.check(), Err(wanted), "change {place}");
        }
        assert!(!format!("{:?}", sandbox()).contains("canary"));
    }
}
