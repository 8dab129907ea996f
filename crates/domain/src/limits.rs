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
/// Longest text that is reported as a leaked API key: more than a key has, and no more than that is
/// looked at.
pub const KEY_REPORT_CHARS_MAX: usize = 256;
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
/// Most identity providers of one workspace.
pub const PROVIDERS_PER_WORKSPACE_MAX: usize = 8;
/// Most e-mail domains one workspace claims.
pub const DOMAINS_PER_WORKSPACE_MAX: usize = 20;
/// Most `amr` or `acr` values one policy names, and most that are kept of one token.
pub const FACTOR_VALUES_MAX: usize = 16;
/// Longest `amr` or `acr` value: those of real providers are words or short URLs.
pub const FACTOR_VALUE_CHARS_MAX: usize = 128;
/// Longest address of an issuer.
pub const ISSUER_CHARS_MAX: usize = 255;
/// Longest client id that a provider gives out.
pub const CLIENT_ID_CHARS_MAX: usize = 255;
/// Longest client secret: some providers take a signed token here.
pub const CLIENT_SECRET_CHARS_MAX: usize = 2_048;
/// Longest subject (OpenID Connect Core section 2).
pub const SUBJECT_CHARS_MAX: usize = 255;
/// Most identities of one person.
pub const IDENTITIES_PER_USER_MAX: usize = 16;
/// Most workspaces one person may own.
pub const WORKSPACES_PER_OWNER_MAX: usize = 20;
/// Most live sessions of one person.
pub const SESSIONS_PER_USER_MAX: usize = 50;

