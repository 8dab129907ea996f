-- Broken glass: wishes of one of the staff that another one agrees to, and with which passkey each
-- of them was there. That the two have nothing in common is a rule of the table as well.

alter table sessions add column passkey_id uuid;
alter table sessions add column passkey_at_ms bigint;

create table glass_requests (
    glass_id uuid primary key,
    workspace_id uuid not null,
    reason text not null check (length(reason) > 0),
    minutes bigint not null check (minutes between 1 and 60),
    secrets text not null,
    asked_by uuid not null references users (user_id),
    asked_session uuid not null,
    asked_passkey uuid not null,
    asked_at_ms bigint not null,
    expires_at_ms bigint not null,
    approved_by uuid references users (user_id),
    approved_session uuid,
    approved_passkey uuid,
    until_ms bigint,
    notices text,
    ended_at_ms bigint,
    check (approved_by is null or (approved_by <> asked_by and approved_session <> asked_session
        and approved_passkey <> asked_passkey and until_ms is not null and notices is not null))
);
create index glass_requests_by_time on glass_requests (asked_at_ms);

create trigger glass_requests_keep_terms before update of glass_id, workspace_id, reason, minutes,
    secrets, asked_by, asked_session, asked_passkey, asked_at_ms, expires_at_ms on glass_requests
    for each row execute function refuse_change();
create trigger glass_requests_stay before delete on glass_requests
    for each row execute function refuse_change();
