-- The log of checkpoints: blinded leaves, their tree, its signed heads, and what witnesses said of
-- them. Everything here is public but the last table.

create table checkpoint_leaves (
    leaf_index integer primary key check (leaf_index >= 0),
    pseudonym blob not null check (length(pseudonym) = 16),
    commitment blob not null unique check (length(commitment) = 32),
    hash blob not null check (length(hash) = 32)
) strict;

create table checkpoint_nodes (
    level integer not null check (level >= 1),
    node_index integer not null check (node_index >= 0),
    hash blob not null check (length(hash) = 32),
    primary key (level, node_index)
) strict;

create table checkpoint_heads (
    size integer primary key check (size >= 0),
    root blob not null check (length(root) = 32),
    at_ms integer not null,
    note text not null
) strict;

create table checkpoint_cosignatures (
    size integer not null references checkpoint_heads (size),
    witness text not null,
    line text not null,
    at_ms integer not null,
    primary key (size, witness)
) strict;

create table checkpoint_witnesses (
    witness text primary key,
    size integer not null check (size >= 0),
    outcome text not null,
    at_ms integer not null,
    failing_since_ms integer
) strict;

create trigger checkpoint_leaves_no_update before update on checkpoint_leaves
begin select raise(abort, 'the log is never changed'); end;
create trigger checkpoint_leaves_no_delete before delete on checkpoint_leaves
begin select raise(abort, 'the log is never changed'); end;
create trigger checkpoint_leaves_no_replace before insert on checkpoint_leaves
when exists (select 1 from checkpoint_leaves
    where leaf_index = new.leaf_index or commitment = new.commitment)
begin select raise(abort, 'the log is never changed'); end;

create trigger checkpoint_nodes_no_update before update on checkpoint_nodes
begin select raise(abort, 'the log is never changed'); end;
create trigger checkpoint_nodes_no_delete before delete on checkpoint_nodes
begin select raise(abort, 'the log is never changed'); end;
create trigger checkpoint_nodes_no_replace before insert on checkpoint_nodes
when exists (select 1 from checkpoint_nodes
    where level = new.level and node_index = new.node_index)
begin select raise(abort, 'the log is never changed'); end;

create trigger checkpoint_heads_no_update before update on checkpoint_heads
begin select raise(abort, 'the log is never changed'); end;
create trigger checkpoint_heads_no_delete before delete on checkpoint_heads
begin select raise(abort, 'the log is never changed'); end;
create trigger checkpoint_heads_no_replace before insert on checkpoint_heads
when exists (select 1 from checkpoint_heads where size = new.size)
begin select raise(abort, 'the log is never changed'); end;

create trigger checkpoint_cosignatures_no_update before update on checkpoint_cosignatures
begin select raise(abort, 'the log is never changed'); end;
create trigger checkpoint_cosignatures_no_delete before delete on checkpoint_cosignatures
begin select raise(abort, 'the log is never changed'); end;
create trigger checkpoint_cosignatures_no_replace before insert on checkpoint_cosignatures
when exists (select 1 from checkpoint_cosignatures
    where size = new.size and witness = new.witness)
begin select raise(abort, 'the log is never changed'); end;
