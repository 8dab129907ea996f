//! What an envelope is bound to: the instance, the realm, the kind of value, the record and its
//! version.

use domain::{InstanceId, TenantId, UserId};

use crate::kdf::Info;

/// Whose keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyRealm {
    /// The instance's own keys.
    Platform,
    /// A workspace.
    Tenant(TenantId),
    /// A person.
    Person(UserId),
}

impl KeyRealm {
    /// A distinct word and the id, for derivations and key rows. The platform's id is sixteen
    /// zeroes.
    #[must_use]
    pub const fn parts(self) -> (&'static str, [u8; 16]) {
        match self {
            Self::Platform => ("platform", [0; 16]),
            Self::Tenant(tenant) => ("tenant", tenant.to_bytes()),
            Self::Person(user) => ("person", user.to_bytes()),
        }
    }
}

/// The full name of one sealed value. Not stored in the envelope: who opens it must know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context<'a> {
    /// Which installation.
    pub instance: InstanceId,
    /// Whose keys.
    pub realm: KeyRealm,
    /// What kind of value.
    pub kind: &'a str,
    /// Which record.
    pub record: [u8; 16],
    /// Which version of it, from the caller's own head.
    pub version: u64,
}

impl Context<'_> {
    pub(crate) fn bind(&self, info: Info) -> Info {
        let (realm, realm_id) = self.realm.parts();
        info.part(&self.instance.to_bytes())
            .part(realm.as_bytes())
            .part(&realm_id)
            .part(self.kind.as_bytes())
            .part(&self.record)
            .part(&self.version.to_be_bytes())
    }
}
