-- The epochs of a log. A restore begins one: the log goes on from the restored size under another
-- name, because under its old one it may already have been longer.

create table audit_epochs (
    tenant_id uuid not null,
    stream text not null check (stream in ('workspace', 'security')),
    epoch bigint not null check (epoch > 0),
    size bigint not null check (size >= 0),
    primary key (tenant_id, stream, epoch),
    unique (tenant_id, stream, size)
);

alter table audit_epochs enable row level security;
alter table audit_epochs force row level security;
create policy audit_epochs_of_tenant on audit_epochs
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);

create trigger audit_epochs_no_change before update or delete on audit_epochs
    for each row execute function refuse_change();
create trigger audit_epochs_no_truncate before truncate on audit_epochs
    for each statement execute function refuse_change();
