-- How people may sign in to a workspace: its policy, the providers it trusts, its e-mail domains.

create table sign_in_policies (
    tenant_id uuid primary key references team (tenant_id),
    policy text not null,
    updated_at_ms bigint not null
);

create table providers (
    tenant_id uuid not null references team (tenant_id),
    provider_id uuid not null,
    name text not null,
    issuer text not null,
    client_id text not null,
    secret_version bigint not null check (secret_version >= 1),
    secret_sealed bytea not null,
    created_at_ms bigint not null,
    updated_at_ms bigint not null,
    primary key (tenant_id, provider_id),
    unique (tenant_id, name)
);

create table domains (
    tenant_id uuid not null references team (tenant_id),
    claim_id uuid not null,
    domain text not null,
    challenge text not null,
    claimed_at_ms bigint not null,
    proved_at_ms bigint,
    primary key (tenant_id, claim_id),
    unique (tenant_id, domain)
);

alter table sign_in_policies enable row level security;
alter table sign_in_policies force row level security;
create policy sign_in_policies_of_tenant on sign_in_policies
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);

alter table providers enable row level security;
alter table providers force row level security;
create policy providers_of_tenant on providers
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);

alter table domains enable row level security;
alter table domains force row level security;
create policy domains_of_tenant on domains
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);
