//! In which form entries are shown.

use serde_json::Value;

use super::list::Entry;
use crate::client::Call;
use crate::failure::Failure;
use crate::output::Output;

/// In which form.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// As the log holds them
    #[default]
    Native,
    /// As events of the Open Cybersecurity Schema Framework 1.8.0
    Ocsf,
}

impl Format {
    /// The name in the API.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Ocsf => "ocsf",
        }
    }

    /// The call, asking for this form.
    pub(super) fn of(self, call: Call) -> Call {
        match self {
            Self::Native => call,
            Self::Ocsf => call.query("format", self.as_str()),
        }
    }

    /// Writes entries, one a line where a program reads them or the form is a standard's.
    ///
    /// Errors: stdout cannot be written.
    pub(super) fn lines(self, entries: &[Entry], output: &Output) -> Result<(), Failure> {
        match self {
            Self::Native => output.list(entries, &Entry::HEADINGS, Entry::row),
            Self::Ocsf => entries.iter().try_for_each(|entry| {
                // A server of before this form sends none.
                let event = entry.ocsf.clone().unwrap_or(Value::Null);
                output.result(&event, Value::to_string)
            }),
        }
    }
}
