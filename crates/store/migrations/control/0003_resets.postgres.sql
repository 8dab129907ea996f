-- Messages that were given up, password resets, new authenticators that wait for their first code,
-- and assisted recoveries.

alter table notices add column dead_at_ms bigint;

create table password_resets (
    reset_id uuid primary key,
    user_id uuid not null references users (user_id),
    code_hash bytea not null check (length(code_hash) = 32),
    wrong_codes bigint not null,
    expires_at_ms bigint not null,
    used_at_ms bigint
);
create index password_resets_by_end on password_resets (expires_at_ms);
create index password_resets_by_user on password_resets (user_id);

create table totp_replacements (
    user_id uuid primary key references users (user_id),
    session_id uuid not null,
    totp_sealed bytea not null,
    wrong_codes bigint not null,
    expires_at_ms bigint not null
);
create index totp_replacements_by_end on totp_replacements (expires_at_ms);

create table recoveries (
    recovery_id uuid primary key,
    user_id uuid not null references users (user_id),
    state text not null check (state in ('requested', 'approved', 'cancelled', 'completed')),
    code_hash bytea check (length(code_hash) = 32),
    wrong_codes bigint not null,
    requested_at_ms bigint not null,
    opens_at_ms bigint,
    expires_at_ms bigint not null,
    ended_at_ms bigint,
    password_hash text,
    totp_sealed bytea
);
create unique index recoveries_open on recoveries (user_id) where ended_at_ms is null;
create index recoveries_by_end on recoveries (expires_at_ms);

create table recovery_approvals (
    recovery_id uuid not null references recoveries (recovery_id) on delete cascade,
    workspace_id uuid not null,
    -- Null: the host's operator.
    approved_by uuid,
    approved_at_ms bigint not null,
    primary key (recovery_id, workspace_id)
);
