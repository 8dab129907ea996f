-- The log of one unit. Rows are inserted and read; the triggers abort everything else. `insert or
-- replace` fires no delete trigger, so a key that exists is refused before the insert.

create table audit_entries (
    tenant_id blob not null,
    entry_id blob not null check (length(entry_id) = 16),
    stream text not null check (stream in ('workspace', 'security')),
    verb text not null,
    resource_kind text not null,
    resource_id text not null,
    at_ms integer not null,
    body blob not null,
    hash blob not null check (length(hash) = 32),
    primary key (tenant_id, entry_id)
) strict, without rowid;
create index audit_entries_by_resource
    on audit_entries (tenant_id, resource_kind, resource_id, entry_id);

create table audit_personal (
    tenant_id blob not null,
    entry_id blob not null,
    field text not null,
    salt blob not null check (length(salt) = 32),
    value text not null,
    primary key (tenant_id, entry_id, field),
    foreign key (tenant_id, entry_id) references audit_entries (tenant_id, entry_id)
) strict, without rowid;

create table audit_pending (
    tenant_id blob not null,
    entry_id blob not null,
    stream text not null,
    primary key (tenant_id, stream, entry_id),
    foreign key (tenant_id, entry_id) references audit_entries (tenant_id, entry_id)
) strict, without rowid;

create table audit_leaves (
    tenant_id blob not null,
    stream text not null check (stream in ('workspace', 'security')),
    leaf_index integer not null check (leaf_index >= 0),
    entry_id blob not null,
    hash blob not null check (length(hash) = 32),
    primary key (tenant_id, stream, leaf_index),
    unique (tenant_id, entry_id),
    foreign key (tenant_id, entry_id) references audit_entries (tenant_id, entry_id)
) strict, without rowid;

create table audit_nodes (
    tenant_id blob not null,
    stream text not null check (stream in ('workspace', 'security')),
    level integer not null check (level >= 1),
    node_index integer not null check (node_index >= 0),
    hash blob not null check (length(hash) = 32),
    primary key (tenant_id, stream, level, node_index)
) strict, without rowid;

create table audit_checkpoints (
    tenant_id blob not null,
    stream text not null check (stream in ('workspace', 'security')),
    size integer not null check (size >= 0),
    root blob not null check (length(root) = 32),
    at_ms integer not null,
    note text not null,
    primary key (tenant_id, stream, size)
) strict, without rowid;

create table journal_marks (
    tenant_id blob primary key check (length(tenant_id) = 16),
    seq integer not null check (seq >= 0)
) strict, without rowid;

create trigger audit_entries_no_update before update on audit_entries
begin select raise(abort, 'the log is never changed'); end;
create trigger audit_entries_no_delete before delete on audit_entries
begin select raise(abort, 'the log is never changed'); end;
create trigger audit_entries_no_replace before insert on audit_entries
when exists (select 1 from audit_entries
    where tenant_id = new.tenant_id and entry_id = new.entry_id)
begin select raise(abort, 'the log is never changed'); end;

create trigger audit_personal_no_update before update on audit_personal
begin select raise(abort, 'the log is never changed'); end;
create trigger audit_personal_no_delete before delete on audit_personal
begin select raise(abort, 'the log is never changed'); end;
create trigger audit_personal_no_replace before insert on audit_personal
when exists (select 1 from audit_personal
    where tenant_id = new.tenant_id and entry_id = new.entry_id and field = new.field)
begin select raise(abort, 'the log is never changed'); end;

create trigger audit_leaves_no_update before update on audit_leaves
begin select raise(abort, 'the log is never changed'); end;
create trigger audit_leaves_no_delete before delete on audit_leaves
begin select raise(abort, 'the log is never changed'); end;
create trigger audit_leaves_no_replace before insert on audit_leaves
when exists (select 1 from audit_leaves where tenant_id = new.tenant_id
        and stream = new.stream and leaf_index = new.leaf_index)
    or exists (select 1 from audit_leaves
        where tenant_id = new.tenant_id and entry_id = new.entry_id)
begin select raise(abort, 'the log is never changed'); end;

create trigger audit_nodes_no_update before update on audit_nodes
begin select raise(abort, 'the log is never changed'); end;
create trigger audit_nodes_no_delete before delete on audit_nodes
begin select raise(abort, 'the log is never changed'); end;
create trigger audit_nodes_no_replace before insert on audit_nodes
when exists (select 1 from audit_nodes where tenant_id = new.tenant_id
    and stream = new.stream and level = new.level and node_index = new.node_index)
begin select raise(abort, 'the log is never changed'); end;

create trigger audit_checkpoints_no_update before update on audit_checkpoints
begin select raise(abort, 'the log is never changed'); end;
create trigger audit_checkpoints_no_delete before delete on audit_checkpoints
begin select raise(abort, 'the log is never changed'); end;
create trigger audit_checkpoints_no_replace before insert on audit_checkpoints
when exists (select 1 from audit_checkpoints
    where tenant_id = new.tenant_id and stream = new.stream and size = new.size)
begin select raise(abort, 'the log is never changed'); end;
