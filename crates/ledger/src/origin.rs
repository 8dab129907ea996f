//! Which log an entry belongs to, and the name under which that log signs.
//!
//! Always true: an origin is one printable line without spaces or `+`, so it fits a signed note as
//! it is.
//!
//! Source: C2SP tlog-checkpoint, "origin".

use std::fmt;
use std::str::FromStr;

use domain::{InstanceId, TenantId};
use serde::{Deserialize, Serialize};

/// The two logs of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// What was done in the workspace, or to the platform's accounts. Kept as long as the unit
    /// lives.
    Workspace,
    /// Sign-ins, sign-outs and failures. Kept for 90 days.
    Security,
}

impl Stream {
    /// Every stream.
    pub const ALL: [Self; 2] = [Self::Workspace, Self::Security];

    /// The text form, as in tables and origins.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::Security => "security",
        }
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no origin or no stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not the name of a log")]
pub struct NotALog;

impl FromStr for Stream {
    type Err = NotALog;

    fn from_str(text: &str) -> Result<Self, NotALog> {
        Self::ALL.into_iter().find(|stream| stream.as_str() == text).ok_or(NotALog)
    }
}

/// The unique name of one log: the first line of its checkpoints.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogOrigin(String);

/// Longest origin that is read: three ids and a word need 120.
const ORIGIN_BYTES_MAX: usize = 256;

impl LogOrigin {
    /// The origin of a unit's stream: `<instance>/<unit>/<stream>`.
    #[must_use]
    pub fn new(instance: InstanceId, unit: TenantId, stream: Stream) -> Self {
        Self(format!("{instance}/{unit}/{stream}"))
    }

    /// An origin as another party wrote it.
    ///
    /// # Errors
    /// [`NotALog`] when it is empty, longer than 256 bytes, or holds a space, a control character
    /// or `+`.
    pub fn parse(text: &str) -> Result<Self, NotALog> {
        let sound = !text.is_empty()
            && text.len() <= ORIGIN_BYTES_MAX
            && text.chars().all(|c| !c.is_whitespace() && !c.is_control() && c != '+');
        if sound { Ok(Self(text.to_owned())) } else { Err(NotALog) }
    }

    /// The origin of an installation's log of checkpoints: the name of the key that signs it, as
    /// policies and witnesses expect.
    #[must_use]
    pub fn of_checkpoints(instance: InstanceId) -> Self {
        Self(log_key_name(instance))
    }

    /// The three parts, when this is an origin of our own form.
    #[must_use]
    pub fn parts(&self) -> Option<(InstanceId, TenantId, Stream)> {
        let mut parts = self.0.split('/');
        let instance = parts.next()?.parse().ok()?;
        let unit = parts.next()?.parse().ok()?;
        let stream = parts.next()?.parse().ok()?;
        parts.next().is_none().then_some((instance, unit, stream))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LogOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for LogOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogOrigin({})", self.0)
    }
}

/// The name of the key that signs every log of an installation.
#[must_use]
pub fn log_key_name(instance: InstanceId) -> String {
    format!("casemate/{instance}")
}