/// Most devices of one person that are recognised: more than anybody signs in from in half a year.
pub const DEVICES_PER_USER_MAX: u32 = 20;
/// A device not seen for this long is a stranger again.
pub const DEVICE_UNSEEN_MS_MAX: i64 = 180 * 24 * 3_600 * 1_000;
/// Most rows of one person's history of sign-ins: some twenty values of each feature.
pub const HISTORY_ROWS_PER_USER_MAX: u32 = 160;
/// A way of signing in that was not seen for this long says nothing any more.
pub const HISTORY_UNSEEN_MS_MAX: i64 = 180 * 24 * 3_600 * 1_000;
/// Life of a challenge to prove work: a slow phone, and a person who looks away.
pub const CHALLENGE_MS: i64 = 5 * 60 * 1_000;
/// Easiest proof of work, in leading zero bits: 65,536 hashes, a tenth of a second on a laptop.
pub const WORK_BITS_MIN: u32 = 16;
/// Hardest proof of work: a million hashes, some seconds on a phone.
pub const WORK_BITS_MAX: u32 = 20;
/// Distinct pairs of address and password refused from one network within
/// [`STUFFING_WINDOW_MS`] that make it prove work.
pub const STUFFING_PAIRS: u32 = 15;
/// The window of the rules about many accounts.
pub const STUFFING_WINDOW_MS: i64 = 3 * 3_600 * 1_000;
/// How long a network proves work after it was last seen to misbehave.
pub const NETWORK_CHALLENGE_MS: i64 = 24 * 3_600 * 1_000;
/// How long everybody unknown proves work after an attack from many networks was last seen.
pub const EVERYWHERE_CHALLENGE_MS: i64 = 3_600 * 1_000;
/// Fewer accounts than this refused within [`STUFFING_WINDOW_MS`] are no attack on all of them.
pub const STUFFING_ACCOUNTS_MIN: u64 = 25;
/// The instance's own past that an attack is compared with.
pub const STUFFING_BASELINE_MS: i64 = 7 * 24 * 3_600 * 1_000;
/// Most accounts of refused sign-ins that are told apart in one hour: bounds the table.
pub const STUFFING_ACCOUNTS_PER_HOUR_MAX: u64 = 20_000;

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
/// A proof that the sender holds a key counts for this long: a request and its retry on a slow line
/// fit, and what has to be remembered against replay stays small.
pub const PROOF_MS_MAX: i64 = 60_000;
/// Longest proof that is looked at: one with an Edwards key and an access token's digest has about
/// 500 bytes.
pub const PROOF_BYTES_MAX: usize = 2_048;
/// Longest id of a proof.
pub const PROOF_ID_CHARS_MAX: usize = 128;
/// Proofs remembered at once, each for [`PROOF_MS_MAX`]: 4,000 a second, within about 20 MiB.
pub const PROOFS_SEEN_MAX: usize = 262_144;
/// Life of the code that a browser hands to the command line on the same machine.
pub const AUTHORIZATION_MS: i64 = 60_000;
/// Life of a device authorization: long enough to find a browser, short enough that a code sent in
/// a message is mostly dead when it is read.
pub const DEVICE_GRANT_MS: i64 = 5 * 60 * 1_000;
/// How often a waiting device may ask, at first (RFC 8628 section 3.2).
pub const DEVICE_INTERVAL_S: u32 = 5;
/// What a device that asks too often has to wait more (RFC 8628 section 3.5).
pub const DEVICE_SLOW_DOWN_S: u32 = 5;
/// Device authorizations that may wait at once, over all networks: more is an attack.
pub const DEVICE_GRANTS_WAITING_MAX: u64 = 10_000;
/// Wrong user codes after which a session may not try for [`USER_CODE_PAUSE_MS`].
pub const USER_CODES_WRONG_MAX: u32 = 5;
/// How long a session that typed too many wrong user codes may not try.
pub const USER_CODE_PAUSE_MS: i64 = 15 * 60 * 1_000;
/// Longest name that a client gives its machine and version.
pub const CLIENT_LABEL_CHARS_MAX: usize = 100;
/// Life of an invitation.
pub const INVITATION_MS: i64 = 7 * 24 * 3_600 * 1_000;
/// Life of the bootstrap link of the first owner.
pub const BOOTSTRAP_MS: i64 = 24 * 3_600 * 1_000;
/// Life of an enrolment that waits for its first TOTP code.
pub const ENROLMENT_MS: i64 = 15 * 60 * 1_000;
/// Life of one way to an identity provider and back: long enough for a forgotten password there.
pub const SSO_TRANSACTION_MS: i64 = 10 * 60 * 1_000;
/// Wrong codes that end an invitation, a bootstrap link or an enrolment.
pub const WRONG_CODES_MAX: u32 = 10;
/// Life of a password reset: long enough to fetch the mail, short enough that a mailbox read
/// tomorrow holds nothing.
pub const RESET_MS: i64 = 30 * 60 * 1_000;
/// Tries that end a reset or a recovery: its code has 80 bits, so only typing goes wrong.
pub const RESET_CODES_MAX: u32 = 5;
/// How long an assisted recovery waits for those who have to vouch for it.
pub const RECOVERY_REQUEST_MS: i64 = 7 * 24 * 3_600 * 1_000;
/// Between the last approval and the moment the recovery can be completed: the person, if it is not
/// they who asked, has this long to see a message or a session and to cancel.
pub const RECOVERY_DELAY_MS: i64 = 48 * 3_600 * 1_000;
/// How long an approved recovery can be completed once its delay is over.
pub const RECOVERY_OPEN_MS: i64 = 72 * 3_600 * 1_000;
/// One TOTP step (RFC 6238 section 4.1).
pub const TOTP_STEP_S: u64 = 30;
/// Most passkeys of one person: a few devices and a spare, and room.
pub const PASSKEYS_PER_USER_MAX: usize = 20;
/// Longest name of a passkey: a device and a place.
pub const PASSKEY_NAME_CHARS_MAX: usize = 64;
/// Life of a passkey challenge: the five minutes that WebAuthn level 3 section 15.1 recommends.
pub const PASSKEY_CHALLENGE_MS: i64 = 5 * 60 * 1_000;
/// Largest credential that is looked at: an id of 1,023 bytes (WebAuthn level 3 section 4), an RSA
/// key, extensions, all in base64url, and room.
pub const PASSKEY_CREDENTIAL_BYTES_MAX: usize = 16 * 1_024;
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
/// Most entries of a log that one request of a search looks at; the rest is the next page's.
pub const SEARCH_SCANNED_MAX: u32 = 5_000;
/// A credential's use is logged once in this long, per network.
pub const CREDENTIAL_USE_MS: i64 = 3_600 * 1_000;
/// How long the security log is kept (AUD-4).
pub const SECURITY_LOG_DAYS: u32 = 90;
/// The same in milliseconds.
pub const SECURITY_LOG_MS: i64 = 90 * 24 * 3_600 * 1_000;
/// Longest that a security log can be set to be kept: ten years, as the longest of the laws about
/// books and records ask for.
pub const SECURITY_LOG_DAYS_MAX: u32 = 3_660;
/// How often security logs are looked at for entries past their time: what is past it is gone
/// within a day and this.
pub const RETENTION_EVERY_MS: u64 = 6 * 3_600 * 1_000;
/// Most entries that are dropped behind one boundary: one in so many is an entry about boundaries.
pub const DROPPED_PER_BOUNDARY_MAX: u64 = 10_000;
/// Most entries that are dropped in one transaction, which other writers of the unit wait for.
pub const DROPPED_AT_ONCE_MAX: u64 = 1_000;
/// Most holds that are listed, newest first.
pub const HOLDS_LISTED_MAX: u32 = 200;
/// Most holds that stand on one log at once: more than anyone can keep apart.
pub const HOLDS_STANDING_MAX: u64 = 50;
const _: () = assert!(SECURITY_LOG_MS == SECURITY_LOG_DAYS as i64 * 24 * 3_600 * 1_000);
const _: () = assert!(SECURITY_LOG_DAYS < SECURITY_LOG_DAYS_MAX);
const _: () = assert!(DROPPED_AT_ONCE_MAX <= DROPPED_PER_BOUNDARY_MAX);
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

