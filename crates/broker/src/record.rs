//! What a sealed value is the value of: its realm, the scope whose data key seals it, and its name.
//!
//! Always true: a name is complete. Two values with the same [`RecordName`] in the same [`Realm`]
//! are the same version of the same record, so an envelope moved to another row, version or tenant
//! does not open.

use domain::{EnvironmentId, ProjectId, TenantId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Whose keys seal a record. The platform's own realm exists inside the broker only and has no name
/// here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Realm {
    /// What belongs to a workspace.
    Tenant(TenantId),
    /// What belongs to a person across workspaces: factors, personal fields.
    Person(UserId),
}

/// Which data key of the realm seals a record: one key per scope, so one leaked key opens one
/// scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataScope {
    /// Secrets of one environment.
    Environment(EnvironmentId),
    /// What a project holds outside its environments.
    Project(ProjectId),
    /// What belongs to the realm as a whole.
    Whole,
}

/// What kind of value it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    /// The value of a named secret.
    SecretValue,
    /// The seed of a TOTP factor. Made and checked inside the broker; never opened for a client.
    TotpSeed,
    /// A personal field kept beside an audit entry.
    PersonalField,
    /// From where and with what a session was begun.
    SessionDetails,
    /// What a message to a person must not show to anybody else: the code of a reset, say.
    NoticeSecret,
    /// What the platform proves itself with to a workspace's identity provider.
    ProviderSecret,
    /// What a stream of a workspace's log is signed or let in with.
    StreamSecret,
}

impl RecordKind {
    /// The name that goes into the envelope's context. It never changes: it is part of every sealed
    /// value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SecretValue => "secret_value",
            Self::TotpSeed => "totp_seed",
            Self::PersonalField => "personal_field",
            Self::SessionDetails => "session_details",
            Self::NoticeSecret => "notice_secret",
            Self::ProviderSecret => "provider_secret",
            Self::StreamSecret => "stream_secret",
        }
    }
}

/// The full name of one version of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RecordName {
    /// Whose data key.
    pub scope: DataScope,
    /// What it is.
    pub kind: RecordKind,
    /// Which one.
    pub id: Uuid,
    /// Which version of it; the caller takes the expected one from its own head, never from the
    /// envelope.
    pub version: u64,
}
