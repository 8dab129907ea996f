//! Why a use case of this crate said no.
//!
//! Always true: seven variants, each with one answer for the caller; none carries text of what it
//! failed on.

use broker::BrokerError;
use domain::authz::Denied;
use domain::limits;
use store::StoreError;

/// Why nothing was done, or nothing was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// There is no such thing, or the caller may not know that there is.
    #[error("there is no such thing, or it is not visible to the caller")]
    NotFound,
    /// The caller sees it and may not do this.
    #[error(transparent)]
    Denied(Denied),
    /// The name is taken.
    #[error("the name is taken")]
    Exists,
    /// The secret moved on: the caller named another version, or others kept rotating it.
    #[error("the secret is at version {current}")]
    VersionConflict {
        /// Its newest version.
        current: u64,
    },
    /// A limit is reached.
    #[error(transparent)]
    Limit(LimitReached),
    /// The broker did not seal or open. When it was to open, an entry says that it did not.
    #[error(transparent)]
    Sealing(#[from] BrokerError),
    /// The store failed; nothing was written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Denied> for VaultError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::NotVisible => Self::NotFound,
            other => Self::Denied(other),
        }
    }
}

/// Which limit is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LimitReached {
    /// Projects of a workspace.
    #[error("a workspace has at most {} projects", limits::PROJECTS_PER_WORKSPACE_MAX)]
    Projects,
    /// Environments of a project.
    #[error("a project has at most {} environments", limits::ENVIRONMENTS_PER_PROJECT_MAX)]
    Environments,
    /// Secrets of an environment.
    #[error("an environment has at most {} secrets", limits::SECRETS_PER_ENVIRONMENT_MAX)]
    Secrets,
}

impl LimitReached {
    /// How many there may be.
    #[must_use]
    pub const fn max(self) -> usize {
        match self {
            Self::Projects => limits::PROJECTS_PER_WORKSPACE_MAX,
            Self::Environments => limits::ENVIRONMENTS_PER_PROJECT_MAX,
            Self::Secrets => limits::SECRETS_PER_ENVIRONMENT_MAX,
        }
    }

    /// Refuses when there are as many as there may be.
    pub(crate) fn check(self, present: u64) -> Result<(), VaultError> {
        let room = usize::try_from(present).is_ok_and(|present| present < self.max());
        if room { Ok(()) } else { Err(VaultError::Limit(self)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_place_can_be_taken_and_no_further() {
        let last = limits::ENVIRONMENTS_PER_PROJECT_MAX as u64 - 1;
        assert_eq!(LimitReached::Environments.check(last), Ok(()));
        let full = Err(VaultError::Limit(LimitReached::Environments));
        assert_eq!(LimitReached::Environments.check(last + 1), full);
        assert_eq!(LimitReached::Environments.check(u64::MAX), full);
    }

    #[test]
    fn what_is_not_visible_is_not_found() {
        assert_eq!(VaultError::from(Denied::NotVisible), VaultError::NotFound);
    }
}
