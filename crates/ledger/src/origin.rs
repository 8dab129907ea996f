//! Which log an entry belongs to, and the name under which that log signs.
//!
//! Always true
//! 1. An origin is one printable line without spaces or `+`, so it fits a signed note as it is.
//! 2. A restore begins a new epoch, and an epoch has an origin of its own: what was signed before
//!    the restore and what is signed after it never speak about one log, so neither contradicts the
//!    other. The tree goes on.
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

/// Which part of a log's life: from its birth or from one restore to the next.
///
/// It is called by the moment of the restore, in milliseconds, so that two restores of one backup
/// never share a name; the time before the first restore is 0.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Epoch(pub u64);

impl Epoch {
    /// From a log's birth to its first restore.
    pub const FIRST: Self = Self(0);

    /// An epoch's number in its one spelling; never the first one's, which is not written.
    fn parse(text: &str) -> Option<Self> {
        let number: u64 = text.parse().ok()?;
        (number > 0 && number.to_string() == text).then_some(Self(number))
    }

    /// The end of an origin: nothing for the first epoch.
    fn suffix(self) -> String {
        if self == Self::FIRST { String::new() } else { format!("/{}", self.0) }
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The unique name of one log in one epoch: the first line of its checkpoints.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogOrigin(String);

/// Longest origin that is read: three ids, a word and an epoch need 140.
const ORIGIN_BYTES_MAX: usize = 256;

impl LogOrigin {
    /// The origin of a unit's stream before any restore: `<instance>/<unit>/<stream>`.
    #[must_use]
    pub fn new(instance: InstanceId, unit: TenantId, stream: Stream) -> Self {
        Self(format!("{instance}/{unit}/{stream}"))
    }

    /// The same log in another epoch: `<instance>/<unit>/<stream>/<epoch>`, or
    /// `casemate/<instance>/<epoch>` for a log of checkpoints.
    #[must_use]
    pub fn in_epoch(&self, epoch: Epoch) -> Self {
        let first = self.first_epoch();
        Self(format!("{first}{}", epoch.suffix()))
    }

    /// The epoch it is of.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        let last = self.0.rsplit_once('/');
        last.and_then(|(_, last)| Epoch::parse(last)).unwrap_or_default()
    }

    /// Whether both are one log, whatever the epoch.
    #[must_use]
    pub fn same_log(&self, other: &Self) -> bool {
        self.first_epoch() == other.first_epoch()
    }

    /// The text without an epoch.
    fn first_epoch(&self) -> &str {
        match self.0.rsplit_once('/') {
            Some((log, last)) if Epoch::parse(last).is_some() => log,
            _ => &self.0,
        }
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

    /// The three parts besides the epoch, when this is an origin of our own form.
    #[must_use]
    pub fn parts(&self) -> Option<(InstanceId, TenantId, Stream)> {
        let mut parts = self.first_epoch().split('/');
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
