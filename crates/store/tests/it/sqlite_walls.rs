//! The walls of SQLite, and everything a disk can do to a file.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use ledger::Verb;
use rusqlite::Connection;
use store::{Commit, Page, QuietReason, Refusal, Store, StoreConfig, StoreError};

use crate::house::{House, Kind, Workspace, as_system, event, mint, scope, set_secret, variable};

fn tenant_file(house: &House, workspace: Workspace) -> PathBuf {
    house.folder().join(format!("tenants/{}.db", workspace.tenant))
}

/// A connection of somebody with the file in their hands, who is not confined as ours are.
fn raw(file: &Path) -> Connection {
    Connection::open(file).unwrap()
}

async fn again(house: &House) -> Result<Store, StoreError> {
    Store::open(house.config.clone(), mint().1).await
}

/// Reads the team's settings: the least a request needs of a tenant's file.
async fn touched(store: &Store, workspace: Workspace) -> Result<bool, StoreError> {
    store
        .read::<_, StoreError>(&scope(store, workspace), |tx| Ok(tx.team().settings()?.is_some()))
        .await
}

const LOG: [&str; 7] = [
    "audit_entries",
    "audit_personal",
    "audit_leaves",
    "audit_nodes",
    "audit_checkpoints",
    "audit_pseudonyms",
    "audit_openings",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_cannot_be_changed_by_sql() {
    let house = House::open(Kind::Sqlite).await;
    set_secret(&house, house.ours, "S", vec![1]).await.unwrap();
    let file = raw(&tenant_file(&house, house.ours));
    file.execute_batch(
        "insert into audit_leaves select tenant_id, stream, 0, entry_id, hash from audit_entries \
         limit 1; \
         insert into audit_nodes select tenant_id, stream, 1, 0, hash from audit_leaves; \
         insert into audit_checkpoints \
             select tenant_id, stream, 1, hash, 1, 'n' from audit_leaves; \
         insert into audit_pseudonyms select tenant_id, stream, zeroblob(16) from audit_leaves; \
         insert into audit_openings select tenant_id, stream, 1, hash, hash, 1 from audit_leaves",
    )
    .unwrap();
    for table in LOG {
        for attack in [
            format!("update {table} set tenant_id = tenant_id"),
            format!("delete from {table}"),
            format!("insert or replace into {table} select * from {table}"),
            format!("replace into {table} select * from {table}"),
            format!("update or replace {table} set tenant_id = x'00'"),
        ] {
            let refused = file.execute_batch(&attack).unwrap_err().to_string();
            assert!(refused.contains("the log is never changed"), "{attack}: {refused}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_of_checkpoints_cannot_be_changed_by_sql() {
    let house = House::open(Kind::Sqlite).await;
    let file = raw(&house.folder().join("control.db"));
    file.execute_batch(
        "insert into checkpoint_leaves values (0, zeroblob(16), zeroblob(32), zeroblob(32)); \
         insert into checkpoint_nodes values (1, 0, zeroblob(32)); \
         insert into checkpoint_heads values (1, zeroblob(32), 1, 'n'); \
         insert into checkpoint_cosignatures values (1, 'w', 'line', 1)",
    )
    .unwrap();
    for (table, column) in [
        ("checkpoint_leaves", "hash"),
        ("checkpoint_nodes", "hash"),
        ("checkpoint_heads", "note"),
        ("checkpoint_cosignatures", "line"),
    ] {
        for attack in [
            format!("update {table} set {column} = {column}"),
            format!("delete from {table}"),
            format!("insert or replace into {table} select * from {table}"),
            format!("replace into {table} select * from {table}"),
        ] {
            let refused = file.execute_batch(&attack).unwrap_err().to_string();
            assert!(refused.contains("the log is never changed"), "{attack}: {refused}");
        }
    }
    // The same blinded hash at another place would be a second leaf of one checkpoint.
    let twice = "insert or replace into checkpoint_leaves \
        values (1, zeroblob(16), zeroblob(32), zeroblob(32))";
    assert!(file.execute_batch(twice).is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_trigger_lets_an_attack_through_and_is_named_by_the_guards() {
    let house = House::open(Kind::Sqlite).await;
    set_secret(&house, house.ours, "S", vec![1]).await.unwrap();
    assert_eq!(house.store.verify_guards().await.unwrap(), vec![]);
    let file = raw(&tenant_file(&house, house.ours));
    for (drop, attack) in [
        ("drop trigger audit_entries_no_update", "update audit_entries set verb = 'forged'"),
        ("drop trigger audit_personal_no_delete", "delete from audit_personal"),
        (
            "drop trigger audit_entries_no_replace",
            "insert or replace into audit_entries select tenant_id, entry_id, stream, 'again', \
             resource_kind, resource_id, at_ms, body, hash from audit_entries",
        ),
    ] {
        assert!(file.execute_batch(attack).is_err(), "{attack}");
        let trigger: String = file
            .query_row(
                "select sql from sqlite_master where name = ?1",
                [drop.rsplit(' ').next().unwrap()],
                |row| row.get(0),
            )
            .unwrap();
        file.execute_batch(&format!("pragma foreign_keys = off; {drop}; {attack}")).unwrap();
        let findings = house.store.verify_guards().await.unwrap();
        assert_eq!(findings.len(), 1, "{drop}: {findings:?}");
        assert_eq!(findings[0].guard, "schema.missing_or_changed");
        assert!(findings[0].place.contains(&house.ours.tenant.to_string()));
        let restarted = again(&house).await.unwrap();
        let refused = touched(&restarted, house.ours).await;
        assert_eq!(refused, Err(StoreError::Refused(Refusal::WeakGuards(1))));
        assert_eq!(touched(&restarted, house.theirs).await, Ok(true), "the neighbour is unharmed");
        file.execute_batch(&trigger).unwrap();
        assert_eq!(house.store.verify_guards().await.unwrap(), vec![]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_table_or_trigger_is_named_by_the_guards() {
    let house = House::open(Kind::Sqlite).await;
    let file = raw(&house.folder().join("control.db"));
    file.execute_batch("create trigger spy after insert on users begin delete from sessions; end")
        .unwrap();
    let findings = house.store.verify_guards().await.unwrap();
    assert_eq!((findings.len(), findings[0].guard), (1, "schema.foreign"));
    let refused = again(&house).await.map(drop);
    assert_eq!(refused, Err(StoreError::Refused(Refusal::WeakGuards(1))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_neighbours_file_put_in_place_of_ours_shows_nothing() {
    let house = House::open(Kind::Sqlite).await;
    set_secret(&house, house.theirs, "S", vec![1]).await.unwrap();
    house.store.close().await;
    fs::copy(tenant_file(&house, house.theirs), tenant_file(&house, house.ours)).unwrap();
    let store = again(&house).await.unwrap();
    let (ours, theirs) = (house.ours, house.theirs);
    store
        .read::<_, StoreError>(&scope(&store, ours), move |tx| {
            assert_eq!(tx.team().settings()?, None);
            assert_eq!(tx.members().list(Page::first(9))?.items, vec![]);
            let actor = *tx.scope().actor();
            assert!(tx.members().authority(&actor, None)?.is_none());
            let (project, environment) = (theirs.project, theirs.environment);
            assert_eq!(tx.secrets().sealed(project, environment, &variable("S"))?, None);
            Ok(())
        })
        .await
        .unwrap_or_else(|error| panic!("{error}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_for_their_owner_only() {
    let house = House::open(Kind::Sqlite).await;
    set_secret(&house, house.ours, "S", vec![1]).await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&house.folder().join("tenants")), 0o700);
    let mut seen = 0;
    for folder in [house.folder().to_path_buf(), house.folder().join("tenants")] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                assert_eq!(mode(&path), 0o600, "{}", path.display());
                seen += 1;
            }
        }
    }
    assert!(seen >= 3, "{seen}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_or_missing_file_is_said_to_be_so_and_never_made_anew() {
    let house = House::open(Kind::Sqlite).await;
    for n in 0..40_u8 {
        set_secret(&house, house.ours, &format!("S{n}"), vec![n; 2_000]).await.unwrap();
    }
    house.store.close().await;
    let file = tenant_file(&house, house.ours);
    let whole = fs::read(&file).unwrap();
    let check = async |bytes: &[u8]| {
        fs::write(&file, bytes).unwrap();
        let store = again(&house).await.unwrap();
        let scope = scope(&store, house.ours);
        let ours = house.ours;
        let seen = store
            .read::<_, StoreError>(&scope, move |tx| {
                Ok(tx.secrets().sealed_all(ours.project, ours.environment)?.len())
            })
            .await;
        store.close().await;
        seen
    };
    assert_eq!(check(&whole).await, Ok(40));
    let corrupt = Err(StoreError::Corrupt);
    assert_eq!(check(&[]).await, corrupt, "empty");
    assert_eq!(check(&whole[..10]).await, corrupt, "ten bytes");
    assert_eq!(check(&whole[..whole.len() / 2 + 100]).await, corrupt, "torn inside a page");
    let page = 4_096;
    assert_eq!(check(&whole[..whole.len() / 2 / page * page]).await, corrupt, "half of its pages");
    let store = again(&house).await.unwrap();
    let unread = touched(&store, house.ours).await;
    assert_eq!(unread, Err(StoreError::Corrupt), "noticed although nothing missing was read");
    assert_eq!(check(&vec![0; whole.len()]).await, corrupt, "zeros");
    assert_eq!(check(b"not a database, but a text that is long enough to look").await, corrupt);
    fs::remove_file(&file).unwrap();
    let store = again(&house).await.unwrap();
    let missing = touched(&store, house.ours).await;
    assert_eq!(missing, Err(StoreError::Refused(Refusal::NoUnit)));
    assert!(!file.exists(), "opening a lost file must not make an empty workspace of it");
    store.close().await;
    fs::remove_file(house.folder().join("control.db")).unwrap();
    let disowned = again(&house).await.map(drop);
    assert_eq!(disowned, corrupt.map(|_: usize| ()), "tenants without their control file");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_a_newer_or_other_format_is_refused_and_kept_as_it_is() {
    let house = House::open(Kind::Sqlite).await;
    house.store.close().await;
    for file in [house.folder().join("control.db"), tenant_file(&house, house.ours)] {
        let known: u32 = raw(&file).query_row("pragma user_version", [], |row| row.get(0)).unwrap();
        let newer = Refusal::NewerFormat { found: 99, known };
        let mended = format!("pragma user_version = {known}");
        let other = Refusal::OtherHistory(1);
        for (change, mend, expected) in [
            ("pragma user_version = 99", mended.as_str(), newer),
            (
                "create table kept as select * from migrations; \
                 update migrations set hash = x'00' where number = 1",
                "update migrations set hash = (select hash from kept where number = 1) \
                 where number = 1; drop table kept",
                other,
            ),
        ] {
            raw(&file).execute_batch(change).unwrap();
            let found = match again(&house).await {
                Err(error) => Err(error),
                Ok(store) => touched(&store, house.ours).await,
            };
            assert_eq!(found, Err(StoreError::Refused(expected)), "{}", file.display());
            raw(&file).execute_batch(mend).unwrap();
        }
    }
    let store = again(&house).await.unwrap();
    assert_eq!(touched(&store, house.ours).await, Ok(true));
}

#[test]
fn a_statement_that_is_not_about_rows_cannot_be_declared() {
    for text in ["drop table team", "pragma user_version = 1", "attach 'x' as y", "vacuum"] {
        let declared = std::panic::catch_unwind(|| store::sql::TenantSql::new("test", text));
        assert!(declared.is_err(), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_worth_of_stores_share_the_files() {
    let house = House::open(Kind::Sqlite).await;
    let second = again(&house).await.unwrap();
    assert_eq!(second.instance(), house.store.instance());
    let mut running = tokio::task::JoinSet::new();
    for n in 0..40_u32 {
        let store = if n % 2 == 0 { house.store.clone() } else { second.clone() };
        let caller = as_system(&store);
        running.spawn(async move {
            store
                .platform_write::<_, StoreError>(&caller, |tx| {
                    let failures = tx.throttle().count("shared")?.failures;
                    Ok(Commit::quiet(QuietReason::GuessCounted, failures))
                })
                .await
                .unwrap()
                .value
        });
    }
    let mut counts = running.join_all().await;
    counts.sort_unstable();
    assert_eq!(counts, (1..=40).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_to_close_leaves_the_platforms_log_files_where_they_are() {
    let house = House::open(Kind::Sqlite).await;
    let kept = ["control.db-wal", "control.db-shm"].map(|name| house.folder().join(name));
    let inodes = || kept.each_ref().map(|file| fs::metadata(file).unwrap().ino());
    let before = inodes();
    house.store.close().await;
    assert_eq!(inodes(), before, "a process confined to these files still finds them");
    again(&house).await.unwrap().close().await;
    assert_eq!(inodes(), before);
    let tenant = tenant_file(&house, house.ours).with_extension("db-wal");
    assert!(!tenant.exists(), "of thousands of tenants nothing is left lying about");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_units_take_turns_in_few_open_files() {
    let house = House::open(Kind::Sqlite).await;
    let mint = house.store.mint().clone();
    let workspaces: Vec<Workspace> =
        (0..80).map(|_| Workspace { tenant: mint.id(), ..house.ours }).collect();
    for workspace in &workspaces {
        house.store.create_unit(workspace.tenant).await.unwrap();
        assert_eq!(touched(&house.store, *workspace).await, Ok(false));
    }
    for workspace in &workspaces {
        assert_eq!(touched(&house.store, *workspace).await, Ok(false));
    }
    let open = fs::read_dir("/proc/self/fd")
        .unwrap()
        .flatten()
        .filter_map(|descriptor| fs::read_link(descriptor.path()).ok())
        .filter(|target| target.starts_with(house.folder()) && target.extension().is_some())
        .filter(|target| target.extension().is_some_and(|end| end == "db"))
        .count();
    assert!(open <= 2 * 64 + 4, "{open} descriptors for {} units", workspaces.len());
}

/// A small file system that can be filled, or `None` where this process may not mount one.
struct Mount(PathBuf);

impl Mount {
    fn new(folder: &Path, options: &str) -> Option<Self> {
        let at = folder.join("mount");
        fs::create_dir(&at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&at);
        mount.status().is_ok_and(|status| status.success()).then(|| Self(at))
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn am_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_fails_every_write_cleanly_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mount) = Mount::new(folder.path(), "size=3m") else {
        assert!(!am_root() || std::env::var("CI").is_err(), "root can mount a small file system");
        eprintln!("NOT RUN: a full disk needs the right to mount a small file system");
        return;
    };
    let house = House::at(mount.0.clone()).await;
    let ours = house.ours;
    set_secret(&house, ours, "BEFORE", vec![1]).await.unwrap();
    // Leave nothing free, then write in groups until every one is refused.
    let ballast = mount.0.join("ballast");
    let mut written = 0_usize;
    let mut refused = 0_usize;
    let _ = fs::write(&ballast, vec![0; 8 << 20]);
    for round in 0..6 {
        let mut group = tokio::task::JoinSet::new();
        for n in 0..8 {
            let (store, scope) = (house.store.clone(), house.scope(ours));
            group.spawn(async move {
                store
                    .write::<_, StoreError>(&scope, move |tx| {
                        let secret = format!("R{round}N{n}");
                        let permit = crate::house::set_permit(ours, tx.now(), &secret);
                        let id = tx.mint().id();
                        let sealed = domain::Sealed::from_envelope(vec![7; 60_000]);
                        tx.secrets().set(permit, id, ours.owner, &sealed)?;
                        Ok(Commit::audited(event(Verb::SecretSet), ()))
                    })
                    .await
                    .map(drop)
            });
        }
        for ended in group.join_all().await {
            match ended {
                Ok(()) => written += 1,
                Err(error) => {
                    assert_eq!(error, StoreError::Full);
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 0, "the disk was never full");
    let platform = house
        .store
        .platform_write::<_, StoreError>(&as_system(&house.store), |tx| {
            for n in 0..2_000 {
                tx.throttle().count(&format!("{n:0>200}"))?;
            }
            Ok(Commit::quiet(QuietReason::GuessCounted, ()))
        })
        .await;
    assert_eq!(platform.map(drop), Err(StoreError::Full));
    let unit = house.store.create_unit(house.store.mint().id()).await;
    assert_eq!(unit, Err(StoreError::Full));
    // Reading goes on; what was refused left neither a row nor an entry.
    let kept = async |house: &House| {
        house
            .store
            .read::<_, StoreError>(&house.scope(ours), move |tx| {
                let secrets =
                    tx.secrets().list(ours.project, ours.environment, Page::first(200))?;
                let filter =
                    store::EntryFilter { verb: Some(Verb::SecretSet), ..Default::default() };
                let entries = tx.audit().list(&filter, Page::first(200))?;
                Ok((secrets.items.len(), entries.items.len()))
            })
            .await
            .unwrap()
    };
    assert_eq!(kept(&house).await, (written + 1, written + 1));
    // Space again: writing goes on, without a restart.
    fs::remove_file(&ballast).unwrap();
    set_secret(&house, ours, "AFTER", vec![1]).await.unwrap();
    assert_eq!(kept(&house).await, (written + 2, written + 2));
    house.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_cannot_be_written_is_said_to_be_so() {
    let house = House::open(Kind::Sqlite).await;
    house.store.close().await;
    if am_root() {
        // Root ignores modes, but not a file system that is mounted read-only.
        let folder = tempfile::tempdir().unwrap();
        let Some(mount) = Mount::new(folder.path(), "size=8m") else {
            assert!(std::env::var("CI").is_err(), "root can mount a small file system");
            eprintln!("NOT RUN: a read-only folder needs the right to mount");
            return;
        };
        let copied = Command::new("cp")
            .args(["-a", &format!("{}/.", house.folder().display())])
            .arg(&mount.0)
            .status();
        assert!(copied.unwrap().success());
        let remounted = Command::new("mount").args(["-o", "remount,ro"]).arg(&mount.0).status();
        assert!(remounted.unwrap().success());
        let config = StoreConfig::Sqlite { folder: mount.0.clone() };
        let refused = Store::open(config, mint().1).await.map(drop);
        assert_eq!(refused, Err(StoreError::Refused(Refusal::ReadOnly)));
    } else {
        let closed = fs::Permissions::from_mode(0o500);
        fs::set_permissions(house.folder(), closed).unwrap();
        fs::set_permissions(house.folder().join("control.db"), fs::Permissions::from_mode(0o400))
            .unwrap();
        let refused = again(&house).await.map(drop);
        fs::set_permissions(house.folder(), fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(refused, Err(StoreError::Refused(Refusal::ReadOnly)));
    }
}
