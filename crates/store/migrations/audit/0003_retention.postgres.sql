-- Retention of the security log. It is dropped from its beginning only, up to a boundary that the
-- log itself records and that is signed with it; a hold stops that as a whole. The workspace's log
-- has no boundary: no row of it can be dropped. No role may delete: a row inserted into
-- `audit_drops` has a function of the owner's do it, and each table's own trigger looks again.

-- What stands for the entries before `first_index`: the tree's right edge at that size.
create table audit_boundaries (
    tenant_id uuid not null,
    stream text not null check (stream = 'security'),
    first_index bigint not null check (first_index >= 1),
    root bytea not null check (octet_length(root) = 32),
    peaks bytea not null check (octet_length(peaks) between 32 and 2016),
    at_ms bigint not null,
    primary key (tenant_id, stream, first_index)
);

-- Up to where entries are dropped. Inserting a row drops them, and nothing else does.
create table audit_drops (
    tenant_id uuid not null,
    stream text not null check (stream = 'security'),
    until_index bigint not null check (until_index >= 1),
    at_ms bigint not null,
    primary key (tenant_id, stream, until_index)
);

create table audit_holds (
    tenant_id uuid not null,
    hold_id uuid not null,
    holder text not null check (holder in ('owner', 'staff')),
    reason text not null,
    placed_by text not null,
    placed_at_ms bigint not null,
    lifted_by text,
    lifted_at_ms bigint,
    primary key (tenant_id, hold_id),
    check ((lifted_by is null) = (lifted_at_ms is null))
);

-- Which personal values were erased, and for whom. Inserting a row erases the value and its salt;
-- the entry's commitment stays, and so does every proof.
create table audit_erasures (
    tenant_id uuid not null,
    entry_id uuid not null,
    field text not null,
    subject text not null,
    at_ms bigint not null,
    primary key (tenant_id, entry_id, field)
);

alter table audit_erasures enable row level security;
alter table audit_erasures force row level security;
create policy audit_erasures_of_tenant on audit_erasures
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);
alter table audit_boundaries enable row level security;
alter table audit_boundaries force row level security;
create policy audit_boundaries_of_tenant on audit_boundaries
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);
alter table audit_drops enable row level security;
alter table audit_drops force row level security;
create policy audit_drops_of_tenant on audit_drops
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);
alter table audit_holds enable row level security;
alter table audit_holds force row level security;
create policy audit_holds_of_tenant on audit_holds
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);

create trigger audit_boundaries_no_change before update or delete on audit_boundaries
    for each row execute function refuse_change();
create trigger audit_boundaries_no_truncate before truncate on audit_boundaries
    for each statement execute function refuse_change();
create trigger audit_drops_no_change before update or delete on audit_drops
    for each row execute function refuse_change();
create trigger audit_drops_no_truncate before truncate on audit_drops
    for each statement execute function refuse_change();
create trigger audit_holds_no_truncate before truncate on audit_holds
    for each statement execute function refuse_change();

create trigger audit_erasures_no_change before update or delete on audit_erasures
    for each row execute function refuse_change();
create trigger audit_erasures_no_truncate before truncate on audit_erasures
    for each statement execute function refuse_change();

create function erase_personal() returns trigger language plpgsql security definer
    set search_path = casemate, pg_temp
    as $$ begin
    if not exists (select 1 from audit_entries where tenant_id = new.tenant_id
        and resource_kind = 'user' and resource_id = new.subject
        and verb = 'personal.erased') then
        raise exception 'nothing is erased without an entry that orders it'
            using errcode = '23514';
    end if;
    delete from audit_personal where tenant_id = new.tenant_id
        and entry_id = new.entry_id and field = new.field;
    return null; end $$;
create trigger audit_erasures_done after insert on audit_erasures
    for each row execute function erase_personal();

create function boundary_moves_on() returns trigger language plpgsql
    set search_path = casemate, pg_temp
    as $$ begin
    if exists (select 1 from audit_boundaries where tenant_id = new.tenant_id
        and stream = new.stream and first_index >= new.first_index) then
        raise exception 'a boundary only moves on' using errcode = '23505';
    end if;
    return new; end $$;
create trigger audit_boundaries_move_on before insert on audit_boundaries
    for each row execute function boundary_moves_on();

