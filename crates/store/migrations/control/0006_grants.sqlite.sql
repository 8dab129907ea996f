-- Two ways for a browser to let the command line in: a code that it hands over on the same machine,
-- and a device authorization that somebody approves elsewhere.

create table authorizations (
    authorization_id blob primary key check (length(authorization_id) = 16),
    user_id blob not null references users (user_id),
    session_id blob not null,
    code_hash text not null,
    challenge text not null,
    dpop_jkt text not null,
    label text not null,
    amr text not null,
    expires_at_ms integer not null,
    redeemed_at_ms integer
) strict, without rowid;
create index authorizations_by_end on authorizations (expires_at_ms);

create table device_grants (
    device_grant_id blob primary key check (length(device_grant_id) = 16),
    device_code_hash text not null,
    user_code_hash text not null unique,
    dpop_jkt text not null,
    requester text not null,
    state text not null check (state in ('waiting', 'approved', 'denied', 'redeemed')),
    interval_s integer not null,
    polled_at_ms integer not null,
    user_id blob references users (user_id),
    session_id blob,
    amr text,
    created_at_ms integer not null,
    expires_at_ms integer not null
) strict, without rowid;
create index device_grants_by_end on device_grants (expires_at_ms);