/// A log's checkpoint goes into the log of checkpoints at most this often, however busy the log is.
pub const PUBLISH_EVERY_MS: i64 = 300 * 1_000;
/// Shortest period that can be set: a busy workspace then costs 8,640 leaves a day.
pub const PUBLISH_EVERY_MS_MIN: i64 = 10 * 1_000;
/// Longest period that can be set.
pub const PUBLISH_EVERY_MS_MAX: i64 = 24 * 3_600 * 1_000;
const _: () = assert!(PUBLISH_EVERY_MS_MIN <= PUBLISH_EVERY_MS);
const _: () = assert!(PUBLISH_EVERY_MS <= PUBLISH_EVERY_MS_MAX);
/// Most witnesses that are asked: a checkpoint with all their lines stays far below a note's limit.
pub const WITNESSES_MAX: usize = 16;
/// Pause between two calls to a witness that did not answer well, at first.
pub const WITNESS_RETRY_MS_MIN: i64 = 5 * 1_000;
/// The longest such pause.
pub const WITNESS_RETRY_MS_MAX: i64 = 600 * 1_000;
const _: () = assert!(WITNESS_RETRY_MS_MIN < WITNESS_RETRY_MS_MAX);

/// Most streams of one workspace: each log to a collector, and room for a change of collectors.
pub const STREAMS_PER_WORKSPACE_MAX: usize = 8;
/// Longest address of a receiver.
pub const STREAM_TEXT_CHARS_MAX: usize = 1_024;
/// Longest chain of certificates that vouches for a receiver.
pub const STREAM_CERTIFICATES_CHARS_MAX: usize = 32 * 1024;
/// Longest credential that a receiver gave out.
pub const STREAM_TOKEN_CHARS_MAX: usize = 512;
/// Most entries of one batch.
pub const STREAM_BATCH_ENTRIES_MAX: u32 = 100;
/// Largest batch, in bytes of entries: collectors take a megabyte, and an entry in a standard's
/// form is about three times as large. A batch has one entry at least.
pub const STREAM_BATCH_BYTES_MAX: usize = 256 * 1024;
/// Longest try to hand one batch over (Standard Webhooks 1.0.0 asks for 15 to 30 s).
pub const STREAM_SEND_MS_MAX: u64 = 15_000;
/// Lease of a claimed stream: longer than the longest try, so that two workers never send at once.
pub const STREAM_LEASE_MS: i64 = 30_000;
/// Batches that one stream sends in one turn, before the others get theirs.
pub const STREAM_BATCHES_PER_TURN: usize = 16;
/// Streams of one workspace that send at once: a receiver that hangs delays its own workspace.
pub const STREAMS_AT_ONCE_PER_WORKSPACE: usize = 2;
/// Workspaces that send at once.
pub const STREAM_WORKSPACES_AT_ONCE: usize = 32;
/// Pause after the first failed try; it doubles with each.
pub const STREAM_RETRY_MS_MIN: i64 = 2_000;
/// The longest such pause, and the longest that a receiver can ask for.
pub const STREAM_RETRY_MS_MAX: i64 = 600 * 1_000;
/// A receiver that takes nothing for this long is told to the workspace's owner.
pub const STREAM_TOLD_AFTER_MS: i64 = 3_600 * 1_000;
/// Longest that a stream's secret of before works beside the new one.
pub const STREAM_OVERLAP_MS_MAX: i64 = 7 * 24 * 3_600 * 1_000;
/// How long it does so when nothing is asked.
pub const STREAM_OVERLAP_MS_DEFAULT: i64 = 24 * 3_600 * 1_000;
/// How long a process holds a stream's opened secret: each opening is an entry in the very log that
/// is sent, so opening it for each batch would never end.
pub const STREAM_SECRET_HELD_MS: i64 = 3_600 * 1_000;
const _: () = assert!(STREAM_RETRY_MS_MIN < STREAM_RETRY_MS_MAX);
const _: () = assert!(STREAM_OVERLAP_MS_DEFAULT <= STREAM_OVERLAP_MS_MAX);

