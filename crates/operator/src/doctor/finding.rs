//! What a check found, and how to mend it.

use serde::Serialize;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// As it should be.
    Ok,
    /// Works, but somebody should know.
    Warn,
    /// A promise does not hold until this is mended.
    Fail,
}

macro_rules! checks {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// The closed list of checks, in the order they are shown.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Check {
            $($(#[$doc])* $variant,)*
        }

        impl Check {
            /// Every check.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name, for people, scripts and runbooks.
            #[must_use]
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

checks! {
    /// The data folder's layout is this program's.
    Format = "format",
    /// Folders and files are their owners' alone.
    Permissions = "permissions",
    /// There is room to write.
    DiskSpace = "disk-space",
    /// The API's certificate is valid, and will be for a while.
    Certificate = "certificate",
    /// The broker answers.
    Broker = "broker",
    /// The broker's memory is locked.
    BrokerMemory = "broker-memory",
    /// The broker is out of reach of `serve`.
    Separation = "separation",
    /// Keys and data are of the same instance.
    KeyIds = "key-ids",
    /// Each slot really unwraps the root key.
    Slots = "slots",
    /// A person typed the recovery code back.
    Recovery = "recovery",
    /// Openings reach the tenants' logs.
    JournalLag = "journal-lag",
    /// The database's own walls stand.
    DatabaseGuards = "database-guards",
    /// The clock is sane and not behind the log.
    Clock = "clock",
    /// Entries get their place in the log.
    SequencerLag = "sequencer-lag",
    /// No entry waits longer than receipts promise.
    MergeDelay = "merge-delay",
    /// Security logs are kept as long as is promised, and no longer.
    Retention = "retention",
    /// Whoever is staff has a passkey in hardware.
    Staff = "staff",
    /// Witnesses stand behind the log of checkpoints.
    Witnesses = "witnesses",
    /// Backups lie in two places, apart from the data.
    BackupPlaces = "backup-places",
    /// The newest backup is young.
    Backup = "backup",
    /// A restore was rehearsed lately.
    BackupDrill = "backup-drill",
}

impl Serialize for Check {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// One check's result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// Which check.
    pub check: Check,
    /// How it ended.
    pub verdict: Verdict,
    /// What was seen.
    pub seen: String,
    /// What to do; empty when nothing is.
    pub mend: String,
}

impl Finding {
    pub(crate) fn ok(check: Check, seen: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Ok, seen: seen.into(), mend: String::new() }
    }

    pub(crate) fn warn(check: Check, seen: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Warn, seen: seen.into(), mend: mend.into() }
    }

    pub(crate) fn fail(check: Check, seen: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Fail, seen: seen.into(), mend: mend.into() }
    }
}
