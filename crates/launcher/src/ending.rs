//! How a program ended.

use serde::{Deserialize, Serialize};

/// How a program ended, and which limit ended it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "how")]
pub enum Ending {
    /// By itself, with this code.
    Exit {
        /// 0 to 255.
        code: i32,
    },
    /// By a signal.
    Signal {
        /// Its number.
        signal: i32,
    },
    /// It, or a process of it, needed more memory than its limit.
    OutOfMemory,
    /// It ran longer than its wall clock allows.
    Deadline,
    /// It was stopped from here.
    Stopped,
}

/// What the chamber's first process reports, one line of JSON each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "report")]
pub(crate) enum Report {
    /// The user namespace is there and waits for its user.
    NeedsUser,
    /// The chamber's first process is there and waits for its limits.
    First {
        /// Its id on the host.
        process: i32,
    },
    /// A layer could not be built.
    Fault(crate::fault::Fault),
    /// Every layer stands, and the program begins.
    Ready,
    /// The program ended.
    Ended(Ending),
}