/// Largest frame between `serve` and the broker.
pub const BROKER_FRAME_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Longest a broker call may take.
pub const BROKER_CALL_MS_MAX: u64 = 5_000;
/// Days from one rotation of a workspace's sealing keys to the next, unless it sets its own: the
/// quarter that card and health rules ask for.
pub const SEALING_ROTATION_DAYS_DEFAULT: u32 = 90;
/// Days that a rotation may be late before the owner is told.
pub const SEALING_OVERDUE_DAYS: u32 = 7;
/// Longest that broken glass lets one of the staff open a workspace's named secrets, in minutes: an
/// emergency that lasts longer is asked for again, by two people again.
pub const GLASS_MINUTES_MAX: u32 = 60;
/// The same in milliseconds.
pub const GLASS_MS_MAX: i64 = 60 * 60_000;
/// How long a wish to break the glass waits for its second person.
pub const GLASS_ASKED_MS: i64 = 30 * 60_000;
/// Most secrets that one breaking of the glass names.
pub const GLASS_SECRETS_MAX: usize = 16;
/// Most approvals that the broker holds at once: more would be no emergency but a habit.
pub const GLASS_HELD_MAX: usize = 64;
const _: () =
    assert!(STREAM_SEND_MS_MAX + 2 * BROKER_CALL_MS_MAX < 30_000 && STREAM_LEASE_MS >= 30_000);
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

/// Lease of a claimed message: longer than the longest try to send one.
pub const NOTICE_LEASE_MS: i64 = 60_000;
/// Tries before a message is given up: with the delays below, about eight hours.
pub const NOTICE_TRIES_MAX: u32 = 12;
/// Delay after a message's first failed try; it doubles with each.
pub const NOTICE_DELAY_MS_MIN: i64 = 15_000;
/// Longest delay between two tries.
pub const NOTICE_DELAY_MS_MAX: i64 = 3_600_000;
/// A message, sent or not, is kept for this long.
pub const NOTICE_KEPT_MS: i64 = 90 * 24 * 3_600 * 1_000;
/// Longest try to hand one message to the mail server.
pub const MAIL_SEND_MS_MAX: u64 = 20_000;

/// Backups of the keys that are kept whatever their age: without one the data opens no more.
pub const BACKUP_KEYS_COUNT_MIN: usize = 2;
/// Largest memory of what was sent to a place; more is forgotten, and sent again.
pub const BACKUP_KNOWN_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// How often it is looked whether a backup or a rehearsal is due.
pub const BACKUP_LOOK_MS: u64 = 60_000;
/// A backup that failed is tried again after this long, or at its next time if that is sooner.
pub const BACKUP_RETRY_MS: i64 = 15 * 60_000;
/// Longest that a backup or a rehearsal may take before it is ended, and told as failed.
pub const BACKUP_RUN_MS_MAX: u64 = 12 * 3_600_000;
/// Last words of a database tool that are shown.
pub const TOOL_WORDS_BYTES_MAX: usize = 1_024;

/// Longest drain after the first SIGTERM.
pub const DRAIN_MS_MAX: u64 = 10_000;

const _: () = assert!(ACCESS_TOKEN_MS > 2 * CLOCK_SKEW_MS_MAX);
const _: () = assert!(REFRESH_GRACE_MS < ACCESS_TOKEN_MS);
const _: () = assert!(WORK_BITS_MIN < WORK_BITS_MAX);
const _: () = assert!(STUFFING_WINDOW_MS < STUFFING_BASELINE_MS);
const _: () = assert!(SESSION_MOVE_MS < ACCESS_TOKEN_MS, "else a move ends nothing sooner");
const _: () = assert!(KEY_OVERLAP_MS_DEFAULT <= KEY_OVERLAP_MS_MAX);
const _: () = assert!(SESSION_IDLE_MS_MAX < SESSION_LIFE_MS_MAX);
const _: () =
    assert!(REVOCATION_POLL_MS * 4 <= 1_000, "revocation must reach everyone within a second");
const _: () = assert!(REVOCATION_POLL_MS * 4 <= REVOCATION_VIEW_AGE_MS_MAX);
const _: () = assert!(PASSKEY_CREDENTIAL_BYTES_MAX < BODY_BYTES_MAX);
const _: () = assert!(BROKER_CALL_MS_MAX < REQUEST_MS_MAX);
const _: () = assert!(GLASS_MS_MAX == GLASS_MINUTES_MAX as i64 * 60_000);
const _: () = assert!(GLASS_SECRETS_MAX <= RECORDS_PER_GRANT_MAX);
const _: () = assert!(GLASS_MS_MAX < NOTICE_KEPT_MS, "its notices are there while it lasts");
const _: () =
    assert!(MAIL_SEND_MS_MAX + 2 * BROKER_CALL_MS_MAX < 60_000 && NOTICE_LEASE_MS >= 60_000);
const _: () = assert!(RECOVERY_DELAY_MS > RESET_MS && RECOVERY_REQUEST_MS > RECOVERY_DELAY_MS);
const _: () =
    assert!(SECRET_BYTES_MAX * 2 < BODY_BYTES_MAX, "a JSON-escaped secret must fit a request");
const _: () = assert!(
    SECRET_BYTES_MAX * RECORDS_PER_GRANT_MAX < BROKER_FRAME_BYTES_MAX,
    "one environment opens in one frame"
);
