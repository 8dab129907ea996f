-- Account events: how far the platform's security log was read, whose each entry is, and the hours
-- in which a session's use was logged.

create table security_projection (
    one integer primary key check (one = 1),
    next_index bigint not null check (next_index >= 0)
);
insert into security_projection (one, next_index) values (1, 0);

create table account_events (
    user_id uuid not null,
    entry_id uuid not null,
    at_ms bigint not null,
    primary key (user_id, entry_id)
);
create index account_events_by_age on account_events (at_ms);

create table session_uses (
    session_id uuid not null,
    outcome text not null check (outcome in ('used', 'refused')),
    workspace text not null,
    network text not null,
    at_ms bigint not null,
    primary key (session_id, outcome, workspace, network)
);
create index session_uses_by_age on session_uses (at_ms);
