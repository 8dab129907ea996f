-- Broken glass: wishes of one of the staff that another one agrees to, and with which passkey each
-- of them was there. That the two have nothing in common is a rule of the table as well.

alter table sessions add column passkey_id blob;
alter table sessions add column passkey_at_ms integer;

create table glass_requests (
    glass_id blob primary key check (length(glass_id) = 16),
    workspace_id blob not null check (length(workspace_id) = 16),
    reason text not null check (length(reason) > 0),
    minutes integer not null check (minutes between 1 and 60),
    secrets text not null,
    asked_by blob not null references users (user_id),
    asked_session blob not null,
    asked_passkey blob not null,
    asked_at_ms integer not null,
    expires_at_ms integer not null,
    approved_by blob references users (user_id),
    approved_session blob,
    approved_passkey blob,
    until_ms integer,
    notices text,
    ended_at_ms integer,
    check (approved_by is null or (approved_by <> asked_by and approved_session <> asked_session
        and approved_passkey <> asked_passkey and until_ms is not null and notices is not null))
) strict, without rowid;
create index glass_requests_by_time on glass_requests (asked_at_ms);

create trigger glass_requests_keep_terms before update of glass_id, workspace_id, reason, minutes,
    secrets, asked_by, asked_session, asked_passkey, asked_at_ms, expires_at_ms on glass_requests
begin select raise(abort, 'terms do not change'); end;
create trigger glass_requests_stay before delete on glass_requests
begin select raise(abort, 'broken glass is not forgotten'); end;
