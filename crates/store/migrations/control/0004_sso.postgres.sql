-- Single sign-on: who is recognised by which provider, ways to a provider and back, and how the
-- person of a session signed in.

alter table sessions add column sign_in_path text;

create table identities (
    issuer text not null,
    subject text not null,
    user_id uuid not null references users (user_id),
    provider text not null,
    home_id uuid,
    linked_at_ms bigint not null,
    used_at_ms bigint not null,
    primary key (issuer, subject)
);
create index identities_by_user on identities (user_id, issuer, subject);

create table sso_transactions (
    transaction_id uuid primary key,
    cookie_mac bytea not null check (octet_length(cookie_mac) = 32),
    provider text not null,
    workspace_id uuid,
    user_id uuid,
    session_id uuid,
    errand text not null check (errand in ('sign_in', 'link', 'step_up')),
    state text not null check (state in ('sent', 'back', 'known', 'failed', 'redeemed')),
    outcome text,
    created_at_ms bigint not null,
    expires_at_ms bigint not null,
    check ((errand = 'sign_in') = (user_id is null) and (user_id is null) = (session_id is null))
);
create index sso_transactions_by_end on sso_transactions (expires_at_ms);

create table sso_only_workspaces (
    workspace_id uuid primary key
);
