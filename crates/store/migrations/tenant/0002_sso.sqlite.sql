-- How people may sign in to a workspace: its policy, the providers it trusts, its e-mail domains.

create table sign_in_policies (
    tenant_id blob primary key references team (tenant_id),
    policy text not null,
    updated_at_ms integer not null
) strict, without rowid;

create table providers (
    tenant_id blob not null references team (tenant_id),
    provider_id blob not null check (length(provider_id) = 16),
    name text not null,
    issuer text not null,
    client_id text not null,
    secret_version integer not null check (secret_version >= 1),
    secret_sealed blob not null,
    created_at_ms integer not null,
    updated_at_ms integer not null,
    primary key (tenant_id, provider_id),
    unique (tenant_id, name)
) strict, without rowid;

create table domains (
    tenant_id blob not null references team (tenant_id),
    claim_id blob not null check (length(claim_id) = 16),
    domain text not null,
    challenge text not null,
    claimed_at_ms integer not null,
    proved_at_ms integer,
    primary key (tenant_id, claim_id),
    unique (tenant_id, domain)
) strict, without rowid;
