-- Streams of this tenant's logs to receivers of its own: how far each receiver took its log, and what
-- the sender proves itself with, sealed, one row a version.

create table audit_streams (
    tenant_id blob not null references team (tenant_id),
    stream_id blob not null check (length(stream_id) = 16),
    name text not null,
    log text not null check (log in ('workspace', 'security')),
    format text not null check (format in ('native', 'ocsf')),
    target text not null,
    state text not null check (state in ('running', 'paused', 'disabled')),
    trouble text,
    public_key text,
    secret_version integer not null check (secret_version >= 0),
    next_index integer not null check (next_index >= 0),
    batch_end integer check (batch_end > next_index),
    tries integer not null check (tries >= 0),
    due_at_ms integer not null,
    lease_until_ms integer not null,
    fence integer not null check (fence >= 0),
    failing_since_ms integer,
    told_at_ms integer,
    delivered_at_ms integer,
    created_at_ms integer not null,
    updated_at_ms integer not null,
    primary key (tenant_id, stream_id),
    unique (tenant_id, name)
) strict, without rowid;

create table audit_stream_secrets (
    tenant_id blob not null,
    stream_id blob not null,
    version integer not null check (version >= 1),
    sealed blob not null,
    ends_at_ms integer,
    primary key (tenant_id, stream_id, version),
    foreign key (tenant_id, stream_id)
        references audit_streams (tenant_id, stream_id) on delete cascade
) strict, without rowid;

create trigger audit_stream_secrets_no_retired_key before insert on audit_stream_secrets
when exists (select 1 from retired_keys
    where tenant_id = new.tenant_id and data_key = substr(new.sealed, 7, 16))
begin select raise(abort, 'sealed under a retired key'); end;
create trigger audit_stream_secrets_no_retired_key_again before update of sealed
on audit_stream_secrets
when exists (select 1 from retired_keys
    where tenant_id = new.tenant_id and data_key = substr(new.sealed, 7, 16))
begin select raise(abort, 'sealed under a retired key'); end;
