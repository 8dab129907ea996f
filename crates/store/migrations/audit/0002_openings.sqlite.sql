-- What a log's own readers need to find their checkpoints in the platform's log of checkpoints: the
-- log's name there, and the nonce of every checkpoint that was published.

create table audit_pseudonyms (
    tenant_id blob not null,
    stream text not null check (stream in ('workspace', 'security')),
    pseudonym blob not null check (length(pseudonym) = 16),
    primary key (tenant_id, stream)
) strict, without rowid;

create table audit_openings (
    tenant_id blob not null,
    stream text not null check (stream in ('workspace', 'security')),
    size integer not null check (size >= 1),
    root blob not null check (length(root) = 32),
    nonce blob not null check (length(nonce) = 32),
    at_ms integer not null,
    primary key (tenant_id, stream, size)
) strict, without rowid;

create trigger audit_pseudonyms_no_update before update on audit_pseudonyms
begin select raise(abort, 'the log is never changed'); end;
create trigger audit_pseudonyms_no_delete before delete on audit_pseudonyms
begin select raise(abort, 'the log is never changed'); end;
create trigger audit_pseudonyms_no_replace before insert on audit_pseudonyms
when exists (select 1 from audit_pseudonyms
    where tenant_id = new.tenant_id and stream = new.stream)
begin select raise(abort, 'the log is never changed'); end;

create trigger audit_openings_no_update before update on audit_openings
begin select raise(abort, 'the log is never changed'); end;
create trigger audit_openings_no_delete before delete on audit_openings
begin select raise(abort, 'the log is never changed'); end;
create trigger audit_openings_no_replace before insert on audit_openings
when exists (select 1 from audit_openings
    where tenant_id = new.tenant_id and stream = new.stream and size = new.size)
begin select raise(abort, 'the log is never changed'); end;
