-- API keys: where they may be used from, what came before and after them, their last characters;
-- the hours in which a use was logged; and how far account events were copied into this log.

alter table api_keys add column networks text not null default '[]';
alter table api_keys add column last_four text not null default '';
alter table api_keys add column last_used_network text;
alter table api_keys add column predecessor_id uuid;
alter table api_keys add column successor_id uuid;
alter table api_keys add column reported_at_ms bigint;

create table key_uses (
    tenant_id uuid not null references team (tenant_id),
    key_id uuid not null,
    outcome text not null check (outcome in ('used', 'network', 'expired', 'revoked', 'secret')),
    network text not null,
    at_ms bigint not null,
    primary key (tenant_id, key_id, outcome, network)
);

create table security_marks (
    tenant_id uuid primary key references team (tenant_id),
    next_index bigint not null check (next_index >= 0)
);

alter table key_uses enable row level security;
alter table key_uses force row level security;
create policy key_uses_of_tenant on key_uses
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);
alter table security_marks enable row level security;
alter table security_marks force row level security;
create policy security_marks_of_tenant on security_marks
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);