-- A drop needs a boundary whose entry is in the signed tree, that no hold stands, and that all of
-- it is past its time by the database's own clock.
create function drop_behind_boundary() returns trigger language plpgsql security definer
    set search_path = casemate, pg_temp
    as $$ declare gone uuid[]; begin
    if exists (select 1 from audit_holds
            where tenant_id = new.tenant_id and lifted_at_ms is null)
        or exists (select 1 from audit_drops where tenant_id = new.tenant_id
            and stream = new.stream and until_index > new.until_index)
        or exists (select 1 from audit_leaves l
            join audit_entries e on e.tenant_id = l.tenant_id and e.entry_id = l.entry_id
            where l.tenant_id = new.tenant_id and l.stream = new.stream
                and l.leaf_index < new.until_index
                and e.at_ms > extract(epoch from clock_timestamp()) * 1000 - 7776000000)
        or not exists (select 1 from audit_boundaries b
            join audit_entries e on e.tenant_id = b.tenant_id
                and e.resource_kind = 'log_boundary' and e.resource_id = b.first_index::text
                and e.verb = 'security_log.pruned' and e.stream = b.stream
            join audit_leaves l on l.tenant_id = e.tenant_id and l.entry_id = e.entry_id
            join audit_checkpoints c on c.tenant_id = l.tenant_id and c.stream = l.stream
                and c.size > l.leaf_index
            where b.tenant_id = new.tenant_id and b.stream = new.stream
                and b.first_index >= new.until_index) then
        raise exception 'nothing is dropped young, unbounded or held'
            using errcode = '23514';
    end if;
    select array_agg(entry_id) into gone from audit_leaves where tenant_id = new.tenant_id
        and stream = new.stream and leaf_index < new.until_index;
    delete from audit_personal where tenant_id = new.tenant_id and entry_id = any(gone);
    delete from audit_nodes where tenant_id = new.tenant_id and stream = new.stream
        and ((node_index + 1) << level::integer) <= new.until_index;
    delete from audit_leaves where tenant_id = new.tenant_id and stream = new.stream
        and leaf_index < new.until_index;
    delete from audit_entries where tenant_id = new.tenant_id and entry_id = any(gone);
    return null; end $$;
create trigger audit_drops_done after insert on audit_drops
    for each row execute function drop_behind_boundary();

create function refuse_entry_delete() returns trigger language plpgsql
    set search_path = casemate, pg_temp
    as $$ begin
    if old.stream <> 'security'
        or old.at_ms > extract(epoch from clock_timestamp()) * 1000 - 7776000000
        or not exists (select 1 from audit_drops where tenant_id = old.tenant_id)
        or exists (select 1 from audit_pending where tenant_id = old.tenant_id
            and stream = old.stream and entry_id = old.entry_id)
        or exists (select 1 from audit_leaves
            where tenant_id = old.tenant_id and entry_id = old.entry_id) then
        raise exception 'the log is never changed' using errcode = '42501';
    end if;
    return old; end $$;
create function refuse_personal_delete() returns trigger language plpgsql
    set search_path = casemate, pg_temp
    as $$ begin
    if not exists (select 1 from audit_leaves l join audit_drops d on d.tenant_id = l.tenant_id
        and d.stream = l.stream and d.until_index > l.leaf_index
        where l.tenant_id = old.tenant_id and l.entry_id = old.entry_id
        and l.stream = 'security')
        and not exists (select 1 from audit_erasures where tenant_id = old.tenant_id
            and entry_id = old.entry_id and field = old.field) then
        raise exception 'the log is never changed' using errcode = '42501';
    end if;
    return old; end $$;
create function refuse_leaf_delete() returns trigger language plpgsql
    set search_path = casemate, pg_temp
    as $$ begin
    if old.stream <> 'security' or not exists (select 1 from audit_drops
        where tenant_id = old.tenant_id and stream = old.stream
        and until_index > old.leaf_index) then
        raise exception 'the log is never changed' using errcode = '42501';
    end if;
    return old; end $$;
create function refuse_node_delete() returns trigger language plpgsql
    set search_path = casemate, pg_temp
    as $$ begin
    if old.stream <> 'security' or not exists (select 1 from audit_drops
        where tenant_id = old.tenant_id and stream = old.stream
        and until_index >= ((old.node_index + 1) << old.level::integer)) then
        raise exception 'the log is never changed' using errcode = '42501';
    end if;
    return old; end $$;

drop trigger audit_entries_no_change on audit_entries;
create trigger audit_entries_no_change before update on audit_entries
    for each row execute function refuse_change();
create trigger audit_entries_no_delete before delete on audit_entries
    for each row execute function refuse_entry_delete();
drop trigger audit_personal_no_change on audit_personal;
create trigger audit_personal_no_change before update on audit_personal
    for each row execute function refuse_change();
create trigger audit_personal_no_delete before delete on audit_personal
    for each row execute function refuse_personal_delete();
drop trigger audit_leaves_no_change on audit_leaves;
create trigger audit_leaves_no_change before update on audit_leaves
    for each row execute function refuse_change();
create trigger audit_leaves_no_delete before delete on audit_leaves
    for each row execute function refuse_leaf_delete();
drop trigger audit_nodes_no_change on audit_nodes;
create trigger audit_nodes_no_change before update on audit_nodes
    for each row execute function refuse_change();
create trigger audit_nodes_no_delete before delete on audit_nodes
    for each row execute function refuse_node_delete();
