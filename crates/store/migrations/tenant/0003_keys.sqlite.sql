-- API keys: where they may be used from, what came before and after them, their last characters;
-- the hours in which a use was logged; and how far account events were copied into this log.

alter table api_keys add column networks text not null default '[]';
alter table api_keys add column last_four text not null default '';
alter table api_keys add column last_used_network text;
alter table api_keys add column predecessor_id blob;
alter table api_keys add column successor_id blob;
alter table api_keys add column reported_at_ms integer;

create table key_uses (
    tenant_id blob not null references team (tenant_id),
    key_id blob not null check (length(key_id) = 16),
    outcome text not null check (outcome in ('used', 'network', 'expired', 'revoked', 'secret')),
    network text not null,
    at_ms integer not null,
    primary key (tenant_id, key_id, outcome, network)
) strict, without rowid;

create table security_marks (
    tenant_id blob primary key references team (tenant_id),
    next_index integer not null check (next_index >= 0)
) strict, without rowid;
