-- What a restore begins in the log of checkpoints, the canary that a rehearsed restore opens, and how
-- the last runs of backup and rehearsal ended.

create table checkpoint_epochs (
    epoch bigint primary key check (epoch > 0),
    size bigint not null unique check (size >= 0)
);

create table backup_canary (
    one bigint primary key check (one = 1),
    record_id uuid not null,
    sealed bytea not null,
    digest bytea not null check (octet_length(digest) = 32),
    made_at_ms bigint not null
);

create table backup_runs (
    run text primary key check (run in ('data', 'keys', 'drill')),
    number bigint not null check (number >= 0),
    at_ms bigint not null,
    outcome text not null,
    good_at_ms bigint
);

create trigger checkpoint_epochs_no_change before update or delete on checkpoint_epochs
    for each row execute function refuse_change();
create trigger checkpoint_epochs_no_truncate before truncate on checkpoint_epochs
    for each statement execute function refuse_change();
