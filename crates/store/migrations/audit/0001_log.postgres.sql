-- The log of every unit. Rows are inserted and read; triggers refuse everything else, on every
-- table by itself (a truncate trigger on a parent does not fire for its partitions).

create table audit_entries (
    tenant_id uuid not null,
    entry_id uuid not null,
    stream text not null check (stream in ('workspace', 'security')),
    verb text not null,
    resource_kind text not null,
    resource_id text not null,
    at_ms bigint not null,
    body bytea not null,
    hash bytea not null check (octet_length(hash) = 32),
    primary key (tenant_id, entry_id)
);
create index audit_entries_by_resource
    on audit_entries (tenant_id, resource_kind, resource_id, entry_id);

create table audit_personal (
    tenant_id uuid not null,
    entry_id uuid not null,
    field text not null,
    salt bytea not null check (octet_length(salt) = 32),
    value text not null,
    primary key (tenant_id, entry_id, field),
    foreign key (tenant_id, entry_id) references audit_entries (tenant_id, entry_id)
);

create table audit_pending (
    tenant_id uuid not null,
    entry_id uuid not null,
    stream text not null,
    primary key (tenant_id, stream, entry_id),
    foreign key (tenant_id, entry_id) references audit_entries (tenant_id, entry_id)
);

create table audit_leaves (
    tenant_id uuid not null,
    stream text not null check (stream in ('workspace', 'security')),
    leaf_index bigint not null check (leaf_index >= 0),
    entry_id uuid not null,
    hash bytea not null check (octet_length(hash) = 32),
    primary key (tenant_id, stream, leaf_index),
    unique (tenant_id, entry_id),
    foreign key (tenant_id, entry_id) references audit_entries (tenant_id, entry_id)
);

create table audit_nodes (
    tenant_id uuid not null,
    stream text not null check (stream in ('workspace', 'security')),
    level bigint not null check (level >= 1),
    node_index bigint not null check (node_index >= 0),
    hash bytea not null check (octet_length(hash) = 32),
    primary key (tenant_id, stream, level, node_index)
);

create table audit_checkpoints (
    tenant_id uuid not null,
    stream text not null check (stream in ('workspace', 'security')),
    size bigint not null check (size >= 0),
    root bytea not null check (octet_length(root) = 32),
    at_ms bigint not null,
    note text not null,
    primary key (tenant_id, stream, size)
);

create table journal_marks (
    tenant_id uuid primary key,
    seq bigint not null check (seq >= 0)
);

alter table audit_entries enable row level security;
alter table audit_entries force row level security;
create policy audit_entries_of_tenant on audit_entries
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);
alter table audit_personal enable row level security;
alter table audit_personal force row level security;
create policy audit_personal_of_tenant on audit_personal
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);
alter table audit_pending enable row level security;
alter table audit_pending force row level security;
create policy audit_pending_of_tenant on audit_pending
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);
alter table audit_leaves enable row level security;
alter table audit_leaves force row level security;
create policy audit_leaves_of_tenant on audit_leaves
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);
alter table audit_nodes enable row level security;
alter table audit_nodes force row level security;
create policy audit_nodes_of_tenant on audit_nodes
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);
alter table audit_checkpoints enable row level security;
alter table audit_checkpoints force row level security;
create policy audit_checkpoints_of_tenant on audit_checkpoints
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);
alter table journal_marks enable row level security;
alter table journal_marks force row level security;
create policy journal_marks_of_tenant on journal_marks
    using (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('casemate.tenant', true), '')::uuid);

create function refuse_change() returns trigger language plpgsql
    set search_path = pg_catalog, pg_temp
    as $$ begin raise exception 'the log is never changed' using errcode = '42501'; end $$;
create trigger audit_entries_no_change before update or delete on audit_entries
    for each row execute function refuse_change();
create trigger audit_entries_no_truncate before truncate on audit_entries
    for each statement execute function refuse_change();
create trigger audit_personal_no_change before update or delete on audit_personal
    for each row execute function refuse_change();
create trigger audit_personal_no_truncate before truncate on audit_personal
    for each statement execute function refuse_change();
create trigger audit_leaves_no_change before update or delete on audit_leaves
    for each row execute function refuse_change();
create trigger audit_leaves_no_truncate before truncate on audit_leaves
    for each statement execute function refuse_change();
create trigger audit_nodes_no_change before update or delete on audit_nodes
    for each row execute function refuse_change();
create trigger audit_nodes_no_truncate before truncate on audit_nodes
    for each statement execute function refuse_change();
create trigger audit_checkpoints_no_change before update or delete on audit_checkpoints
    for each row execute function refuse_change();
create trigger audit_checkpoints_no_truncate before truncate on audit_checkpoints
    for each statement execute function refuse_change();
create trigger audit_pending_no_truncate before truncate on audit_pending
    for each statement execute function refuse_change();
