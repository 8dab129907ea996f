-- Streams of tenants' logs to receivers of their own: how far each receiver took its log, and what
-- the sender proves itself with, sealed, one row a version.

create table audit_streams (
    tenant_id uuid not null references team (tenant_id),
    stream_id uuid not null,
    name text not null,
    log text not null check (log in ('workspace', 'security')),
    format text not null check (format in ('native', 'ocsf')),
    target text not null,
    state text not null check (state in ('running', 'paused', 'disabled')),
    trouble text,
    public_key text,
    secret_version bigint not null check (secret_version >= 0),
    next_index bigint not null check (next_index >= 0),
    batch_end bigint check (batch_end > next_index),
    tries bigint not null check (tries >= 0),
    due_at_ms bigint not null,
    lease_until_ms bigint not null,
    fence bigint not null check (fence >= 0),
    failing_since_ms bigint,
    told_at_ms bigint,
    delivered_at_ms bigint,
    created_at_ms bigint not null,
    updated_at_ms bigint not null,
    primary key (tenant_id, stream_id),
    unique (tenant_id, name)
);

create table audit_stream_secrets (
    tenant_id uuid not null,
    stream_id uuid not null,
    version bigint not null check (version >= 1),
    sealed bytea not null,
    ends_at_ms bigint,
    primary key (tenant_id, stream_id, version),
    foreign key (tenant_id, stream_id)
        references audit_streams (tenant_id, stream_id) on delete cascade
);

create trigger audit_stream_secrets_no_retired_key before insert or update of sealed
    on audit_stream_secrets for each row execute function refuse_retired_key_sealed();

alter table audit_streams enable row level security;
alter table audit_streams force row level security;
create policy audit_streams_of_tenant on audit_streams
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);
alter table audit_stream_secrets enable row level security;
alter table audit_stream_secrets force row level security;
create policy audit_stream_secrets_of_tenant on audit_stream_secrets
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);
