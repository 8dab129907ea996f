-- What a restore begins in the log of checkpoints, the canary that a rehearsed restore opens, and how
-- the last runs of backup and rehearsal ended.

create table checkpoint_epochs (
    epoch integer primary key check (epoch > 0),
    size integer not null unique check (size >= 0)
) strict;

create table backup_canary (
    one integer primary key check (one = 1),
    record_id blob not null check (length(record_id) = 16),
    sealed blob not null,
    digest blob not null check (length(digest) = 32),
    made_at_ms integer not null
) strict;

create table backup_runs (
    run text primary key check (run in ('data', 'keys', 'drill')),
    number integer not null check (number >= 0),
    at_ms integer not null,
    outcome text not null,
    good_at_ms integer
) strict;

create trigger checkpoint_epochs_no_update before update on checkpoint_epochs
begin select raise(abort, 'the log is never changed'); end;
create trigger checkpoint_epochs_no_delete before delete on checkpoint_epochs
begin select raise(abort, 'the log is never changed'); end;
create trigger checkpoint_epochs_no_replace before insert on checkpoint_epochs
when exists (select 1 from checkpoint_epochs where epoch = new.epoch or size = new.size)
begin select raise(abort, 'the log is never changed'); end;
