-- The epochs of a log. A restore begins one: the log goes on from the restored size under another
-- name, because under its old one it may already have been longer.

create table audit_epochs (
    tenant_id blob not null,
    stream text not null check (stream in ('workspace', 'security')),
    epoch integer not null check (epoch > 0),
    size integer not null check (size >= 0),
    primary key (tenant_id, stream, epoch),
    unique (tenant_id, stream, size)
) strict, without rowid;

create trigger audit_epochs_no_update before update on audit_epochs
begin select raise(abort, 'the log is never changed'); end;
create trigger audit_epochs_no_delete before delete on audit_epochs
begin select raise(abort, 'the log is never changed'); end;
create trigger audit_epochs_no_replace before insert on audit_epochs
when exists (select 1 from audit_epochs where tenant_id = new.tenant_id
    and stream = new.stream and (epoch = new.epoch or size = new.size))
begin select raise(abort, 'the log is never changed'); end;
