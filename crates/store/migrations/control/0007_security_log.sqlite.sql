-- Account events: how far the platform's security log was read, whose each entry is, and the hours
-- in which a session's use was logged.

create table security_projection (
    one integer primary key check (one = 1),
    next_index integer not null check (next_index >= 0)
) strict;
insert into security_projection (one, next_index) values (1, 0);

create table account_events (
    user_id blob not null check (length(user_id) = 16),
    entry_id blob not null check (length(entry_id) = 16),
    at_ms integer not null,
    primary key (user_id, entry_id)
) strict, without rowid;
create index account_events_by_age on account_events (at_ms);

create table session_uses (
    session_id blob not null check (length(session_id) = 16),
    outcome text not null check (outcome in ('used', 'refused')),
    workspace text not null,
    network text not null,
    at_ms integer not null,
    primary key (session_id, outcome, workspace, network)
) strict, without rowid;
create index session_uses_by_age on session_uses (at_ms);
