-- One workspace. The tenant's id leads every key although the file has one tenant only: a row that
-- was carried in from another file matches no statement.

create table team (
    tenant_id blob primary key check (length(tenant_id) = 16),
    name text not null,
    state text not null check (state in ('active', 'deleted')),
    production_local_use integer not null check (production_local_use in (0, 1)),
    created_at_ms integer not null,
    updated_at_ms integer not null
) strict, without rowid;

create table members (
    tenant_id blob not null references team (tenant_id),
    user_id blob not null check (length(user_id) = 16),
    email text not null,
    role text not null check (role in ('viewer', 'operator', 'admin', 'owner')),
    overrides text not null,
    joined_at_ms integer not null,
    updated_at_ms integer not null,
    primary key (tenant_id, user_id)
) strict, without rowid;
create unique index members_one_owner on members (tenant_id) where role = 'owner';

create table invitations (
    tenant_id blob not null references team (tenant_id),
    invitation_id blob not null check (length(invitation_id) = 16),
    email text not null,
    role text not null check (role in ('viewer', 'operator', 'admin')),
    projects text not null,
    inviter_id blob not null,
    code_hash blob not null check (length(code_hash) = 32),
    wrong_codes integer not null,
    created_at_ms integer not null,
    expires_at_ms integer not null,
    state text not null check (state in ('open', 'accepted', 'revoked')),
    settled_at_ms integer,
    primary key (tenant_id, invitation_id)
) strict, without rowid;

create table projects (
    tenant_id blob not null references team (tenant_id),
    project_id blob not null check (length(project_id) = 16),
    name text not null,
    created_by blob not null,
    created_at_ms integer not null,
    primary key (tenant_id, project_id),
    unique (tenant_id, name)
) strict, without rowid;

create table project_members (
    tenant_id blob not null,
    project_id blob not null,
    user_id blob not null,
    added_at_ms integer not null,
    primary key (tenant_id, project_id, user_id),
    foreign key (tenant_id, project_id) references projects (tenant_id, project_id),
    foreign key (tenant_id, user_id) references members (tenant_id, user_id)
) strict, without rowid;
create index project_members_by_user on project_members (tenant_id, user_id, project_id);

create table environments (
    tenant_id blob not null,
    environment_id blob not null check (length(environment_id) = 16),
    project_id blob not null,
    name text not null,
    production integer not null check (production in (0, 1)),
    created_at_ms integer not null,
    primary key (tenant_id, environment_id),
    unique (tenant_id, project_id, name),
    unique (tenant_id, project_id, environment_id),
    foreign key (tenant_id, project_id) references projects (tenant_id, project_id)
) strict, without rowid;

create table secrets (
    tenant_id blob not null,
    secret_id blob not null check (length(secret_id) = 16),
    project_id blob not null,
    environment_id blob not null,
    name text not null,
    version integer not null check (version >= 1),
    created_by blob not null,
    created_at_ms integer not null,
    updated_by blob not null,
    updated_at_ms integer not null,
    primary key (tenant_id, secret_id),
    unique (tenant_id, project_id, environment_id, name),
    foreign key (tenant_id, project_id, environment_id)
        references environments (tenant_id, project_id, environment_id)
) strict, without rowid;

create table secret_versions (
    tenant_id blob not null,
    secret_id blob not null,
    version integer not null check (version >= 1),
    sealed blob not null,
    created_by blob not null,
    created_at_ms integer not null,
    primary key (tenant_id, secret_id, version),
    foreign key (tenant_id, secret_id) references secrets (tenant_id, secret_id) on delete cascade
) strict;

create table api_keys (
    tenant_id blob not null references team (tenant_id),
    key_id blob not null check (length(key_id) = 16),
    name text not null,
    scopes text not null,
    digest blob not null check (length(digest) = 32),
    creator_id blob not null,
    created_at_ms integer not null,
    expires_at_ms integer,
    last_used_at_ms integer,
    revoked_at_ms integer,
    primary key (tenant_id, key_id)
) strict, without rowid;

create table jobs (
    tenant_id blob not null references team (tenant_id),
    job_id blob not null check (length(job_id) = 16),
    kind text not null,
    payload text not null,
    principal_id blob not null,
    request_id blob not null,
    enqueued_at_ms integer not null,
    run_at_ms integer not null,
    lease_until_ms integer not null,
    fence integer not null,
    tries integer not null,
    state text not null check (state in ('waiting', 'done', 'dead')),
    mac blob not null check (length(mac) = 32),
    primary key (tenant_id, job_id)
) strict, without rowid;
create index jobs_by_turn on jobs (tenant_id, run_at_ms, job_id) where state = 'waiting';
