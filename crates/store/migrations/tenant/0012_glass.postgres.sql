-- Broken glass: what two of the staff agreed to open of this workspace, written together with the
-- entry that tells of it. Rows stay, and only their end is written later.

create table glass_approvals (
    tenant_id uuid not null references team (tenant_id),
    glass_id uuid not null,
    reason text not null check (length(reason) > 0),
    asked_by uuid not null,
    asked_session uuid not null,
    asked_passkey uuid not null,
    approved_by uuid not null,
    approved_session uuid not null,
    approved_passkey uuid not null,
    records text not null,
    notices text not null,
    approved_at_ms bigint not null,
    until_ms bigint not null,
    ended_at_ms bigint,
    primary key (tenant_id, glass_id),
    check (approved_by <> asked_by and approved_session <> asked_session
        and approved_passkey <> asked_passkey)
);

create trigger glass_approvals_keep_terms before update of tenant_id, glass_id, reason, asked_by,
    asked_session, asked_passkey, approved_by, approved_session, approved_passkey, records,
    notices, approved_at_ms, until_ms on glass_approvals
    for each row execute function refuse_change();
create trigger glass_approvals_stay before delete on glass_approvals
    for each row execute function refuse_change();

alter table glass_approvals enable row level security;
alter table glass_approvals force row level security;
create policy glass_approvals_of_tenant on glass_approvals
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);
