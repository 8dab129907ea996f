//! What the broker tells about itself: no secret, ids only.

use domain::{InstanceId, RequestId, TimeMs};
use serde::{Deserialize, Serialize};

use crate::glass::GlassNote;
use crate::grant::Purpose;
use crate::record::{Realm, RecordName};

/// The broker's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The instance whose keys these are.
    pub instance: InstanceId,
    /// The root key's id.
    pub root_key: String,
    /// The `kid` of new access tokens.
    pub token_key: String,
    /// Whether the recovery code was ever typed back and really unwrapped the root key.
    pub recovery_confirmed: bool,
    /// The last journal entry; 0 when there is none.
    pub journal_seq: u64,
    /// Journal entries that the tenants' logs do not hold yet.
    pub journal_lag: u64,
}

/// The ways to hold a root key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotKind {
    /// A file of 32 random bytes.
    KeyFile,
    /// A passphrase.
    Passphrase,
    /// The recovery code, printed once.
    Recovery,
    /// An age recipient.
    Age,
    /// Shares that several people hold.
    Shamir,
    /// A credential of the service manager.
    Credential,
    /// A key management service.
    Kms,
    /// A PKCS#11 token.
    Pkcs11,
    /// The machine's TPM.
    Tpm,
}

impl SlotKind {
    /// Whether it opens the root key after the machine, and every service it asks, are gone: what
    /// opens it is with a person.
    #[must_use]
    pub const fn recovers(self) -> bool {
        matches!(self, Self::Recovery | Self::Shamir | Self::Age)
    }

    /// What people call it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::KeyFile => "key file",
            Self::Passphrase => "passphrase",
            Self::Recovery => "recovery code",
            Self::Age => "age recipient",
            Self::Shamir => "shares",
            Self::Credential => "system credential",
            Self::Kms => "key service",
            Self::Pkcs11 => "PKCS#11 token",
            Self::Tpm => "TPM",
        }
    }
}

macro_rules! elsewhere_faults {
    ($($(#[$doc:meta])* $name:ident = $code:literal $text:literal,)*) => {
        /// Why what keeps a wrapping key did not give it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
        #[serde(rename_all = "snake_case")]
        pub enum ElsewhereFault {
            $($(#[$doc])* #[error($text)] $name,)*
        }

        impl ElsewhereFault {
            /// Every fault.
            pub const ALL: [Self; [$($code),*].len()] = [$(Self::$name,)*];

            /// Its number between the helper and the broker; never 0.
            pub(crate) const fn code(self) -> u8 {
                match self { $(Self::$name => $code,)* }
            }

            pub(crate) const fn of_code(code: u8) -> Self {
                match code { $($code => Self::$name,)* _ => Self::Failed }
            }
        }
    };
}

elsewhere_faults! {
    /// It cannot be reached, or did not answer in time.
    Unreachable = 1 "it cannot be reached, or did not answer in time",
    /// It refused the token or the PIN.
    Forbidden = 2 "it refused the token or the PIN",
    /// It is itself sealed or locked.
    Sealed = 3 "it is sealed itself",
    /// It has no such key, mount or token.
    NoKey = 4 "it has no such key, or the key is of another kind",
    /// It has the key, and the key does not unwrap this.
    Refused = 5 "it does not unwrap this slot's key",
    /// The settings do not say how to reach it.
    NotConfigured = 6 "the settings do not say how to reach it",
    /// This program was built without it.
    NotBuilt = 7 "this program was built without it",
    /// The helper failed, or something answered that is not what it should be.
    Failed = 8 "the helper failed",
}

/// What happened when a slot was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotOutcome {
    /// It really unwrapped the root key just now.
    Opens,
    /// Only a person can try it; it last unwrapped the root key at this moment.
    ConfirmedAt(TimeMs),
    /// Only a person can try it, and nobody has.
    NeverConfirmed,
    /// Its key is not where the configuration says.
    KeyMissing,
    /// The slot file is missing, damaged, or of a newer version.
    Unreadable,
    /// It does not unwrap this root key.
    Fails,
    /// Only what people hold opens it, and nobody gave it here.
    NotTried,
    /// The shares do not make a set for it.
    Incomplete,
    /// What keeps its key did not give it.
    Elsewhere(ElsewhereFault),
}

/// One slot and what happened when it was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotReport {
    /// Its name: its file's, without the ending.
    pub id: String,
    /// Its kind.
    pub kind: SlotKind,
    /// What happened.
    pub outcome: SlotOutcome,
}

/// One opening, as the journal holds it. Ids only, never a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// 1 for the first, then dense.
    pub seq: u64,
    /// When it was made durable; the unwrapping came after.
    pub at: TimeMs,
    /// Whose records.
    pub realm: Realm,
    /// For what.
    pub purpose: Purpose,
    /// By whom, as the audit log names actors.
    pub actor: String,
    /// In which request; `None` for a factor check, which belongs to no tenant.
    pub request: Option<RequestId>,
    /// Which records.
    pub records: Vec<RecordName>,
    /// Who of the staff agreed on it, where they broke the glass for it.
    pub glass: Option<GlassNote>,
    /// Hash of this entry and, through the chain, of every one before it.
    pub hash: [u8; 32],
}
