//! The migrations this program carries, per list and engine.
//!
//! Always true
//! 1. A number, once released, keeps its content: a test compares every hash with the frozen list.
//! 2. Migrations only go forward; what was applied is recorded with its hash, and another hash is
//!    refused.
//! 3. The format of a database is the number of its newest migration; a newer one is refused.
//!
//! On SQLite a file has one list: `control.db` the platform's and the log's, a tenant's file the
//! team's and the log's. On PostgreSQL one database has all three.

use aws_lc_rs::digest::{SHA256, digest};

/// One migration, in the words of one engine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Migration {
    /// Folder and name of the file, without the engine.
    pub(crate) name: &'static str,
    /// The statements.
    pub(crate) text: &'static str,
}

impl Migration {
    pub(crate) fn hash(&self) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, self.text.as_bytes()).as_ref());
        hash
    }
}

macro_rules! migration {
    ($name:literal, $engine:literal) => {
        Migration {
            name: $name,
            text: include_str!(concat!("../../migrations/", $name, ".", $engine, ".sql")),
        }
    };
}

/// `control.db`.
pub(crate) const SQLITE_PLATFORM: &[Migration] = &[
    migration!("control/0001_platform", "sqlite"),
    migration!("audit/0001_log", "sqlite"),
    migration!("control/0002_sessions", "sqlite"),
    migration!("control/0003_resets", "sqlite"),
    migration!("control/0005_passkeys", "sqlite"),
    migration!("control/0006_grants", "sqlite"),
    migration!("control/0008_risk", "sqlite"),
    migration!("control/0004_sso", "sqlite"),
    migration!("control/0007_security_log", "sqlite"),
    migration!("audit/0002_openings", "sqlite"),
    migration!("control/0010_checkpoints", "sqlite"),
    migration!("audit/0003_retention", "sqlite"),
    migration!("audit/0013_epochs", "sqlite"),
    migration!("control/0013_backup", "sqlite"),
    migration!("control/0015_glass", "sqlite"),
];

/// `tenants/<tenant-id>.db`.
pub(crate) const SQLITE_TENANT: &[Migration] = &[
    migration!("tenant/0001_team", "sqlite"),
    migration!("audit/0001_log", "sqlite"),
    migration!("tenant/0006_device_sign_in", "sqlite"),
    migration!("tenant/0002_sso", "sqlite"),
    migration!("tenant/0003_keys", "sqlite"),
    migration!("audit/0002_openings", "sqlite"),
    migration!("tenant/0008_sealing", "sqlite"),
    migration!("audit/0003_retention", "sqlite"),
    migration!("audit/0013_epochs", "sqlite"),
    migration!("tenant/0012_glass", "sqlite"),
    migration!("tenant/0011_streams", "sqlite"),
];

/// The database on PostgreSQL.
pub(crate) const POSTGRES: &[Migration] = &[
    migration!("control/0001_platform", "postgres"),
    migration!("tenant/0001_team", "postgres"),
    migration!("audit/0001_log", "postgres"),
    migration!("control/0002_sessions", "postgres"),
    migration!("control/0003_resets", "postgres"),
    migration!("control/0005_passkeys", "postgres"),
    migration!("control/0006_grants", "postgres"),
    migration!("tenant/0006_device_sign_in", "postgres"),
    migration!("control/0008_risk", "postgres"),
    migration!("control/0004_sso", "postgres"),
    migration!("tenant/0002_sso", "postgres"),
    migration!("tenant/0003_keys", "postgres"),
    migration!("control/0007_security_log", "postgres"),
    migration!("audit/0002_openings", "postgres"),
    migration!("control/0010_checkpoints", "postgres"),
    migration!("tenant/0008_sealing", "postgres"),
    migration!("audit/0003_retention", "postgres"),
    migration!("audit/0013_epochs", "postgres"),
    migration!("control/0013_backup", "postgres"),
    migration!("control/0015_glass", "postgres"),
    migration!("tenant/0012_glass", "postgres"),
    migration!("tenant/0011_streams", "postgres"),
];

/// The newest format of a list.
pub(crate) fn format_of(list: &[Migration]) -> u32 {
    u32::try_from(list.len()).unwrap_or(u32::MAX)
}
