//! The registry of sealed columns: every place where the database holds an envelope.
//!
//! Always true: a test compares this list with the columns of both engines, so a column that is
//! forgotten by a rotation, a census or a shredding cannot be added without being seen.

/// Whose keys seal a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedFor {
    /// The workspace's.
    Tenant,
    /// A person's.
    Person,
}

/// One column of envelopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedColumn {
    /// The table, in the tenant's unit for a tenant's realm and in the platform's for a person's.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// What kind of value it is, as the broker names it.
    pub kind: &'static str,
    /// Whose keys.
    pub realm: SealedFor,
}

const fn tenant(table: &'static str, column: &'static str, kind: &'static str) -> SealedColumn {
    SealedColumn { table, column, kind, realm: SealedFor::Tenant }
}

const fn person(table: &'static str, column: &'static str, kind: &'static str) -> SealedColumn {
    SealedColumn { table, column, kind, realm: SealedFor::Person }
}

/// Values of secrets.
pub static SECRET_VALUES: SealedColumn = tenant("secret_versions", "sealed", "secret_value");
/// Secrets of identity providers.
pub static PROVIDER_SECRETS: SealedColumn = tenant("providers", "secret_sealed", "provider_secret");
/// Secrets of streams of the log.
pub static STREAM_SECRETS: SealedColumn = tenant("audit_stream_secrets", "sealed", "stream_secret");

/// Every sealed column there is.
pub static SEALED_COLUMNS: [&SealedColumn; 10] = [
    &SECRET_VALUES,
    &PROVIDER_SECRETS,
    &STREAM_SECRETS,
    &person("users", "totp_sealed", "totp_seed"),
    &person("enrolments", "totp_sealed", "totp_seed"),
    &person("totp_replacements", "totp_sealed", "totp_seed"),
    &person("recoveries", "totp_sealed", "totp_seed"),
    &person("sessions", "sealed", "session_details"),
    &person("notices", "sealed", "notice_secret"),
    &person("backup_canary", "sealed", "notice_secret"),
];

/// The registered columns of one realm.
pub fn sealed_columns_of(realm: SealedFor) -> impl Iterator<Item = &'static SealedColumn> {
    SEALED_COLUMNS.into_iter().filter(move |column| column.realm == realm)
}
