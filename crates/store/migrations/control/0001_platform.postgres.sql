-- People, sessions, and hints about tenants. Nothing of a tenant's own; the runtime role has no
-- right here.

create table instance (
    one bigint primary key check (one = 1),
    instance_id uuid not null,
    created_at_ms bigint not null
);

create table workspaces (
    workspace_id uuid primary key,
    name text not null,
    owner_id uuid not null,
    state text not null check (state in ('reserved', 'active', 'deleted')),
    reserved_at_ms bigint not null,
    settled_at_ms bigint
);
create index workspaces_by_owner on workspaces (owner_id);

create table users (
    user_id uuid primary key,
    email text not null unique,
    password_hash text not null,
    totp_sealed bytea not null,
    totp_last_step bigint,
    state text not null check (state in ('active', 'disabled')),
    created_at_ms bigint not null,
    password_changed_at_ms bigint not null
);

create table backup_codes (
    user_id uuid not null references users (user_id),
    selector text not null,
    code_hash text not null,
    used_at_ms bigint,
    primary key (user_id, selector)
);

create table sessions (
    session_id uuid primary key,
    user_id uuid not null references users (user_id),
    workspace_id uuid,
    generation bigint not null check (generation >= 1),
    epoch bigint not null,
    created_at_ms bigint not null,
    used_at_ms bigint not null,
    rotated_at_ms bigint not null,
    expires_at_ms bigint not null,
    factor_at_ms bigint not null,
    amr text not null,
    user_agent text,
    ip text,
    revoked_at_ms bigint
);
create index sessions_by_user on sessions (user_id, session_id);
create index sessions_by_end on sessions (expires_at_ms);

create table enrolments (
    enrolment_id uuid primary key,
    link_kind text not null check (link_kind in ('bootstrap', 'invitation')),
    link_id uuid not null,
    user_id uuid not null,
    email text not null,
    password_hash text not null,
    totp_sealed bytea not null,
    wrong_codes bigint not null,
    expires_at_ms bigint not null,
    confirmed_at_ms bigint
);
create index enrolments_by_end on enrolments (expires_at_ms);

create table bootstrap_links (
    link_id uuid primary key,
    code_hash bytea not null check (octet_length(code_hash) = 32),
    wrong_codes bigint not null,
    expires_at_ms bigint not null,
    used_by uuid
);

create table invitation_index (
    invitation_id uuid primary key,
    workspace_id uuid not null,
    expires_at_ms bigint not null
);
create index invitation_index_by_end on invitation_index (expires_at_ms);

create table key_index (
    key_id uuid primary key,
    workspace_id uuid not null
);

create table memberships (
    user_id uuid not null,
    workspace_id uuid not null,
    role text not null check (role in ('viewer', 'operator', 'admin', 'owner')),
    primary key (user_id, workspace_id)
);
create index memberships_by_workspace on memberships (workspace_id);

create table throttle (
    subject text primary key,
    failures bigint not null,
    blocked_until_ms bigint not null,
    updated_at_ms bigint not null
);
create index throttle_by_age on throttle (updated_at_ms);

create table revocation_head (
    one bigint primary key check (one = 1),
    seq bigint not null
);

create table revocations (
    seq bigint primary key,
    kind text not null check (kind in ('session', 'user', 'key', 'workspace')),
    subject_id uuid not null,
    epoch bigint not null,
    at_ms bigint not null
);

create table idempotency (
    principal text not null,
    idempotency_key text not null,
    request_hash bytea not null check (octet_length(request_hash) = 32),
    status bigint,
    body text,
    at_ms bigint not null,
    expires_at_ms bigint not null,
    primary key (principal, idempotency_key)
);
create index idempotency_by_end on idempotency (expires_at_ms);

create table due (
    workspace_id uuid primary key,
    due_at_ms bigint not null,
    served_at_ms bigint not null
);
create index due_by_turn on due (served_at_ms, workspace_id);
