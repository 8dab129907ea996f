//! Which of the workspace's logs.

use clap::ValueEnum;

use crate::client::Call;

/// One of the logs of a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Log {
    /// What was done in the workspace; kept as long as it lives
    Workspace,
    /// Sign-ins and failures; kept for 90 days
    Security,
}

impl Log {
    /// The name in the API.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::Security => "security",
        }
    }

    /// The same call about this log alone.
    pub(super) fn of(self, call: Call) -> Call {
        call.query("stream", self.as_str())
    }
}
