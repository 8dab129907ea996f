-- What a session was begun with and from where, sealed; and messages that wait for their person.

alter table sessions drop column user_agent;
alter table sessions drop column ip;
alter table sessions add column client text not null default 'api'
    check (client in ('api', 'browser', 'cli', 'device'));
alter table sessions add column sealed blob;
alter table sessions add column dpop_jkt text;
alter table sessions add column device_id blob;

create table notices (
    notice_id blob primary key check (length(notice_id) = 16),
    user_id blob not null references users (user_id),
    kind text not null,
    details text not null,
    sealed blob,
    created_at_ms integer not null,
    due_at_ms integer not null,
    tries integer not null,
    sent_at_ms integer,
    failure text
) strict, without rowid;
create index notices_by_due on notices (due_at_ms, notice_id) where sent_at_ms is null;
create index notices_by_user on notices (user_id, notice_id);
