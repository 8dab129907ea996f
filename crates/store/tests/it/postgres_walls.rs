//! The walls of PostgreSQL, attacked with the credentials a broken `serve` would have.

use std::time::Duration;

use domain::Sealed;
use ledger::Verb;
use store::postgres::{Roles, prepare};
use store::{Commit, PostgresTarget, Refusal, Store, StoreConfig, StoreError};
use tokio_postgres::Client;

use crate::house::{House, Kind, Workspace, event, mint, set_permit, set_secret, variable};

/// Runs a statement that has to fail; its SQLSTATE.
async fn refused(client: &Client, text: &str) -> String {
    let error = client.batch_execute(text).await.expect_err(text);
    // A failed statement inside a transaction must not make the next attack fail for that reason.
    client.batch_execute("rollback").await.unwrap();
    error.code().map_or_else(|| error.to_string(), |code| code.code().to_owned())
}

pub(crate) async fn as_tenant(client: &Client, workspace: Workspace) {
    let tenant = workspace.tenant;
    client
        .batch_execute(&format!("select set_config('casemate.tenant', '{tenant}', false)"))
        .await
        .unwrap();
}

async fn count(client: &Client, text: &str) -> i64 {
    client.query_one(text, &[]).await.unwrap().get(0)
}

async fn changed(client: &Client, text: &str) -> u64 {
    client.execute(text, &[]).await.unwrap()
}

pub(crate) async fn filled(kind: Kind) -> House {
    let house = House::open(kind).await;
    set_secret(&house, house.ours, "OURS", vec![1]).await.unwrap();
    set_secret(&house, house.theirs, "THEIRS", vec![2]).await.unwrap();
    house
}

/// Opens a second store on the same database: what the next start would say.
pub(crate) async fn next_start(house: &House) -> Result<Store, StoreError> {
    Store::open(house.config.clone(), mint().1).await
}

