-- Rotation of the keys that seal a tenant's records: keys that must seal nothing more, and how
-- often the keys get successors. The triggers are the fence behind which records are counted: what
-- a slow writer sealed under a retired key is refused instead of being lost with that key.

create table retired_keys (
    tenant_id uuid not null references team (tenant_id),
    data_key bytea not null check (octet_length(data_key) = 16),
    retired_at_ms bigint not null,
    primary key (tenant_id, data_key)
);

create table sealing_schedules (
    tenant_id uuid primary key references team (tenant_id),
    interval_days bigint not null check (interval_days between 1 and 3650),
    wanted_at_ms bigint,
    wanted_by text,
    finished_at_ms bigint,
    overdue_at_ms bigint
);

-- The lock makes a writer and whoever raises the fence wait for each other: without it, a row that
-- is written but not committed would not be counted, and would not see the fence either.
create function refuse_retired_key_sealed() returns trigger language plpgsql
    set search_path = casemate, pg_catalog, pg_temp
    as $$ begin
        perform 1 from team where tenant_id = new.tenant_id for key share;
        if exists (select 1 from retired_keys where tenant_id = new.tenant_id
            and data_key = substr(new.sealed, 7, 16)) then
            raise exception 'sealed under a retired key' using errcode = '23514';
        end if;
        return new;
    end $$;
create trigger secret_versions_no_retired_key before insert or update of sealed
    on secret_versions for each row execute function refuse_retired_key_sealed();
create function refuse_retired_key_secret_sealed() returns trigger language plpgsql
    set search_path = casemate, pg_catalog, pg_temp
    as $$ begin
        perform 1 from team where tenant_id = new.tenant_id for key share;
        if exists (select 1 from retired_keys where tenant_id = new.tenant_id
            and data_key = substr(new.secret_sealed, 7, 16)) then
            raise exception 'sealed under a retired key' using errcode = '23514';
        end if;
        return new;
    end $$;
create trigger providers_no_retired_key before insert or update of secret_sealed
    on providers for each row execute function refuse_retired_key_secret_sealed();

alter table retired_keys enable row level security;
alter table retired_keys force row level security;
create policy retired_keys_of_tenant on retired_keys
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);
alter table sealing_schedules enable row level security;
alter table sealing_schedules force row level security;
create policy sealing_schedules_of_tenant on sealing_schedules
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);
