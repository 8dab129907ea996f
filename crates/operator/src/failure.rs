//! How a local command fails: what happened, what to do about it, and the exit code.
//!
//! Always true: a [`Failure`] carries a sentence for a person and a way out; neither holds a
//! secret.

use std::fmt;
use std::process::{ExitCode, ExitStatus};

/// The exit codes of local commands (the full table is in the README).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Something failed.
    Failed = 1,
    /// The command or its configuration was wrong.
    Usage = 2,
    /// It was refused: permission, wrong key, newer format.
    Refused = 4,
    /// The thing asked for is not there.
    NotFound = 5,
    /// Something else holds it: a port, a lock.
    Conflict = 6,
    /// It may work later without any change: disk full, service away.
    TryAgain = 7,
}

impl Exit {
    /// The code that a child process ended with, passed on.
    pub(crate) fn of(status: ExitStatus) -> Self {
        let known = [Self::Usage, Self::Refused, Self::NotFound, Self::Conflict, Self::TryAgain];
        let same = |exit: &Self| status.code() == Some(i32::from(*exit as u8));
        known.into_iter().find(same).unwrap_or(Self::Failed)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error that teaches. Each error enum of this crate implements it, so that every refusal says
/// how to mend it.
pub trait Teaches: std::error::Error {
    /// What the reader can do, as an imperative sentence.
    fn mend(&self) -> String;
    /// The process's exit code.
    fn exit(&self) -> Exit;
}

/// Why a command stopped.
#[derive(Debug)]
pub struct Failure {
    what: String,
    mend: String,
    exit: Exit,
}

impl Failure {
    /// A failure with both sentences spelled out.
    pub fn new(exit: Exit, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { what: what.into(), mend: mend.into(), exit }
    }

    /// What happened.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// What to do about it.
    #[must_use]
    pub fn mend(&self) -> &str {
        &self.mend
    }

    /// The exit code.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        self.exit
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  {}", self.what, self.mend)
    }
}

impl<E: Teaches> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { what: chain(&error), mend: error.mend(), exit: error.exit() }
    }
}

/// The error and its sources on one line. Wrappers never print their source, so the edge prints the
/// chain.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}
