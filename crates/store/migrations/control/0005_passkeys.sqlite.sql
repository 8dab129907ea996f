-- Passkeys of people, the challenges their authenticators sign, and who works for the platform.

create table passkeys (
    passkey_id blob primary key check (length(passkey_id) = 16),
    user_id blob not null references users (user_id),
    credential_id text not null unique,
    public_key text not null,
    counter integer not null check (counter >= 0),
    name text not null,
    transports text not null,
    backed_up integer not null check (backed_up in (0, 1)),
    created_at_ms integer not null,
    last_used_at_ms integer
) strict, without rowid;
create index passkeys_by_user on passkeys (user_id, passkey_id);

create table passkey_challenges (
    challenge_id blob primary key check (length(challenge_id) = 16),
    purpose text not null check (purpose in ('register', 'sign_in', 'step_up')),
    user_id blob,
    session_id blob,
    state text not null,
    expires_at_ms integer not null,
    used_at_ms integer
) strict, without rowid;
create index passkey_challenges_by_end on passkey_challenges (expires_at_ms);

create table staff (
    user_id blob primary key check (length(user_id) = 16) references users (user_id),
    role text not null,
    added_at_ms integer not null,
    added_by text not null
) strict, without rowid;