/// The tables under row security.
const SECURED: [&str; 19] = [
    "team",
    "members",
    "invitations",
    "projects",
    "project_members",
    "environments",
    "secrets",
    "secret_versions",
    "api_keys",
    "jobs",
    "audit_entries",
    "audit_personal",
    "audit_pending",
    "audit_leaves",
    "audit_nodes",
    "audit_checkpoints",
    "audit_pseudonyms",
    "audit_openings",
    "journal_marks",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_any_predicate_a_tenant_still_sees_and_changes_its_own_rows_only() {
    let house = filled(Kind::Postgres).await;
    let database = house.database();
    let raw = database.raw(Some(&database.roles.runtime())).await;
    as_tenant(&raw, house.theirs).await;
    let tenant = house.theirs.tenant;
    for table in SECURED {
        let foreign =
            count(&raw, &format!("select count(*) from {table} where tenant_id <> '{tenant}'"))
                .await;
        assert_eq!(foreign, 0, "{table}");
    }
    assert_eq!(count(&raw, "select count(*) from secrets").await, 1);
    assert_eq!(changed(&raw, "update secrets set name = 'MINE'").await, 1);
    assert_eq!(changed(&raw, "update members set email = 'x@y.example'").await, 1);
    assert_eq!(changed(&raw, "delete from secret_versions").await, 1);
    let superuser = database.raw(None).await;
    assert_eq!(count(&superuser, "select count(*) from secrets where name = 'OURS'").await, 1);
    assert_eq!(count(&superuser, "select count(*) from secret_versions").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_tenant_nothing_is_seen_and_nothing_can_be_written() {
    let house = filled(Kind::Postgres).await;
    let database = house.database();
    for role in [database.roles.runtime(), database.roles.platform()] {
        let raw = database.raw(Some(&role)).await;
        let log = ["audit_entries", "audit_personal", "audit_pending", "journal_marks"];
        let tables: &[&str] = if role == database.roles.runtime() { &SECURED } else { &log };
        for (setting, visible) in [("", 0), ("not-a-tenant", -1)] {
            if !setting.is_empty() {
                raw.batch_execute(&format!(
                    "select set_config('casemate.tenant', '{setting}', false)"
                ))
                .await
                .unwrap();
            }
            for table in tables {
                let text = format!("select count(*) from {table}");
                let seen = raw.query_one(&text, &[]).await.map_or(-1, |row| row.get::<_, i64>(0));
                assert!(seen == visible || seen == 0, "{role} {table} {setting}: {seen}");
            }
        }
        let id = uuid::Uuid::from_u128(1);
        raw.batch_execute("select set_config('casemate.tenant', '', false)").await.unwrap();
        let insert = format!("insert into journal_marks (tenant_id, seq) values ('{id}', 1)");
        assert_eq!(refused(&raw, &insert).await, "42501");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_cannot_write_rows_of_a_neighbour() {
    let house = filled(Kind::Postgres).await;
    let database = house.database();
    let raw = database.raw(Some(&database.roles.runtime())).await;
    as_tenant(&raw, house.ours).await;
    let (ours, theirs) = (house.ours.tenant, house.theirs.tenant);
    let id = uuid::Uuid::from_u128(7);
    for text in [
        format!("insert into projects values ('{theirs}', '{id}', 'x', '{id}', 1)"),
        format!("update projects set tenant_id = '{theirs}'"),
        format!("update secrets set tenant_id = '{theirs}'"),
        format!(
            "insert into audit_entries values \
             ('{theirs}', '{id}', 'workspace', 'v', 'k', 'i', 1, '', \
             decode(repeat('00', 32), 'hex'))"
        ),
    ] {
        assert_eq!(refused(&raw, &text).await, "42501", "{text}");
    }
    // Foreign keys are checked without row security: the composite key is what refuses these.
    let superuser = database.raw(None).await;
    let (project, user) = (house.theirs.project, house.ours.owner);
    let text = format!("insert into project_members values ('{ours}', '{project}', '{user}', 1)");
    assert_eq!(refused(&superuser, &text).await, "23503");
    let environment = house.theirs.environment;
    let text = format!(
        "insert into secrets values ('{ours}', '{id}', '{project}', '{environment}', 'X', 1, \
         '{user}', 1, '{user}', 1)"
    );
    assert_eq!(refused(&superuser, &text).await, "23503");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_cannot_be_changed_by_those_who_write_it() {
    let house = filled(Kind::Postgres).await;
    let database = house.database();
    for role in [database.roles.runtime(), database.roles.platform()] {
        let raw = database.raw(Some(&role)).await;
        as_tenant(&raw, house.ours).await;
        for table in [
            "audit_entries",
            "audit_personal",
            "audit_leaves",
            "audit_nodes",
            "audit_checkpoints",
            "audit_pseudonyms",
            "audit_openings",
        ] {
            for attack in [
                format!("update {table} set tenant_id = tenant_id"),
                format!("delete from {table}"),
                format!("truncate {table} cascade"),
                format!("alter table {table} disable trigger all"),
                format!("alter table {table} disable row level security"),
                format!("alter table {table} no force row level security"),
                format!("drop trigger {table}_no_change on {table}"),
                format!("drop policy {table}_of_tenant on {table}"),
                format!("create policy open on {table} using (true)"),
                format!("alter table {table} rename to {table}_old"),
                format!("drop table {table} cascade"),
                format!("create rule quiet as on insert to {table} do instead nothing"),
                format!("begin; lock table {table} in access exclusive mode"),
            ] {
                assert_eq!(refused(&raw, &attack).await, "42501", "{role}: {attack}");
            }
        }
        for attack in [
            "set session_replication_role = 'replica'".to_owned(),
            format!("set role {}", database.roles.owner()),
            "set session authorization postgres".to_owned(),
            format!("grant {} to {role}", database.roles.owner()),
            format!("alter role {role} bypassrls"),
            "create or replace function refuse_change() returns trigger language plpgsql \
             as $$ begin return new; end $$"
                .to_owned(),
            "create table casemate.shadow (a int)".to_owned(),
            "create schema shadow".to_owned(),
            "truncate audit_pending".to_owned(),
            "update checkpoint_leaves set leaf_index = leaf_index".to_owned(),
            "delete from checkpoint_heads".to_owned(),
            "truncate checkpoint_nodes".to_owned(),
            "update checkpoint_cosignatures set line = ''".to_owned(),
            "update audit_pending set stream = 'security'".to_owned(),
            "delete from migrations".to_owned(),
        ] {
            assert_eq!(refused(&raw, &attack).await, "42501", "{role}: {attack}");
        }
        // Without the option to grant this is a warning, not an error: nothing may have come of it.
        raw.batch_execute("grant all on audit_entries to public").await.unwrap();
        assert_eq!(house.store.verify_guards().await.unwrap(), vec![]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_side_has_no_right_on_the_others_tables() {
    let house = filled(Kind::Postgres).await;
    let database = house.database();
    let runtime = database.raw(Some(&database.roles.runtime())).await;
    for table in ["users", "sessions", "workspaces", "backup_codes", "key_index", "throttle"] {
        let attack = format!("select count(*) from {table}");
        assert_eq!(refused(&runtime, &attack).await, "42501", "{attack}");
    }
    let platform = database.raw(Some(&database.roles.platform())).await;
    as_tenant(&platform, house.ours).await;
    for table in ["team", "members", "secrets", "secret_versions", "api_keys", "jobs"] {
        let attack = format!("select count(*) from {table}");
        assert_eq!(refused(&platform, &attack).await, "42501", "{attack}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_owner_is_under_row_security_too_and_cannot_empty_the_log() {
    let house = filled(Kind::Postgres).await;
    let database = house.database();
    let raw = database.raw(None).await;
    raw.batch_execute(&format!("set role {}", database.roles.owner())).await.unwrap();
    assert_eq!(count(&raw, "select count(*) from secrets").await, 0);
    as_tenant(&raw, house.ours).await;
    assert_eq!(count(&raw, "select count(*) from secrets").await, 1);
    for attack in [
        "update audit_entries set verb = 'x'",
        "delete from audit_entries",
        "truncate audit_entries cascade",
        "truncate audit_leaves",
        "truncate audit_nodes",
        "truncate audit_checkpoints",
        "truncate audit_personal",
    ] {
        assert_eq!(refused(&raw, attack).await, "42501", "{attack}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn preparing_again_mends_roles_and_grants_and_keeps_the_data() {
    let house = filled(Kind::Postgres).await;
    let database = house.database();
    let superuser = database.raw(None).await;
    let runtime = database.roles.runtime();
    superuser
        .batch_execute(&format!(
            "alter role {runtime} bypassrls; grant all on audit_entries to {runtime}"
        ))
        .await
        .unwrap();
    assert!(!house.store.verify_guards().await.unwrap().is_empty());
    prepare(&database.as_superuser(), &database.roles, &mint().1).await.unwrap();
    assert_eq!(house.store.verify_guards().await.unwrap(), vec![]);
    let (ours, scope) = (house.ours, house.scope(house.ours));
    let found = house
        .store
        .fetch_sealed(&scope, ours.project, ours.environment, &variable("OURS"))
        .await
        .unwrap();
    assert!(found.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_would_not_be_verified_is_refused() {
    let (_, mint) = mint();
    let open = async |target: PostgresTarget| {
        let config = StoreConfig::Postgres { runtime: target.clone(), platform: target, pool: 1 };
        Store::open(config, mint.clone()).await.map(drop)
    };
    let unverified = Err(StoreError::Refused(Refusal::Unverified));
    for url in [
        "postgres://a@127.0.0.1/b",
        "postgres://a@localhost/b?sslmode=disable",
        "postgres://a@localhost/b?sslmode=require",
        "host=/tmp,localhost user=a",
        "host=localhost hostaddr=127.0.0.1 user=a",
    ] {
        assert_eq!(open(PostgresTarget::socket(url)).await, unverified, "{url}");
    }
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("roots.pem");
    std::fs::write(&empty, "").unwrap();
    let no_roots = PostgresTarget::tls("postgres://a@localhost/b", empty);
    assert_eq!(open(no_roots).await, unverified);
    let missing = PostgresTarget::tls("postgres://a@localhost/b", folder.path().join("none"));
    assert_eq!(open(missing).await, unverified);
    let nonsense = open(PostgresTarget::socket("postgres://[")).await;
    assert_eq!(nonsense, Err(StoreError::Refused(Refusal::Address)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_another_format_is_refused() {
    let house = filled(Kind::Postgres).await;
    let database = house.database();
    let superuser = database.raw(None).await;
    let insert = "insert into migrations values (99, 'future', decode(repeat('00', 32), 'hex'), 1)";
    superuser.batch_execute(insert).await.unwrap();
    let Err(newer) = next_start(&house).await.map(drop) else { panic!("it opens") };
    let StoreError::Refused(Refusal::NewerFormat { found, known }) = newer else {
        panic!("{newer:?}")
    };
    assert_eq!(found, known + 1);
    let again = prepare(&database.as_superuser(), &database.roles, &mint().1).await;
    assert_eq!(again, Err(newer));
    superuser.batch_execute("delete from migrations where number = 99").await.unwrap();
    let edit = "update migrations set hash = decode(repeat('00', 32), 'hex') where number = 2";
    superuser.batch_execute(edit).await.unwrap();
    let other = Err(StoreError::Refused(Refusal::OtherHistory(2)));
    assert_eq!(next_start(&house).await.map(drop), other);
    superuser.batch_execute("delete from migrations where number = 3").await.unwrap();
    let unprepared = Err(StoreError::Refused(Refusal::NotPrepared));
    assert_eq!(next_start(&house).await.map(drop), unprepared);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_one_shot_read_dropped_at_any_poll_leaves_no_half_transaction_behind() {
    let house = filled(Kind::Postgres).await;
    let (ours, theirs) = (house.ours, house.theirs);
    let database = house.database();
    let superuser = database.raw(None).await;
    let (scope, other) = (house.scope(ours), house.scope(theirs));
    let name = variable("OURS");
    let foreign = variable("THEIRS");
    for polls in 0..40 {
        let fetch = house.store.fetch_sealed(&scope, ours.project, ours.environment, &name);
        let mut fetch = Box::pin(fetch);
        let mut left = polls;
        let ended = std::future::poll_fn(|context| {
            if left == 0 {
                return std::task::Poll::Ready(false);
            }
            left -= 1;
            fetch.as_mut().poll(context).map(|answer| answer.unwrap().is_some())
        })
        .await;
        drop(fetch);
        // Whoever gets a connection next sees their own rows, and not ours.
        let own = house
            .store
            .fetch_sealed(&other, theirs.project, theirs.environment, &foreign)
            .await
            .unwrap();
        assert!(own.is_some(), "after {polls} polls");
        let ours_seen =
            house.store.fetch_sealed(&other, ours.project, ours.environment, &name).await.unwrap();
        assert!(ours_seen.is_none(), "after {polls} polls");
        if ended {
            break;
        }
    }
    // A closed connection's transaction ends on the server within a moment.
    let open = "select count(*) from pg_stat_activity where datname = current_database() \
        and state like 'idle in transaction%'";
    for _ in 0..100 {
        if count(&superuser, open).await == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("a transaction was left open");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_dies_in_the_middle_loses_the_action_and_its_entry() {
    let house = filled(Kind::Postgres).await;
    let ours = house.ours;
    let superuser = house.database().raw(None).await;
    let (killed, kill) = (std::sync::mpsc::channel(), std::sync::mpsc::channel());
    let (told, go_on) = (killed.0, kill.1);
    let (store, scope) = (house.store.clone(), house.scope(ours));
    let writing = tokio::spawn(async move {
        store
            .write::<_, StoreError>(&scope, move |tx| {
                let permit = set_permit(ours, tx.now(), "LOST");
                let id = tx.mint().id();
                tx.secrets().set(permit, id, ours.owner, &Sealed::from_envelope(vec![1]))?;
                told.send(()).unwrap();
                go_on.recv().unwrap();
                Ok(Commit::audited(event(Verb::SecretSet), ()))
            })
            .await
    });
    tokio::task::spawn_blocking(move || killed.1.recv().unwrap()).await.unwrap();
    let kill_it = "select pg_terminate_backend(pid) from pg_stat_activity \
        where datname = current_database() and state = 'idle in transaction'";
    superuser.batch_execute(kill_it).await.unwrap();
    kill.0.send(()).unwrap();
    assert_eq!(writing.await.unwrap().unwrap_err(), StoreError::Unreachable);
    let name = variable("LOST");
    let scope = house.scope(ours);
    let lost = house.store.fetch_sealed(&scope, ours.project, ours.environment, &name).await;
    assert_eq!(lost, Ok(None));
    set_secret(&house, ours, "LOST", vec![1]).await.unwrap();
}

#[test]
fn a_role_prefix_that_would_need_quoting_is_refused() {
    for prefix in ["", "Casemate", "a;b", "a\"b", "a-b", "1a", &"a".repeat(41)] {
        assert!(Roles::without_passwords(prefix).is_err(), "{prefix}");
    }
}
