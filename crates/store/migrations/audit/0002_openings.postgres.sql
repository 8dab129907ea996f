-- What a log's own readers need to find their checkpoints in the platform's log of checkpoints: the
-- log's name there, and the nonce of every checkpoint that was published.

create table audit_pseudonyms (
    tenant_id uuid not null,
    stream text not null check (stream in ('workspace', 'security')),
    pseudonym bytea not null check (octet_length(pseudonym) = 16),
    primary key (tenant_id, stream)
);

create table audit_openings (
    tenant_id uuid not null,
    stream text not null check (stream in ('workspace', 'security')),
    size bigint not null check (size >= 1),
    root bytea not null check (octet_length(root) = 32),
    nonce bytea not null check (octet_length(nonce) = 32),
    at_ms bigint not null,
    primary key (tenant_id, stream, size)
);

alter table audit_pseudonyms enable row level security;
alter table audit_pseudonyms force row level security;
create policy audit_pseudonyms_of_tenant on audit_pseudonyms
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);
alter table audit_openings enable row level security;
alter table audit_openings force row level security;
create policy audit_openings_of_tenant on audit_openings
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);

create trigger audit_pseudonyms_no_change before update or delete on audit_pseudonyms
    for each row execute function refuse_change();
create trigger audit_pseudonyms_no_truncate before truncate on audit_pseudonyms
    for each statement execute function refuse_change();
create trigger audit_openings_no_change before update or delete on audit_openings
    for each row execute function refuse_change();
create trigger audit_openings_no_truncate before truncate on audit_openings
    for each statement execute function refuse_change();
