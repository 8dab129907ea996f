-- What a session was begun with and from where, sealed; and messages that wait for their person.

alter table sessions drop column user_agent;
alter table sessions drop column ip;
alter table sessions add column client text not null default 'api'
    check (client in ('api', 'browser', 'cli', 'device'));
alter table sessions add column sealed bytea;
alter table sessions add column dpop_jkt text;
alter table sessions add column device_id uuid;

create table notices (
    notice_id uuid primary key,
    user_id uuid not null references users (user_id),
    kind text not null,
    details text not null,
    sealed bytea,
    created_at_ms bigint not null,
    due_at_ms bigint not null,
    tries bigint not null,
    sent_at_ms bigint,
    failure text
);
create index notices_by_due on notices (due_at_ms, notice_id) where sent_at_ms is null;
create index notices_by_user on notices (user_id, notice_id);
