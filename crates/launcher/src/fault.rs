//! Why a program was not started: the layer of the wall that could not be built.

use std::fmt;
use std::io;

use serde::{Deserialize, Serialize};

/// A layer of the wall, in the order they are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// Limits on memory, processes and processor time.
    Cgroup,
    /// A user namespace: the program's user is nobody on the host.
    User,
    /// Namespaces for mounts, network, IPC, names, cgroups and processes.
    Namespaces,
    /// A root of its own, from which the host's files cannot be reached.
    Root,
    /// No capability, and no way to gain one.
    Capabilities,
    /// Limits on files, their sizes and core dumps.
    Rlimits,
    /// Files, ports, signals and sockets by Landlock.
    Landlock,
    /// System calls by seccomp.
    Seccomp,
    /// The program itself, which could not be executed.
    Program,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cgroup => "cgroup limits",
            Self::User => "the user namespace",
            Self::Namespaces => "namespaces",
            Self::Root => "the root of its own",
            Self::Capabilities => "dropping capabilities",
            Self::Rlimits => "resource limits",
            Self::Landlock => "Landlock",
            Self::Seccomp => "seccomp",
            Self::Program => "the program itself",
        })
    }
}

/// Why a program was not started.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// A layer could not be built. Nothing was started.
    #[error("not started: {layer} is not to be had here (error {errno})")]
    Layer {
        /// Which one.
        layer: Layer,
        /// The system's error number.
        errno: i32,
    },
    /// This process has several threads, and a fork of it could not go on safely.
    #[error("programs are started by a process of one thread only")]
    Threads,
    /// The host user is not one that programs may run as.
    #[error("programs run as users from {least} on, or as this process's own")]
    User {
        /// The first user that may be.
        least: u32,
    },
    /// The system failed around the start: a pipe, a fork.
    #[error("the system does not let a program start")]
    System(#[source] io::Error),
}

/// A fault in a child, with its layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fault {
    pub layer: Layer,
    pub errno: i32,
}

/// Names the layer that a system's error belongs to.
pub(crate) trait At<T> {
    fn at(self, layer: Layer) -> Result<T, Fault>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, layer: Layer) -> Result<T, Fault> {
        self.map_err(|error| Fault { layer, errno: error.raw_os_error().unwrap_or(0) })
    }
}

impl<T> At<T> for rustix::io::Result<T> {
    fn at(self, layer: Layer) -> Result<T, Fault> {
        self.map_err(|error| Fault { layer, errno: error.raw_os_error() })
    }
}

impl<T> At<T> for nix::Result<T> {
    fn at(self, layer: Layer) -> Result<T, Fault> {
        self.map_err(|error| Fault { layer, errno: error as i32 })
    }
}
