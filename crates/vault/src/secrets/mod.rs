//! Secrets: named sealed values with versions, write-only by default.
//!
//! Always true
//! 1. Setting and rotating never answer with a value; listing never touches one.
//! 2. A value is sealed for its tenant, environment, secret and version, so it opens in its own row
//!    only.
//! 3. Two acts show values, [`reveal_secret`] and [`use_secrets_locally`]; each writes its entry
//!    first and needs a person with a fresh second factor.

mod delete;
mod list;
mod open;
mod reveal;
mod rotate;
mod seal;
mod set;
mod use_locally;
mod value;

pub use delete::delete_secret;
pub use list::list_secrets;
pub use reveal::{Revealed, reveal_secret};
pub use rotate::{Rotation, rotate_secret};
pub use set::{NewSecret, set_secret};
pub use use_locally::{LocalUseOf, UsedSecret, use_secrets_locally};
pub use value::{SecretValue, ValueError};

use domain::{EnvironmentId, ProjectId, VariableName};
use serde_json::{Value, json};

/// Where a secret lies and what it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretPath {
    /// The project.
    pub project: ProjectId,
    /// The environment, of that project.
    pub environment: EnvironmentId,
    /// The name; upper and lower case differ.
    pub name: VariableName,
}

impl SecretPath {
    /// How entries name one version of a secret.
    fn at_version(&self, version: u64) -> Value {
        json!({
            "name": self.name.as_str(),
            "version": version,
            "environment": self.environment.to_string(),
            "project": self.project.to_string(),
        })
    }
}
