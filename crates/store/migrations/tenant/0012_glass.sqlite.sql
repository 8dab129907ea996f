-- Broken glass: what two of the staff agreed to open of this workspace, written together with the
-- entry that tells of it. Rows stay, and only their end is written later.

create table glass_approvals (
    tenant_id blob not null references team (tenant_id),
    glass_id blob not null check (length(glass_id) = 16),
    reason text not null check (length(reason) > 0),
    asked_by blob not null,
    asked_session blob not null,
    asked_passkey blob not null,
    approved_by blob not null,
    approved_session blob not null,
    approved_passkey blob not null,
    records text not null,
    notices text not null,
    approved_at_ms integer not null,
    until_ms integer not null,
    ended_at_ms integer,
    primary key (tenant_id, glass_id),
    check (approved_by <> asked_by and approved_session <> asked_session
        and approved_passkey <> asked_passkey)
) strict, without rowid;

create trigger glass_approvals_keep_terms before update of tenant_id, glass_id, reason, asked_by,
    asked_session, asked_passkey, approved_by, approved_session, approved_passkey, records,
    notices, approved_at_ms, until_ms on glass_approvals
begin select raise(abort, 'terms do not change'); end;
create trigger glass_approvals_stay before delete on glass_approvals
begin select raise(abort, 'broken glass is not forgotten'); end;
