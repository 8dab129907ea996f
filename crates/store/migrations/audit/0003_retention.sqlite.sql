-- Retention of the security log. It is dropped from its beginning only, up to a boundary that the
-- log itself records and that is signed with it; a hold stops that as a whole. The workspace's log
-- has no boundary: no row of it can be dropped.

-- What stands for the entries before `first_index`: the tree's right edge at that size.
create table audit_boundaries (
    tenant_id blob not null,
    stream text not null check (stream = 'security'),
    first_index integer not null check (first_index >= 1),
    root blob not null check (length(root) = 32),
    peaks blob not null check (length(peaks) between 32 and 2016),
    at_ms integer not null,
    primary key (tenant_id, stream, first_index)
) strict, without rowid;

-- Up to where entries are dropped. Inserting a row drops them, and nothing else does.
create table audit_drops (
    tenant_id blob not null,
    stream text not null check (stream = 'security'),
    until_index integer not null check (until_index >= 1),
    at_ms integer not null,
    primary key (tenant_id, stream, until_index)
) strict, without rowid;

create table audit_holds (
    tenant_id blob not null,
    hold_id blob not null check (length(hold_id) = 16),
    holder text not null check (holder in ('owner', 'staff')),
    reason text not null,
    placed_by text not null,
    placed_at_ms integer not null,
    lifted_by text,
    lifted_at_ms integer,
    primary key (tenant_id, hold_id),
    check ((lifted_by is null) = (lifted_at_ms is null))
) strict, without rowid;

-- Which personal values were erased, and for whom. Inserting a row erases the value and its salt;
-- the entry's commitment stays, and so does every proof.
create table audit_erasures (
    tenant_id blob not null,
    entry_id blob not null check (length(entry_id) = 16),
    field text not null,
    subject text not null,
    at_ms integer not null,
    primary key (tenant_id, entry_id, field)
) strict, without rowid;

create trigger audit_erasures_no_update before update on audit_erasures
begin select raise(abort, 'the log is never changed'); end;
create trigger audit_erasures_no_delete before delete on audit_erasures
begin select raise(abort, 'the log is never changed'); end;
create trigger audit_erasures_ordered before insert on audit_erasures
when exists (select 1 from audit_erasures where tenant_id = new.tenant_id
        and entry_id = new.entry_id and field = new.field)
    or not exists (select 1 from audit_entries where tenant_id = new.tenant_id
        and resource_kind = 'user' and resource_id = new.subject and verb = 'personal.erased')
begin select raise(abort, 'nothing is erased without an entry that orders it'); end;
create trigger audit_erasures_done after insert on audit_erasures
begin
    delete from audit_personal where tenant_id = new.tenant_id
        and entry_id = new.entry_id and field = new.field;
end;

create trigger audit_boundaries_no_update before update on audit_boundaries
begin select raise(abort, 'the log is never changed'); end;
create trigger audit_boundaries_no_delete before delete on audit_boundaries
begin select raise(abort, 'the log is never changed'); end;
create trigger audit_boundaries_no_replace before insert on audit_boundaries
when exists (select 1 from audit_boundaries where tenant_id = new.tenant_id
    and stream = new.stream and first_index >= new.first_index)
begin select raise(abort, 'a boundary only moves on'); end;

create trigger audit_drops_no_update before update on audit_drops
begin select raise(abort, 'the log is never changed'); end;
create trigger audit_drops_no_delete before delete on audit_drops
begin select raise(abort, 'the log is never changed'); end;
create trigger audit_holds_no_delete before delete on audit_holds
begin select raise(abort, 'a hold is lifted, never removed'); end;
create trigger audit_holds_no_replace before insert on audit_holds
when exists (select 1 from audit_holds
    where tenant_id = new.tenant_id and hold_id = new.hold_id)
begin select raise(abort, 'a hold is lifted, never removed'); end;

-- A drop needs a boundary whose entry is in the signed tree, that no hold stands, and that all of
-- it is past its time by the database's own clock.
create trigger audit_drops_covered before insert on audit_drops
when exists (select 1 from audit_holds
        where tenant_id = new.tenant_id and lifted_at_ms is null)
    or exists (select 1 from audit_drops where tenant_id = new.tenant_id
        and stream = new.stream and until_index >= new.until_index)
    or not exists (select 1 from audit_boundaries b
        join audit_entries e on e.tenant_id = b.tenant_id
            and e.resource_kind = 'log_boundary' and e.resource_id = cast(b.first_index as text)
            and e.verb = 'security_log.pruned' and e.stream = b.stream
        join audit_leaves l on l.tenant_id = e.tenant_id and l.entry_id = e.entry_id
        join audit_checkpoints c on c.tenant_id = l.tenant_id and c.stream = l.stream
            and c.size > l.leaf_index
        where b.tenant_id = new.tenant_id and b.stream = new.stream
            and b.first_index >= new.until_index)
begin select raise(abort, 'nothing is dropped young, unbounded or held'); end;

create trigger audit_drops_done after insert on audit_drops
begin
    delete from audit_personal where tenant_id = new.tenant_id and entry_id in (
        select entry_id from audit_leaves where tenant_id = new.tenant_id
            and stream = new.stream and leaf_index < new.until_index);
    delete from audit_nodes where tenant_id = new.tenant_id and stream = new.stream
        and ((node_index + 1) << level) <= new.until_index;
    delete from audit_leaves where tenant_id = new.tenant_id and stream = new.stream
        and leaf_index < new.until_index;
end;

-- The row triggers of before, less what a drop covers.
drop trigger audit_entries_no_delete;
create trigger audit_entries_no_delete before delete on audit_entries
when old.stream <> 'security'
    or old.at_ms > unixepoch() * 1000 - 7776000000
    or not exists (select 1 from audit_drops where tenant_id = old.tenant_id)
    or exists (select 1 from audit_pending where tenant_id = old.tenant_id
        and stream = old.stream and entry_id = old.entry_id)
    or exists (select 1 from audit_leaves
        where tenant_id = old.tenant_id and entry_id = old.entry_id)
begin select raise(abort, 'the log is never changed'); end;

drop trigger audit_personal_no_delete;
create trigger audit_personal_no_delete before delete on audit_personal
when not exists (select 1 from audit_leaves l join audit_drops d on d.tenant_id = l.tenant_id
    and d.stream = l.stream and d.until_index > l.leaf_index
    where l.tenant_id = old.tenant_id and l.entry_id = old.entry_id and l.stream = 'security')
    and not exists (select 1 from audit_erasures where tenant_id = old.tenant_id
        and entry_id = old.entry_id and field = old.field)
begin select raise(abort, 'the log is never changed'); end;

drop trigger audit_leaves_no_delete;
create trigger audit_leaves_no_delete before delete on audit_leaves
when old.stream <> 'security' or not exists (select 1 from audit_drops
    where tenant_id = old.tenant_id and stream = old.stream and until_index > old.leaf_index)
begin select raise(abort, 'the log is never changed'); end;
create trigger audit_leaves_dropped after delete on audit_leaves
begin delete from audit_entries where tenant_id = old.tenant_id and entry_id = old.entry_id; end;

drop trigger audit_nodes_no_delete;
create trigger audit_nodes_no_delete before delete on audit_nodes
when old.stream <> 'security' or not exists (select 1 from audit_drops
    where tenant_id = old.tenant_id and stream = old.stream
    and until_index >= ((old.node_index + 1) << old.level))
begin select raise(abort, 'the log is never changed'); end;
