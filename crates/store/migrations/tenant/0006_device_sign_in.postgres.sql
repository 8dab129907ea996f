-- Whether sessions that were let in by a device authorization may enter the workspace.

alter table team add column device_sign_in bigint not null default 1
    check (device_sign_in in (0, 1));
