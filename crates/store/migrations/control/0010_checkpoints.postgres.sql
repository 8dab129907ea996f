-- The log of checkpoints: blinded leaves, their tree, its signed heads, and what witnesses said of
-- them. Everything here is public but the last table.

create table checkpoint_leaves (
    leaf_index bigint primary key check (leaf_index >= 0),
    pseudonym bytea not null check (octet_length(pseudonym) = 16),
    commitment bytea not null unique check (octet_length(commitment) = 32),
    hash bytea not null check (octet_length(hash) = 32)
);

create table checkpoint_nodes (
    level bigint not null check (level >= 1),
    node_index bigint not null check (node_index >= 0),
    hash bytea not null check (octet_length(hash) = 32),
    primary key (level, node_index)
);

create table checkpoint_heads (
    size bigint primary key check (size >= 0),
    root bytea not null check (octet_length(root) = 32),
    at_ms bigint not null,
    note text not null
);

create table checkpoint_cosignatures (
    size bigint not null references checkpoint_heads (size),
    witness text not null,
    line text not null,
    at_ms bigint not null,
    primary key (size, witness)
);

create table checkpoint_witnesses (
    witness text primary key,
    size bigint not null check (size >= 0),
    outcome text not null,
    at_ms bigint not null,
    failing_since_ms bigint
);

create trigger checkpoint_leaves_no_change before update or delete on checkpoint_leaves
    for each row execute function refuse_change();
create trigger checkpoint_leaves_no_truncate before truncate on checkpoint_leaves
    for each statement execute function refuse_change();
create trigger checkpoint_nodes_no_change before update or delete on checkpoint_nodes
    for each row execute function refuse_change();
create trigger checkpoint_nodes_no_truncate before truncate on checkpoint_nodes
    for each statement execute function refuse_change();
create trigger checkpoint_heads_no_change before update or delete on checkpoint_heads
    for each row execute function refuse_change();
create trigger checkpoint_heads_no_truncate before truncate on checkpoint_heads
    for each statement execute function refuse_change();
create trigger checkpoint_cosignatures_no_change before update or delete on checkpoint_cosignatures
    for each row execute function refuse_change();
create trigger checkpoint_cosignatures_no_truncate before truncate on checkpoint_cosignatures
    for each statement execute function refuse_change();
