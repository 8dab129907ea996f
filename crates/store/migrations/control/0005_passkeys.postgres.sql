-- Passkeys of people, the challenges their authenticators sign, and who works for the platform.

create table passkeys (
    passkey_id uuid primary key,
    user_id uuid not null references users (user_id),
    credential_id text not null unique,
    public_key text not null,
    counter bigint not null check (counter >= 0),
    name text not null,
    transports text not null,
    backed_up bigint not null check (backed_up in (0, 1)),
    created_at_ms bigint not null,
    last_used_at_ms bigint
);
create index passkeys_by_user on passkeys (user_id, passkey_id);

create table passkey_challenges (
    challenge_id uuid primary key,
    purpose text not null check (purpose in ('register', 'sign_in', 'step_up')),
    user_id uuid,
    session_id uuid,
    state text not null,
    expires_at_ms bigint not null,
    used_at_ms bigint
);
create index passkey_challenges_by_end on passkey_challenges (expires_at_ms);

create table staff (
    user_id uuid primary key references users (user_id),
    role text not null,
    added_at_ms bigint not null,
    added_by text not null
);
