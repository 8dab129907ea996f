//! In which hour a key's use or refusal was logged, so that a busy key does not fill the log.
//!
//! Always true: of any number of parallel uses within [`limits::CREDENTIAL_USE_MS`] from one
//! network, one is told to write the entry. A key has rows of the last hour only.

use domain::{ApiKeyId, limits};

use super::handle;
use crate::StoreError;
use crate::sql::tenant_statements;
use crate::value::values;

handle! {
    /// Uses of keys that were logged within the hour.
    pub KeyUses
}

/// How the use of a key ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyOutcome {
    /// It opened its workspace.
    Used,
    /// It came from a network that it may not be used from.
    Network,
    /// Its time is over.
    Expired,
    /// It was revoked.
    Revoked,
    /// Its id was presented with another secret.
    Secret,
}

impl KeyOutcome {
    /// The outcome as the table and the entry name it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::Network => "network",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Secret => "secret",
        }
    }
}

tenant_statements! { "key_uses":
    FORGET = "delete from key_uses where tenant_id = $1 and key_id = $2 and at_ms <= $3";
    NOTE = "insert into key_uses (tenant_id, key_id, outcome, network, at_ms) \
        values ($1, $2, $3, $4, $5) on conflict do nothing";
}

impl KeyUses<'_> {
    /// Notes an outcome. `true`: it is the first of its hour and network, so it is to be logged.
    ///
    /// # Errors
    /// The engine's.
    pub fn note(
        &mut self,
        key: ApiKeyId,
        outcome: KeyOutcome,
        network: &str,
    ) -> Result<bool, StoreError> {
        let now = self.bound.now();
        let old = now.plus_ms(-limits::CREDENTIAL_USE_MS);
        self.bound.run(&FORGET, values![key, old])?;
        self.bound.change_if(&NOTE, values![key, outcome.as_str(), network, now])
    }
}
