//! What the exit code says, for scripts. Documented in the man page; never renumbered.

use std::process::ExitCode;

/// The table of exit codes, as the help shows it.
pub(crate) const TABLE: &str = "Exit codes: 0 done, 1 failed, 2 wrong use, 3 sign in first, \
    4 refused, 5 not found, 6 conflict, 7 try again, 10 TAMPERED, 11 CANNOT ESTABLISH; \
    `run` gives the program's own.";

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// It did what was asked.
    Done = 0,
    /// It failed here or on the server, for a reason that none of the others names.
    Failed = 1,
    /// What was asked makes no sense, or the server refused the input.
    Usage = 2,
    /// Sign in first.
    SignIn = 3,
    /// Refused: not allowed, or not trusted.
    Refused = 4,
    /// There is no such thing, or it is not visible.
    NotFound = 5,
    /// It exists already, or changed meanwhile.
    Conflict = 6,
    /// Not now; the same command may work in a moment.
    TryAgain = 7,
    /// The export was altered.
    Tampered = 10,
    /// The export proves nothing either way.
    CannotEstablish = 11,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
