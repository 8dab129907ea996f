-- Devices that somebody signed in from, what wrong sign-ins leave behind, and how people sign in.

create table devices (
    device_id blob primary key check (length(device_id) = 16),
    user_id blob not null references users (user_id),
    first_seen_at_ms integer not null,
    last_seen_at_ms integer not null
) strict, without rowid;
create index devices_by_user on devices (user_id, last_seen_at_ms);
create index devices_by_age on devices (last_seen_at_ms);

-- Keyed digests only: which pair was tried from a network, which account was tried in an hour.
create table sign_in_marks (
    subject text not null,
    mark text not null,
    at_ms integer not null,
    primary key (subject, mark)
) strict, without rowid;
create index sign_in_marks_by_age on sign_in_marks (at_ms);

create table sign_in_levels (
    subject text primary key,
    level integer not null check (level > 0),
    until_ms integer not null
) strict, without rowid;

create table sign_in_hours (
    hour_ms integer primary key,
    signed_in integer not null,
    refused integer not null,
    accounts integer not null,
    raised integer not null check (raised in (0, 1))
) strict, without rowid;

create table used_proofs (
    proof text primary key,
    until_ms integer not null
) strict, without rowid;

-- How often a person, and everybody together, signed in with a value; values are keyed digests.
create table sign_in_history (
    user_id blob not null references users (user_id),
    feature text not null,
    value text not null,
    times integer not null,
    last_at_ms integer not null,
    primary key (user_id, feature, value)
) strict, without rowid;
create index sign_in_history_by_age on sign_in_history (last_at_ms);

create table sign_in_population (
    feature text not null,
    value text not null,
    times integer not null,
    last_at_ms integer not null,
    primary key (feature, value)
) strict, without rowid;
create index sign_in_population_by_age on sign_in_population (last_at_ms);
