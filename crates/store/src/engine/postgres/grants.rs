//! Who may do what to which table: written once, granted by [`super::prepare`], checked by
//! [`super::guards`].
//!
//! Always true: whatever is not listed is not granted. Nobody may update, delete or truncate the
//! log.

/// A table with the privileges a role has on it.
pub(super) type Grant = (&'static str, &'static [&'static str]);

/// Every privilege a table can have, so that a check can ask for those that must be missing.
pub(super) const PRIVILEGES: &[&str] =
    &["select", "insert", "update", "delete", "truncate", "references", "trigger"];

const ALL_ROWS: &[&str] = &["select", "insert", "update", "delete"];
const KEPT_ROWS: &[&str] = &["select", "insert", "update"];
const LOG: &[&str] = &["select", "insert"];
const WAITING: &[&str] = &["select", "insert", "delete"];
const READ: &[&str] = &["select"];

/// Tables of tenants: the runtime role's, under row security.
pub(super) const TENANT: &[Grant] = &[
    ("team", KEPT_ROWS),
    ("members", ALL_ROWS),
    ("invitations", KEPT_ROWS),
    ("projects", KEPT_ROWS),
    ("project_members", ALL_ROWS),
    ("environments", KEPT_ROWS),
    ("secrets", ALL_ROWS),
    ("secret_versions", ALL_ROWS),
    ("api_keys", KEPT_ROWS),
    ("sign_in_policies", KEPT_ROWS),
    ("providers", ALL_ROWS),
    ("audit_streams", ALL_ROWS),
    ("audit_stream_secrets", ALL_ROWS),
    ("domains", ALL_ROWS),
    ("key_uses", WAITING),
    ("security_marks", KEPT_ROWS),
    ("retired_keys", LOG),
    ("sealing_schedules", KEPT_ROWS),
    ("glass_approvals", KEPT_ROWS),
    ("jobs", KEPT_ROWS),
];

/// Tables of the log: both roles', under row security.
pub(super) const AUDIT: &[Grant] = &[
    ("audit_entries", LOG),
    ("audit_personal", LOG),
    ("audit_pending", WAITING),
    ("audit_leaves", LOG),
    ("audit_nodes", LOG),
    ("audit_checkpoints", LOG),
    ("audit_pseudonyms", LOG),
    ("audit_openings", LOG),
    ("audit_epochs", LOG),
    ("journal_marks", KEPT_ROWS),
    ("audit_boundaries", LOG),
    ("audit_drops", LOG),
    ("audit_erasures", LOG),
    ("audit_holds", KEPT_ROWS),
];

/// Tables of the platform: the platform role's.
pub(super) const PLATFORM: &[Grant] = &[
    ("instance", LOG),
    ("workspaces", ALL_ROWS),
    ("users", KEPT_ROWS),
    ("backup_codes", ALL_ROWS),
    ("sessions", ALL_ROWS),
    ("authorizations", ALL_ROWS),
    ("device_grants", ALL_ROWS),
    ("devices", ALL_ROWS),
    ("sign_in_marks", ALL_ROWS),
    ("sign_in_levels", ALL_ROWS),
    ("sign_in_hours", ALL_ROWS),
    ("used_proofs", ALL_ROWS),
    ("sign_in_history", ALL_ROWS),
    ("sign_in_population", ALL_ROWS),
    ("identities", ALL_ROWS),
    ("sso_transactions", ALL_ROWS),
    ("sso_only_workspaces", ALL_ROWS),
    ("session_uses", WAITING),
    ("account_events", WAITING),
    ("security_projection", &["select", "update"]),
    ("enrolments", ALL_ROWS),
    ("bootstrap_links", ALL_ROWS),
    ("invitation_index", ALL_ROWS),
    ("key_index", ALL_ROWS),
    ("memberships", ALL_ROWS),
    ("notices", ALL_ROWS),
    ("password_resets", ALL_ROWS),
    ("totp_replacements", ALL_ROWS),
    ("recoveries", ALL_ROWS),
    ("recovery_approvals", ALL_ROWS),
    ("passkeys", ALL_ROWS),
    ("passkey_challenges", ALL_ROWS),
    ("staff", ALL_ROWS),
    ("glass_requests", KEPT_ROWS),
    ("throttle", ALL_ROWS),
    ("revocation_head", KEPT_ROWS),
    ("revocations", ALL_ROWS),
    ("idempotency", ALL_ROWS),
    ("due", ALL_ROWS),
    ("checkpoint_leaves", LOG),
    ("checkpoint_nodes", LOG),
    ("checkpoint_heads", LOG),
    ("checkpoint_cosignatures", LOG),
    ("checkpoint_witnesses", KEPT_ROWS),
    ("checkpoint_epochs", LOG),
    ("backup_canary", KEPT_ROWS),
    ("backup_runs", KEPT_ROWS),
];

/// The record of migrations: everybody may read it.
pub(super) const RECORD: &[Grant] = &[("migrations", READ)];

/// Tables whose rows never change and are dropped behind a signed boundary alone, each with the
/// function of the trigger that looks at every row's end.
pub(super) const DROPPED_BEHIND_BOUNDARY: &[(&str, &str)] = &[
    ("audit_entries", "refuse_entry_delete"),
    ("audit_personal", "refuse_personal_delete"),
    ("audit_leaves", "refuse_leaf_delete"),
    ("audit_nodes", "refuse_node_delete"),
];

/// Tables whose rows never change and never end, each with its own triggers.
pub(super) const APPEND_ONLY: &[&str] = &[
    "audit_checkpoints",
    "audit_boundaries",
    "audit_drops",
    "audit_erasures",
    "audit_pseudonyms",
    "audit_openings",
    "audit_epochs",
    "checkpoint_leaves",
    "checkpoint_nodes",
    "checkpoint_heads",
    "checkpoint_cosignatures",
    "checkpoint_epochs",
];

/// Tables whose rows are never under a retired key, each with the function of its trigger.
pub(super) const FENCED: &[(&str, &str)] = &[
    ("secret_versions", "refuse_retired_key_sealed"),
    ("providers", "refuse_retired_key_secret_sealed"),
    ("audit_stream_secrets", "refuse_retired_key_sealed"),
];

/// What the runtime role holds.
pub(super) fn of_runtime() -> impl Iterator<Item = &'static Grant> {
    TENANT.iter().chain(AUDIT).chain(RECORD)
}

/// What the platform role holds.
pub(super) fn of_platform() -> impl Iterator<Item = &'static Grant> {
    PLATFORM.iter().chain(AUDIT).chain(RECORD)
}

/// Every table.
pub(super) fn tables() -> impl Iterator<Item = &'static str> {
    TENANT.iter().chain(AUDIT).chain(PLATFORM).chain(RECORD).map(|(table, _)| *table)
}

/// Tables whose rows belong to tenants and units.
pub(super) fn secured() -> impl Iterator<Item = &'static str> {
    TENANT.iter().chain(AUDIT).map(|(table, _)| *table)
}
