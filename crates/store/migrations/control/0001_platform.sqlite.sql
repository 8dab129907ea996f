-- People, sessions, and hints about tenants. Nothing of a tenant's own.

create table instance (
    one integer primary key check (one = 1),
    instance_id blob not null check (length(instance_id) = 16),
    created_at_ms integer not null
) strict;

create table workspaces (
    workspace_id blob primary key check (length(workspace_id) = 16),
    name text not null,
    owner_id blob not null,
    state text not null check (state in ('reserved', 'active', 'deleted')),
    reserved_at_ms integer not null,
    settled_at_ms integer
) strict, without rowid;
create index workspaces_by_owner on workspaces (owner_id);

create table users (
    user_id blob primary key check (length(user_id) = 16),
    email text not null unique,
    password_hash text not null,
    totp_sealed blob not null,
    totp_last_step integer,
    state text not null check (state in ('active', 'disabled')),
    created_at_ms integer not null,
    password_changed_at_ms integer not null
) strict, without rowid;

create table backup_codes (
    user_id blob not null references users (user_id),
    selector text not null,
    code_hash text not null,
    used_at_ms integer,
    primary key (user_id, selector)
) strict, without rowid;

create table sessions (
    session_id blob primary key check (length(session_id) = 16),
    user_id blob not null references users (user_id),
    workspace_id blob,
    generation integer not null check (generation >= 1),
    epoch integer not null,
    created_at_ms integer not null,
    used_at_ms integer not null,
    rotated_at_ms integer not null,
    expires_at_ms integer not null,
    factor_at_ms integer not null,
    amr text not null,
    user_agent text,
    ip text,
    revoked_at_ms integer
) strict, without rowid;
create index sessions_by_user on sessions (user_id, session_id);
create index sessions_by_end on sessions (expires_at_ms);

create table enrolments (
    enrolment_id blob primary key check (length(enrolment_id) = 16),
    link_kind text not null check (link_kind in ('bootstrap', 'invitation')),
    link_id blob not null,
    user_id blob not null,
    email text not null,
    password_hash text not null,
    totp_sealed blob not null,
    wrong_codes integer not null,
    expires_at_ms integer not null,
    confirmed_at_ms integer
) strict, without rowid;
create index enrolments_by_end on enrolments (expires_at_ms);

create table bootstrap_links (
    link_id blob primary key check (length(link_id) = 16),
    code_hash blob not null check (length(code_hash) = 32),
    wrong_codes integer not null,
    expires_at_ms integer not null,
    used_by blob
) strict, without rowid;

create table invitation_index (
    invitation_id blob primary key check (length(invitation_id) = 16),
    workspace_id blob not null,
    expires_at_ms integer not null
) strict, without rowid;
create index invitation_index_by_end on invitation_index (expires_at_ms);

create table key_index (
    key_id blob primary key check (length(key_id) = 16),
    workspace_id blob not null
) strict, without rowid;

create table memberships (
    user_id blob not null,
    workspace_id blob not null,
    role text not null check (role in ('viewer', 'operator', 'admin', 'owner')),
    primary key (user_id, workspace_id)
) strict, without rowid;
create index memberships_by_workspace on memberships (workspace_id);

create table throttle (
    subject text primary key,
    failures integer not null,
    blocked_until_ms integer not null,
    updated_at_ms integer not null
) strict, without rowid;
create index throttle_by_age on throttle (updated_at_ms);

create table revocation_head (
    one integer primary key check (one = 1),
    seq integer not null
) strict;

create table revocations (
    seq integer primary key,
    kind text not null check (kind in ('session', 'user', 'key', 'workspace')),
    subject_id blob not null,
    epoch integer not null,
    at_ms integer not null
) strict;

create table idempotency (
    principal text not null,
    idempotency_key text not null,
    request_hash blob not null check (length(request_hash) = 32),
    status integer,
    body text,
    at_ms integer not null,
    expires_at_ms integer not null,
    primary key (principal, idempotency_key)
) strict, without rowid;
create index idempotency_by_end on idempotency (expires_at_ms);

create table due (
    workspace_id blob primary key check (length(workspace_id) = 16),
    due_at_ms integer not null,
    served_at_ms integer not null
) strict, without rowid;
create index due_by_turn on due (served_at_ms, workspace_id);
