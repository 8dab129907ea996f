-- Messages that were given up, password resets, new authenticators that wait for their first code,
-- and assisted recoveries.

alter table notices add column dead_at_ms integer;

create table password_resets (
    reset_id blob primary key check (length(reset_id) = 16),
    user_id blob not null references users (user_id),
    code_hash blob not null check (length(code_hash) = 32),
    wrong_codes integer not null,
    expires_at_ms integer not null,
    used_at_ms integer
) strict, without rowid;
create index password_resets_by_end on password_resets (expires_at_ms);
create index password_resets_by_user on password_resets (user_id);

create table totp_replacements (
    user_id blob primary key references users (user_id),
    session_id blob not null,
    totp_sealed blob not null,
    wrong_codes integer not null,
    expires_at_ms integer not null
) strict, without rowid;
create index totp_replacements_by_end on totp_replacements (expires_at_ms);

create table recoveries (
    recovery_id blob primary key check (length(recovery_id) = 16),
    user_id blob not null references users (user_id),
    state text not null check (state in ('requested', 'approved', 'cancelled', 'completed')),
    code_hash blob check (length(code_hash) = 32),
    wrong_codes integer not null,
    requested_at_ms integer not null,
    opens_at_ms integer,
    expires_at_ms integer not null,
    ended_at_ms integer,
    password_hash text,
    totp_sealed blob
) strict, without rowid;
create unique index recoveries_open on recoveries (user_id) where ended_at_ms is null;
create index recoveries_by_end on recoveries (expires_at_ms);

create table recovery_approvals (
    recovery_id blob not null references recoveries (recovery_id) on delete cascade,
    workspace_id blob not null,
    -- Null: the host's operator.
    approved_by blob,
    approved_at_ms integer not null,
    primary key (recovery_id, workspace_id)
) strict, without rowid;
