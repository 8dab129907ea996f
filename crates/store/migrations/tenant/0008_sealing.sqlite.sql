-- Rotation of the keys that seal this tenant's records: keys that must seal nothing more, and how
-- often the keys get successors. The triggers are the fence behind which records are counted: what
-- a slow writer sealed under a retired key is refused instead of being lost with that key.

create table retired_keys (
    tenant_id blob not null references team (tenant_id),
    data_key blob not null check (length(data_key) = 16),
    retired_at_ms integer not null,
    primary key (tenant_id, data_key)
) strict, without rowid;

create table sealing_schedules (
    tenant_id blob primary key references team (tenant_id),
    interval_days integer not null check (interval_days between 1 and 3650),
    wanted_at_ms integer,
    wanted_by text,
    finished_at_ms integer,
    overdue_at_ms integer
) strict, without rowid;

create trigger secret_versions_no_retired_key before insert on secret_versions
when exists (select 1 from retired_keys
    where tenant_id = new.tenant_id and data_key = substr(new.sealed, 7, 16))
begin select raise(abort, 'sealed under a retired key'); end;
create trigger secret_versions_no_retired_key_again before update of sealed on secret_versions
when exists (select 1 from retired_keys
    where tenant_id = new.tenant_id and data_key = substr(new.sealed, 7, 16))
begin select raise(abort, 'sealed under a retired key'); end;

create trigger providers_no_retired_key before insert on providers
when exists (select 1 from retired_keys
    where tenant_id = new.tenant_id and data_key = substr(new.secret_sealed, 7, 16))
begin select raise(abort, 'sealed under a retired key'); end;
create trigger providers_no_retired_key_again before update of secret_sealed on providers
when exists (select 1 from retired_keys
    where tenant_id = new.tenant_id and data_key = substr(new.secret_sealed, 7, 16))
begin select raise(abort, 'sealed under a retired key'); end;
