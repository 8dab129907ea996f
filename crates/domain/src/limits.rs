//! Every limit and deadline, each with its reason and its relation to the others.
//!
//! Names end in their unit and qualifier. A relation that must hold is a compile-time assertion.

/// Longest workspace, project or environment name: a DNS label (RFC 1123) is 63; one more never
/// fits a host.
pub const NAME_CHARS_MAX: usize = 63;
/// Longest e-mail address (RFC 5321 section 4.5.3.1.3, less the angle brackets).
pub const EMAIL_CHARS_MAX: usize = 254;
/// Longest secret name: environments of real programs stay far below.
pub const VARIABLE_NAME_CHARS_MAX: usize = 128;
/// Longest user agent that is kept.
pub const USER_AGENT_CHARS_MAX: usize = 256;
/// Longest reason a person gives for looking at a value: a sentence or two, in every entry it
/// belongs to.
pub const REASON_CHARS_MAX: usize = 500;
/// Longest name of a program that is started with secrets.
pub const PROGRAM_CHARS_MAX: usize = 256;

/// Shortest password: NIST 800-63B-4 asks for 8 with a second factor; we ask for more.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// Longest password: bounds what one hash can cost.
pub const PASSWORD_CHARS_MAX: usize = 128;

/// Largest value of one secret. A process environment on Linux holds 128 KiB per string.
pub const SECRET_BYTES_MAX: usize = 64 * 1024;
/// Most secrets in one environment: bounds one grant, one injection and one audit entry.
pub const SECRETS_PER_ENVIRONMENT_MAX: usize = 256;
/// Most records in one broker request.
pub const RECORDS_PER_GRANT_MAX: usize = SECRETS_PER_ENVIRONMENT_MAX;
/// Most projects in one workspace.
pub const PROJECTS_PER_WORKSPACE_MAX: usize = 256;
/// Most environments in one project.
pub const ENVIRONMENTS_PER_PROJECT_MAX: usize = 16;
/// Most members in one workspace.
pub const MEMBERS_PER_WORKSPACE_MAX: usize = 1_000;
/// Most open invitations in one workspace.
pub const INVITATIONS_PER_WORKSPACE_MAX: usize = 200;
/// Most API keys in one workspace.
pub const KEYS_PER_WORKSPACE_MAX: usize = 200;
/// Longest life an API key can be given: a year and a day. What must live longer is rotated.
pub const KEY_LIFE_MS_MAX: i64 = 366 * 24 * 3_600 * 1_000;
/// Longest that a rotated API key works beside its successor: time for a roll-out, not for
/// forgetting.
pub const KEY_OVERLAP_MS_MAX: i64 = 7 * 24 * 3_600 * 1_000;
/// How long it does so when nothing is asked.
pub const KEY_OVERLAP_MS_DEFAULT: i64 = 24 * 3_600 * 1_000;
/// Most networks one API key may be bound to: more than anyone can review.
pub const NETWORKS_PER_KEY_MAX: usize = 16;
/// Most overrides of one member: one per act and place would be more than anyone can review.
pub const OVERRIDES_PER_MEMBER_MAX: usize = 32;
/// Most workspaces one person may own.
pub const WORKSPACES_PER_OWNER_MAX: usize = 20;
/// Most live sessions of one person.
pub const SESSIONS_PER_USER_MAX: usize = 50;

/// Life of an access token.
pub const ACCESS_TOKEN_MS: i64 = 5 * 60 * 1_000;
/// How long a request may hold a token that is not yet valid or just expired, for clocks that
/// differ.
pub const CLOCK_SKEW_MS_MAX: i64 = 5_000;
/// A session unused for this long is over (AUTH-7).
pub const SESSION_IDLE_MS_MAX: i64 = 30 * 24 * 3_600 * 1_000;
/// A session is over after this long however much it is used.
pub const SESSION_LIFE_MS_MAX: i64 = 90 * 24 * 3_600 * 1_000;
/// The previous refresh token gets the same successor for this long: a lost response logs nobody
/// out.
pub const REFRESH_GRACE_MS: i64 = 10_000;
/// Access tokens of before a sensitive act work for this long after it, so that requests under way
/// come to their end and the client renews in silence.
pub const SESSION_MOVE_MS: i64 = 10_000;
/// A second factor counts as fresh for this long (reveal, local use, transfer, key creation).
pub const FACTOR_FRESH_MS: i64 = 5 * 60 * 1_000;
/// Life of an invitation.
pub const INVITATION_MS: i64 = 7 * 24 * 3_600 * 1_000;
/// Life of the bootstrap link of the first owner.
pub const BOOTSTRAP_MS: i64 = 24 * 3_600 * 1_000;
/// Life of an enrolment that waits for its first TOTP code.
pub const ENROLMENT_MS: i64 = 15 * 60 * 1_000;
/// Wrong codes that end an invitation, a bootstrap link or an enrolment.
pub const WRONG_CODES_MAX: u32 = 10;
/// One TOTP step (RFC 6238 section 4.1).
pub const TOTP_STEP_S: u64 = 30;
/// Backup codes given at enrolment.
pub const BACKUP_CODES: usize = 10;

