-- Two ways for a browser to let the command line in: a code that it hands over on the same machine,
-- and a device authorization that somebody approves elsewhere.

create table authorizations (
    authorization_id uuid primary key,
    user_id uuid not null references users (user_id),
    session_id uuid not null,
    code_hash text not null,
    challenge text not null,
    dpop_jkt text not null,
    label text not null,
    amr text not null,
    expires_at_ms bigint not null,
    redeemed_at_ms bigint
);
create index authorizations_by_end on authorizations (expires_at_ms);

create table device_grants (
    device_grant_id uuid primary key,
    device_code_hash text not null,
    user_code_hash text not null unique,
    dpop_jkt text not null,
    requester text not null,
    state text not null check (state in ('waiting', 'approved', 'denied', 'redeemed')),
    interval_s bigint not null,
    polled_at_ms bigint not null,
    user_id uuid references users (user_id),
    session_id uuid,
    amr text,
    created_at_ms bigint not null,
    expires_at_ms bigint not null
);
create index device_grants_by_end on device_grants (expires_at_ms);
