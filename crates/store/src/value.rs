//! The five kinds of value that cross the boundary to an engine, and the rows that come back.
//!
//! Always true
//! 1. Ids are 16 bytes (`uuid` on PostgreSQL, `blob` on SQLite), times are milliseconds, flags are
//!    0 or 1, lists are JSON text.
//! 2. A row is read in the order of its statement's columns, each column once; a value of another
//!    type than expected is [`StoreError::Corrupt`].

use std::str::FromStr;

use domain::{DomainName, EmailAddress, Issuer, Name, Sealed, TimeMs, UserAgent, VariableName};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::StoreError;

/// One value of a statement or a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
    Id(Uuid),
}

/// Lists the values of a statement, without the tenant, which the transaction binds itself.
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::value::Value::from($value)),*] };
}
pub(crate) use values;

/// A value stored as JSON text.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_| StoreError::Defect("a value has no JSON form"))
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        // Counters of ours never come near 2^63; one that did would fail its check instead of
        // wrapping.
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<TimeMs> for Value {
    fn from(value: TimeMs) -> Self {
        Self::Int(value.0)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Bytes(value.to_vec())
    }
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(value: [u8; N]) -> Self {
        Self::Bytes(value.to_vec())
    }
}

impl From<&Sealed> for Value {
    fn from(value: &Sealed) -> Self {
        Self::Bytes(value.as_bytes().to_vec())
    }
}

impl From<Uuid> for Value {
    fn from(value: Uuid) -> Self {
        Self::Id(value)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

macro_rules! text_values {
    ($($kind:ty),*) => {$(
        impl From<&$kind> for Value {
            fn from(value: &$kind) -> Self {
                Self::Text(value.as_str().to_owned())
            }
        }
    )*};
}
text_values!(DomainName, EmailAddress, Issuer, Name, UserAgent, VariableName);

macro_rules! id_values {
    ($($kind:ident),*) => {$(
        impl From<domain::$kind> for Value {
            fn from(value: domain::$kind) -> Self {
                Self::Id(value.uuid())
            }
        }
    )*};
}
id_values!(
    TenantId,
    UserId,
    SessionId,
    ApiKeyId,
    ProjectId,
    EnvironmentId,
    SecretId,
    InvitationId,
    EnrolmentId,
    RequestId,
    EntryId,
    JobId,
    InstanceId,
    DeviceId,
    PasskeyId,
    PasskeyChallengeId,
    NoticeId,
    AuditStreamId,
    ProviderId,
    SsoTransactionId,
    DeviceGrantId,
    AuthorizationId,
    ResetId,
    RecoveryId,
    DomainClaimId,
    HoldId,
    GlassId
);

/// One row, read column by column from the left.
pub(crate) struct Row {
    values: std::vec::IntoIter<Value>,
}

impl Row {
    pub(crate) fn new(values: Vec<Value>) -> Self {
        Self { values: values.into_iter() }
    }

    fn next(&mut self) -> Result<Value, StoreError> {
        self.values
            .next()
            .ok_or(StoreError::Defect("a statement returns fewer columns than are read"))
    }

    pub(crate) fn id<T: From<Uuid>>(&mut self) -> Result<T, StoreError> {
        self.optional_id()?.ok_or(StoreError::Corrupt)
    }

    pub(crate) fn optional_id<T: From<Uuid>>(&mut self) -> Result<Option<T>, StoreError> {
        match self.next()? {
            Value::Null => Ok(None),
            Value::Id(uuid) => Ok(Some(T::from(uuid))),
            Value::Bytes(bytes) => Uuid::from_slice(&bytes)
                .map(|uuid| Some(T::from(uuid)))
                .map_err(|_| StoreError::Corrupt),
            Value::Int(_) | Value::Text(_) => Err(StoreError::Corrupt),
        }
    }

    pub(crate) fn optional_int(&mut self) -> Result<Option<i64>, StoreError> {
        match self.next()? {
            Value::Null => Ok(None),
            Value::Int(value) => Ok(Some(value)),
            _ => Err(StoreError::Corrupt),
        }
    }

    pub(crate) fn int(&mut self) -> Result<i64, StoreError> {
        self.optional_int()?.ok_or(StoreError::Corrupt)
    }

    /// A number that is never negative.
    pub(crate) fn count(&mut self) -> Result<u64, StoreError> {
        u64::try_from(self.int()?).map_err(|_| StoreError::Corrupt)
    }

    pub(crate) fn small(&mut self) -> Result<u32, StoreError> {
        u32::try_from(self.int()?).map_err(|_| StoreError::Corrupt)
    }

    pub(crate) fn flag(&mut self) -> Result<bool, StoreError> {
        match self.int()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(StoreError::Corrupt),
        }
    }

    pub(crate) fn time(&mut self) -> Result<TimeMs, StoreError> {
        self.int().map(TimeMs)
    }

    pub(crate) fn optional_time(&mut self) -> Result<Option<TimeMs>, StoreError> {
        Ok(self.optional_int()?.map(TimeMs))
    }

    pub(crate) fn optional_text(&mut self) -> Result<Option<String>, StoreError> {
        match self.next()? {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            _ => Err(StoreError::Corrupt),
        }
    }

    pub(crate) fn text(&mut self) -> Result<String, StoreError> {
        self.optional_text()?.ok_or(StoreError::Corrupt)
    }

    /// Text in the form of a type with rules of its own: a name, an e-mail address, a role.
    pub(crate) fn parsed<T: FromStr>(&mut self) -> Result<T, StoreError> {
        self.text()?.parse().map_err(|_| StoreError::Corrupt)
    }

    pub(crate) fn json<T: DeserializeOwned>(&mut self) -> Result<T, StoreError> {
        serde_json::from_str(&self.text()?).map_err(|_| StoreError::Corrupt)
    }

    pub(crate) fn optional_sealed(&mut self) -> Result<Option<Sealed>, StoreError> {
        match self.next()? {
            Value::Null => Ok(None),
            Value::Bytes(bytes) => Ok(Some(Sealed::from_envelope(bytes))),
            _ => Err(StoreError::Corrupt),
        }
    }

    pub(crate) fn bytes(&mut self) -> Result<Vec<u8>, StoreError> {
        match self.next()? {
            Value::Bytes(bytes) => Ok(bytes),
            _ => Err(StoreError::Corrupt),
        }
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        self.bytes()?.try_into().map_err(|_| StoreError::Corrupt)
    }

    pub(crate) fn optional_array<const N: usize>(&mut self) -> Result<Option<[u8; N]>, StoreError> {
        match self.next()? {
            Value::Null => Ok(None),
            Value::Bytes(bytes) => bytes.try_into().map(Some).map_err(|_| StoreError::Corrupt),
            _ => Err(StoreError::Corrupt),
        }
    }

    pub(crate) fn sealed(&mut self) -> Result<Sealed, StoreError> {
        self.bytes().map(Sealed::from_envelope)
    }
}
