-- Workspaces. The tenant leads every key and every foreign key, so a row cannot refer to a
-- neighbour's (the check of a foreign key is not subject to row security). Row security is forced,
-- on the owner too.

create table team (
    tenant_id uuid primary key,
    name text not null,
    state text not null check (state in ('active', 'deleted')),
    production_local_use bigint not null check (production_local_use in (0, 1)),
    created_at_ms bigint not null,
    updated_at_ms bigint not null
);

create table members (
    tenant_id uuid not null references team (tenant_id),
    user_id uuid not null,
    email text not null,
    role text not null check (role in ('viewer', 'operator', 'admin', 'owner')),
    overrides text not null,
    joined_at_ms bigint not null,
    updated_at_ms bigint not null,
    primary key (tenant_id, user_id)
);
create unique index members_one_owner on members (tenant_id) where role = 'owner';

create table invitations (
    tenant_id uuid not null references team (tenant_id),
    invitation_id uuid not null,
    email text not null,
    role text not null check (role in ('viewer', 'operator', 'admin')),
    projects text not null,
    inviter_id uuid not null,
    code_hash bytea not null check (octet_length(code_hash) = 32),
    wrong_codes bigint not null,
    created_at_ms bigint not null,
    expires_at_ms bigint not null,
    state text not null check (state in ('open', 'accepted', 'revoked')),
    settled_at_ms bigint,
    primary key (tenant_id, invitation_id)
);

create table projects (
    tenant_id uuid not null references team (tenant_id),
    project_id uuid not null,
    name text not null,
    created_by uuid not null,
    created_at_ms bigint not null,
    primary key (tenant_id, project_id),
    unique (tenant_id, name)
);

create table project_members (
    tenant_id uuid not null,
    project_id uuid not null,
    user_id uuid not null,
    added_at_ms bigint not null,
    primary key (tenant_id, project_id, user_id),
    foreign key (tenant_id, project_id) references projects (tenant_id, project_id),
    foreign key (tenant_id, user_id) references members (tenant_id, user_id)
);
create index project_members_by_user on project_members (tenant_id, user_id, project_id);

create table environments (
    tenant_id uuid not null,
    environment_id uuid not null,
    project_id uuid not null,
    name text not null,
    production bigint not null check (production in (0, 1)),
    created_at_ms bigint not null,
    primary key (tenant_id, environment_id),
    unique (tenant_id, project_id, name),
    unique (tenant_id, project_id, environment_id),
    foreign key (tenant_id, project_id) references projects (tenant_id, project_id)
);

create table secrets (
    tenant_id uuid not null,
    secret_id uuid not null,
    project_id uuid not null,
    environment_id uuid not null,
    name text not null,
    version bigint not null check (version >= 1),
    created_by uuid not null,
    created_at_ms bigint not null,
    updated_by uuid not null,
    updated_at_ms bigint not null,
    primary key (tenant_id, secret_id),
    unique (tenant_id, project_id, environment_id, name),
    foreign key (tenant_id, project_id, environment_id)
        references environments (tenant_id, project_id, environment_id)
);

create table secret_versions (
    tenant_id uuid not null,
    secret_id uuid not null,
    version bigint not null check (version >= 1),
    sealed bytea not null,
    created_by uuid not null,
    created_at_ms bigint not null,
    primary key (tenant_id, secret_id, version),
    foreign key (tenant_id, secret_id) references secrets (tenant_id, secret_id) on delete cascade
);

create table api_keys (
    tenant_id uuid not null references team (tenant_id),
    key_id uuid not null,
    name text not null,
    scopes text not null,
    digest bytea not null check (octet_length(digest) = 32),
    creator_id uuid not null,
    created_at_ms bigint not null,
    expires_at_ms bigint,
    last_used_at_ms bigint,
    revoked_at_ms bigint,
    primary key (tenant_id, key_id)
);

create table jobs (
    tenant_id uuid not null references team (tenant_id),
    job_id uuid not null,
    kind text not null,
    payload text not null,
    principal_id uuid not null,
    request_id uuid not null,
    enqueued_at_ms bigint not null,
    run_at_ms bigint not null,
    lease_until_ms bigint not null,
    fence bigint not null,
    tries bigint not null,
    state text not null check (state in ('waiting', 'done', 'dead')),
    mac bytea not null check (octet_length(mac) = 32),
    primary key (tenant_id, job_id)
);
create index jobs_by_turn on jobs (tenant_id, run_at_ms, job_id) where state = 'waiting';

alter table team enable row level security;
alter table team force row level security;
create policy team_of_tenant on team
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);
alter table members enable row level security;
alter table members force row level security;
create policy members_of_tenant on members
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);
alter table invitations enable row level security;
alter table invitations force row level security;
create policy invitations_of_tenant on invitations
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);
alter table projects enable row level security;
alter table projects force row level security;
create policy projects_of_tenant on projects
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);
alter table project_members enable row level security;
alter table project_members force row level security;
create policy project_members_of_tenant on project_members
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);
alter table environments enable row level security;
alter table environments force row level security;
create policy environments_of_tenant on environments
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);
alter table secrets enable row level security;
alter table secrets force row level security;
create policy secrets_of_tenant on secrets
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);
alter table secret_versions enable row level security;
alter table secret_versions force row level security;
create policy secret_versions_of_tenant on secret_versions
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);
alter table api_keys enable row level security;
alter table api_keys force row level security;
create policy api_keys_of_tenant on api_keys
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);
alter table jobs enable row level security;
alter table jobs force row level security;
create policy jobs_of_tenant on jobs
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);
