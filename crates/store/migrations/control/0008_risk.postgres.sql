-- Devices that somebody signed in from, what wrong sign-ins leave behind, and how people sign in.

create table devices (
    device_id uuid primary key,
    user_id uuid not null references users (user_id),
    first_seen_at_ms bigint not null,
    last_seen_at_ms bigint not null
);
create index devices_by_user on devices (user_id, last_seen_at_ms);
create index devices_by_age on devices (last_seen_at_ms);

-- Keyed digests only: which pair was tried from a network, which account was tried in an hour.
create table sign_in_marks (
    subject text not null,
    mark text not null,
    at_ms bigint not null,
    primary key (subject, mark)
);
create index sign_in_marks_by_age on sign_in_marks (at_ms);

create table sign_in_levels (
    subject text primary key,
    level bigint not null check (level > 0),
    until_ms bigint not null
);

create table sign_in_hours (
    hour_ms bigint primary key,
    signed_in bigint not null,
    refused bigint not null,
    accounts bigint not null,
    raised bigint not null check (raised in (0, 1))
);

create table used_proofs (
    proof text primary key,
    until_ms bigint not null
);

-- How often a person, and everybody together, signed in with a value; values are keyed digests.
create table sign_in_history (
    user_id uuid not null references users (user_id),
    feature text not null,
    value text not null,
    times bigint not null,
    last_at_ms bigint not null,
    primary key (user_id, feature, value)
);
create index sign_in_history_by_age on sign_in_history (last_at_ms);

create table sign_in_population (
    feature text not null,
    value text not null,
    times bigint not null,
    last_at_ms bigint not null,
    primary key (feature, value)
);
create index sign_in_population_by_age on sign_in_population (last_at_ms);