/// Revocations are read from the database this often, whatever the bus does.
pub const REVOCATION_POLL_MS: u64 = 250;
/// A replica whose view of revocations is older than this refuses requests.
pub const REVOCATION_VIEW_AGE_MS_MAX: u64 = 2_000;

/// Largest request body.
pub const BODY_BYTES_MAX: usize = 256 * 1024;
/// Deepest JSON nesting that is parsed.
pub const JSON_DEPTH_MAX: usize = 32;
/// Longest a request may take.
pub const REQUEST_MS_MAX: u64 = 30_000;
/// Most items on one page.
pub const PAGE_ITEMS_MAX: u32 = 200;
/// Items on one page when nothing is asked.
pub const PAGE_ITEMS_DEFAULT: u32 = 50;
/// A credential's use is logged once in this long, per network.
pub const CREDENTIAL_USE_MS: i64 = 3_600 * 1_000;
/// How long the security log is kept (AUD-4).
pub const SECURITY_LOG_DAYS: u32 = 90;
/// The same in milliseconds.
pub const SECURITY_LOG_MS: i64 = 90 * 24 * 3_600 * 1_000;
/// Longest idempotency key.
pub const IDEMPOTENCY_KEY_CHARS_MAX: usize = 64;
/// How long an idempotency key is remembered.
pub const IDEMPOTENCY_MS: i64 = 24 * 3_600 * 1_000;

/// Largest audit entry: a C2SP tlog-tiles entry bundle has a 16-bit length.
pub const ENTRY_BYTES_MAX: usize = 65_535;
/// Within this long every entry has an index (promised on each receipt, so a restart convicts
/// nobody).
pub const MERGE_DELAY_MS_MAX: i64 = 3_600 * 1_000;
/// How often the sequencer looks for new entries.
pub const SEQUENCE_POLL_MS: u64 = 250;
/// Most entries sequenced in one transaction.
pub const ENTRIES_PER_BATCH_MAX: usize = 1_000;

/// Largest frame between `serve` and the broker.
pub const BROKER_FRAME_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Longest a broker call may take.
pub const BROKER_CALL_MS_MAX: u64 = 5_000;
/// Life of a grant.
pub const GRANT_MS: i64 = 30_000;
/// Journal entries that may wait to be copied into tenants' logs before the broker refuses to open
/// anything.
pub const JOURNAL_LAG_ENTRIES_MAX: u64 = 100_000;

/// Lease of a claimed job.
pub const JOB_LEASE_MS: i64 = 30_000;
/// Most jobs claimed at once.
pub const JOBS_PER_CLAIM_MAX: u32 = 16;
/// Tries before a job is a dead letter.
pub const JOB_TRIES_MAX: u32 = 8;

/// Longest drain after the first SIGTERM.
pub const DRAIN_MS_MAX: u64 = 10_000;

const _: () = assert!(ACCESS_TOKEN_MS > 2 * CLOCK_SKEW_MS_MAX);
const _: () = assert!(REFRESH_GRACE_MS < ACCESS_TOKEN_MS);
const _: () = assert!(SESSION_MOVE_MS < ACCESS_TOKEN_MS, "else a move ends nothing sooner");
const _: () = assert!(KEY_OVERLAP_MS_DEFAULT <= KEY_OVERLAP_MS_MAX);
const _: () = assert!(SESSION_IDLE_MS_MAX < SESSION_LIFE_MS_MAX);
const _: () =
    assert!(REVOCATION_POLL_MS * 4 <= 1_000, "revocation must reach everyone within a second");
const _: () = assert!(REVOCATION_POLL_MS * 4 <= REVOCATION_VIEW_AGE_MS_MAX);
const _: () = assert!(BROKER_CALL_MS_MAX < REQUEST_MS_MAX);
const _: () =
    assert!(SECRET_BYTES_MAX * 2 < BODY_BYTES_MAX, "a JSON-escaped secret must fit a request");
const _: () = assert!(
    SECRET_BYTES_MAX * RECORDS_PER_GRANT_MAX < BROKER_FRAME_BYTES_MAX,
    "one environment opens in one frame"
);
