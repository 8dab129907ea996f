//! Typed identifiers. Each is a UUID version 7 (RFC 9562), so ids sort by the time they were
//! minted.
//!
//! Always true
//! 1. An id of one kind is never accepted where another kind is wanted.
//! 2. An id has one text form: 36 characters, in paths and JSON alike (so no two spellings name one
//!    thing).

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

/// Why a text is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is a UUID in its 36-character form, in lower case")]
pub struct IdError;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// The id as its UUID.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }

            /// The id as 16 bytes, the form every table stores.
            #[must_use]
            pub const fn to_bytes(self) -> [u8; 16] {
                self.0.into_bytes()
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if !deserializer.is_human_readable() {
                    return Uuid::deserialize(deserializer).map(Self);
                }
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let id = Uuid::try_parse(text).map(Self).map_err(|_| IdError)?;
                if id.to_string() == text { Ok(id) } else { Err(IdError) }
            }
        }
    )*};
}

ids! {
    /// A workspace: the isolation boundary.
    TenantId;
    /// A person, known across workspaces.
    UserId;
    /// A signed-in session of a person.
    SessionId;
    /// An API key.
    ApiKeyId;
    /// A project inside a workspace.
    ProjectId;
    /// An environment inside a project.
    EnvironmentId;
    /// A named secret inside an environment.
    SecretId;
    /// An invitation into a workspace, or the bootstrap invitation of the first owner.
    InvitationId;
    /// An enrolment that is not confirmed yet.
    EnrolmentId;
    /// One request, or one run of a job.
    RequestId;
    /// One audit entry.
    EntryId;
    /// One background job.
    JobId;
    /// One installation of the platform.
    InstanceId;
    /// A device that somebody signed in from.
    DeviceId;
    /// A passkey of a person.
    PasskeyId;
    /// A challenge that an authenticator is to sign.
    PasskeyChallengeId;
    /// A message to a person about their account.
    NoticeId;
    /// An identity provider of a workspace or of the platform.
    ProviderId;
    /// One way to an identity provider and back.
    SsoTransactionId;
    /// A device authorization that waits for a person.
    DeviceGrantId;
    /// An authorization of the command line through a browser.
    AuthorizationId;
    /// A password reset that was asked for.
    ResetId;
    /// An assisted recovery of an account.
    RecoveryId;
    /// A stream of a workspace's log to a receiver of its own.
    AuditStreamId;
    /// A claim that a workspace owns an e-mail domain.
    DomainClaimId;
    /// A hold that stops the dropping of a security log.
    HoldId;
    /// One time that the platform's staff breaks the glass.
    GlassId;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_id_comes_back_from_its_text_and_json_and_bytes(bytes: [u8; 16]) {
            let id = TenantId::from(Uuid::from_bytes(bytes));
            prop_assert_eq!(id.to_string().parse::<TenantId>(), Ok(id));
            let json = serde_json::to_string(&id).unwrap();
            prop_assert_eq!(serde_json::from_str::<TenantId>(&json).unwrap(), id);
            prop_assert_eq!(id.to_bytes(), bytes);
        }

        #[test]
        fn any_text_is_refused_or_is_the_ids_own_text(text: String) {
            if let Ok(id) = text.parse::<UserId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }

    #[test]
    fn an_id_has_one_spelling() {
        let id = "0192d3a4-7b1c-7def-8a00-00000000abcd";
        for other in [
            id.to_uppercase(),
            id.replace('-', ""),
            format!("{{{id}}}"),
            format!("urn:uuid:{id}"),
            format!(" {id}"),
            format!("{id}\n"),
        ] {
            assert_eq!(other.parse::<UserId>(), Err(IdError), "{other:?}");
            let json = serde_json::to_string(&other).unwrap();
            assert!(serde_json::from_str::<UserId>(&json).is_err(), "{other:?}");
        }
        assert!(id.parse::<UserId>().is_ok());
    }
}
