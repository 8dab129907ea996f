//! Security logs are dropped behind boundaries, and what is left is verified from there on.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use domain::{Clock, Mint, TimeMs};
use ledger::tree::{verify_consistency, verify_inclusion};
use ledger::verify::{Begins, Reason, Verified};
use ledger::{AuditEvent, Checkpoint, Evidence, Note, Stream, Verb, Verdict, verify_export};
use notary::{KeptDays, NotaryError, Retained, begin_export, retain, sequence};
use seal::{SystemClock, SystemEntropy};
use store::{Commit, Holder, Store, StoreError, Unit};

use crate::ground::on_each_engine;
use crate::house::{House, Workspace, host, whole};

on_each_engine! {
    what_is_past_its_time_is_dropped_and_the_rest_is_verified_from_the_boundary
    proofs_behind_a_boundary_are_refused_and_all_others_hold
    a_log_goes_on_after_its_boundary_and_is_dropped_again
    an_entry_that_is_young_by_a_minute_keeps_all_after_it
    entries_about_boundaries_alone_make_no_boundary
    a_hold_stops_the_dropping_as_a_whole_and_a_lifted_one_does_not
    an_export_that_a_drop_overtakes_breaks_off_and_is_not_called_tampering
    the_platforms_log_is_not_dropped_before_it_is_copied
    a_boundary_without_its_drop_is_finished_by_the_next_step
    killed_at_any_instant_the_next_step_finishes_and_the_log_verifies
}

const DAY_MS: i64 = 24 * 3_600 * 1_000;

/// A clock that is some time behind or ahead.
struct Shifted(i64);

impl Clock for Shifted {
    fn now(&self) -> TimeMs {
        SystemClock.now().plus_ms(self.0)
    }
}

/// The same data, seen by a program whose clock is off by this much.
pub(crate) async fn shifted(house: &House, by_ms: i64) -> Store {
    let mint = Mint::new(Arc::new(Shifted(by_ms)), Arc::new(SystemEntropy));
    Store::open(house.ground.config(house.folder()), mint).await.unwrap()
}

/// Writes entries into a workspace's security log, as they were `age_ms` ago.
pub(crate) async fn written(house: &House, workspace: Workspace, age_ms: i64, count: usize) {
    let store = shifted(house, -age_ms).await;
    let scope = house.scope(workspace);
    for part in (0..count).collect::<Vec<_>>().chunks(200) {
        let event = |n: &usize| AuditEvent::new(Verb::CredentialUsed, "key", n);
        let events = part.iter().map(event).collect();
        let work =
            move |_: &mut store::TenantTx<'_>| Ok::<_, StoreError>(Commit::audited_all(events, ()));
        store.write(&scope, work).await.unwrap();
    }
    store.close().await;
}

pub(crate) async fn sequenced(house: &House, workspace: Workspace) -> Checkpoint {
    let unit = Unit::Tenant(workspace.tenant);
    while sequence(&house.store, &house.broker, unit, Stream::Security).await.unwrap().more {}
    let scope = house.scope(workspace);
    let newest = notary::latest_checkpoint(&house.store, &scope, Stream::Security).await.unwrap();
    let note = newest.unwrap().note;
    let keys = [house.key().await];
    Checkpoint::parse(Note::parse(&note).unwrap().open(&keys).unwrap()).unwrap()
}

pub(crate) async fn retained(house: &House, workspace: Workspace) -> Retained {
    let unit = Unit::Tenant(workspace.tenant);
    retain(&house.store, &house.broker, unit, KeptDays::PROMISED).await.unwrap()
}

pub(crate) async fn security_export(house: &House, workspace: Workspace) -> Vec<u8> {
    let scope = house.scope(workspace);
    let begun = begin_export(&house.store, &house.broker, &scope, Stream::Security);
    whole(begun.await.unwrap().value).await.unwrap()
}

pub(crate) async fn verdict(house: &House, workspace: Workspace, seen: &[&str]) -> Verdict {
    let (file, key) = (security_export(house, workspace).await, house.key().await);
    verify_export(&file[..], Evidence { keys: &[key], seen, ..Evidence::default() })
}

fn verified(verdict: Verdict) -> Verified {
    match verdict {
        Verdict::Verified(verified) => verified,
        other => panic!("not verified: {other}"),
    }
}

async fn note(house: &House, workspace: Workspace) -> String {
    let scope = house.scope(workspace);
    let newest = notary::latest_checkpoint(&house.store, &scope, Stream::Security).await.unwrap();
    newest.unwrap().note
}

async fn what_is_past_its_time_is_dropped_and_the_rest_is_verified_from_the_boundary(house: House) {
    written(&house, house.ours, 100 * DAY_MS, 20).await;
    sequenced(&house, house.ours).await;
    let earliest = note(&house, house.ours).await;
    written(&house, house.ours, 100 * DAY_MS, 17).await;
    written(&house, house.theirs, 100 * DAY_MS, 5).await;
    sequenced(&house, house.ours).await;
    sequenced(&house, house.theirs).await;
    let early = note(&house, house.ours).await;
    written(&house, house.ours, 10 * DAY_MS, 6).await;
    sequenced(&house, house.ours).await;
    let late = note(&house, house.ours).await;

    let done = retained(&house, house.ours).await;
    assert_eq!(done, Retained::Dropped { first_index: 37, entries: 37 });

    let found = verified(verdict(&house, house.ours, &[&late]).await);
    let begins = Begins { first_index: 37, ..found.begins.unwrap() };
    assert_eq!((found.begins, begins.kept_days, found.size), (Some(begins), 90, 44));
    assert!(found.personal > 0);
    // A checkpoint at the boundary itself is compared; one from before it cannot be any more.
    verified(verdict(&house, house.ours, &[&early]).await);
    let before = Reason::BeforeBoundary { size: 20, first: 37 };
    let seen = verdict(&house, house.ours, &[&earliest]).await;
    assert_eq!(seen, Verdict::CannotEstablish(before));
    let owner = house.owner_of(house.ours).await;
    let ours = format!("tenant_id = {}", sql(&house, house.ours));
    assert_eq!(owner.count(&format!("audit_leaves where stream = 'security' and {ours}")).await, 7);
    let gone = format!("audit_entries where verb = 'credential.used' and {ours}");
    assert_eq!(owner.count(&gone).await, 6);
    let personal = format!(
        "audit_personal p where p.{ours} and not exists (select 1 from audit_entries e \
         where e.tenant_id = p.tenant_id and e.entry_id = p.entry_id)"
    );
    assert_eq!(owner.count(&personal).await, 0);
    // The neighbour's log is whole, and so is the workspace's own.
    assert_eq!(verified(verdict(&house, house.theirs, &[]).await).begins, None);
    assert!(matches!(house.verdict(house.ours).await, Verdict::Verified(_)));
}

/// The tenant as a literal of the engine's.
fn sql(house: &House, workspace: Workspace) -> String {
    match house.ground {
        crate::ground::Ground::Folder => {
            let bytes = workspace.tenant.to_bytes();
            let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
            format!("x'{hex}'")
        }
        crate::ground::Ground::Database { .. } => format!("'{}'::uuid", workspace.tenant),
    }
}

async fn proofs_behind_a_boundary_are_refused_and_all_others_hold(house: House) {
    written(&house, house.ours, 95 * DAY_MS, 21).await;
    let small = sequenced(&house, house.ours).await;
    written(&house, house.ours, DAY_MS, 12).await;
    let middle = sequenced(&house, house.ours).await;
    retained(&house, house.ours).await;
    let last = sequenced(&house, house.ours).await;
    assert_eq!((small.size, middle.size, last.size), (21, 33, 34));
    let (store, scope) = (&house.store, house.scope(house.ours));
    let stream = Stream::Security;
    for size in [33, 34] {
        let root = if size == 33 { middle.root } else { last.root };
        for index in 0..size {
            let proof = notary::inclusion_proof(store, &scope, stream, index, size).await;
            if index < 21 {
                assert_eq!(proof, Err(NotaryError::Dropped { first_index: 21 }), "{index}");
                continue;
            }
            let proof = proof.unwrap();
            assert!(verify_inclusion(index, size, &proof.leaf, &proof.path, &root), "{index}");
        }
    }
    for from in 0..=34 {
        let proof = notary::consistency_proof(store, &scope, stream, from, 34).await;
        match from {
            0 => assert_eq!(proof.unwrap().path, Vec::<ledger::Hash>::new()),
            1..21 => assert_eq!(proof, Err(NotaryError::Dropped { first_index: 21 }), "{from}"),
            _ => {
                let path = proof.unwrap().path;
                let known = [(21, small.root), (33, middle.root), (34, last.root)];
                if let Some((_, root)) = known.into_iter().find(|(size, _)| *size == from) {
                    assert!(verify_consistency(from, 34, &root, &last.root, &path), "{from}");
                }
            }
        }
    }
    let shown = notary::show_entry(store, &scope, stream, 20).await;
    assert_eq!(shown.map(drop), Err(NotaryError::Dropped { first_index: 21 }));
    assert!(notary::show_entry(store, &scope, stream, 21).await.is_ok());
}

async fn a_log_goes_on_after_its_boundary_and_is_dropped_again(house: House) {
    let unit = Unit::Tenant(house.ours.tenant);
    // Eleven entries make three peaks; the next boundary needs nodes on both sides of the first.
    written(&house, house.ours, 200 * DAY_MS, 11).await;
    sequenced(&house, house.ours).await;
    let long_ago = shifted(&house, -95 * DAY_MS).await;
    let done = retain(&long_ago, &house.broker, unit, KeptDays::PROMISED).await.unwrap();
    assert_eq!(done, Retained::Dropped { first_index: 11, entries: 11 });
    written(&house, house.ours, 92 * DAY_MS, 30).await;
    sequenced(&house, house.ours).await;
    let found = verified(verdict(&house, house.ours, &[]).await);
    assert_eq!((found.begins.map(|begins| begins.first_index), found.size), (Some(11), 42));
    let done = retained(&house, house.ours).await;
    assert_eq!(done, Retained::Dropped { first_index: 42, entries: 31 });
    let found = verified(verdict(&house, house.ours, &[]).await);
    assert_eq!((found.begins.map(|begins| begins.first_index), found.size), (Some(42), 43));
    // A program a hundred days later: by its clock the rest is old. By the database's it is not.
    written(&house, house.ours, DAY_MS, 5).await;
    sequenced(&house, house.ours).await;
    let later = shifted(&house, 100 * DAY_MS).await;
    let tried = retain(&later, &house.broker, unit, KeptDays::PROMISED).await;
    assert_eq!(tried, Err(NotaryError::Raced));
    let rows = house.owner_of(house.ours).await;
    let ours = sql(&house, house.ours);
    let stands = format!("audit_leaves where stream = 'security' and tenant_id = {ours}");
    assert!(rows.count(&stands).await >= 6);
}

async fn an_entry_that_is_young_by_a_minute_keeps_all_after_it(house: House) {
    written(&house, house.ours, 90 * DAY_MS + 60_000, 3).await;
    sequenced(&house, house.ours).await;
    written(&house, house.ours, 90 * DAY_MS - 60_000, 1).await;
    sequenced(&house, house.ours).await;
    written(&house, house.ours, 99 * DAY_MS, 4).await;
    sequenced(&house, house.ours).await;
    let done = retained(&house, house.ours).await;
    assert_eq!(done, Retained::Dropped { first_index: 3, entries: 3 });
    let longer = KeptDays::at_least(120).unwrap();
    assert_eq!(KeptDays::at_least(89), None);
    written(&house, house.theirs, 100 * DAY_MS, 3).await;
    sequenced(&house, house.theirs).await;
    let unit = Unit::Tenant(house.theirs.tenant);
    let kept = retain(&house.store, &house.broker, unit, longer).await.unwrap();
    assert_eq!(kept, Retained::Nothing);
}

async fn entries_about_boundaries_alone_make_no_boundary(house: House) {
    written(&house, house.ours, 200 * DAY_MS, 2).await;
    sequenced(&house, house.ours).await;
    let long_ago = shifted(&house, -95 * DAY_MS).await;
    let unit = Unit::Tenant(house.ours.tenant);
    let done = retain(&long_ago, &house.broker, unit, KeptDays::PROMISED).await;
    assert!(matches!(done, Ok(Retained::Dropped { entries: 2, .. })), "{done:?}");
    for _ in 0..3 {
        assert_eq!(retained(&house, house.ours).await, Retained::Nothing);
    }
}

async fn a_hold_stops_the_dropping_as_a_whole_and_a_lifted_one_does_not(house: House) {
    written(&house, house.ours, 100 * DAY_MS, 9).await;
    written(&house, house.theirs, 100 * DAY_MS, 9).await;
    sequenced(&house, house.ours).await;
    sequenced(&house, house.theirs).await;
    let scope = house.scope(house.ours);
    let hold = house.store.mint().id();
    let placed = house.store.write::<_, StoreError>(&scope, move |tx| {
        tx.retention().place(hold, Holder::Owner, "a lawsuit", "user:ada")?;
        Ok(Commit::audited(AuditEvent::new(Verb::HoldPlaced, "hold", hold), ()))
    });
    placed.await.unwrap();
    assert_eq!(retained(&house, house.ours).await, Retained::Held);
    // Somebody else's hold, and somebody else's lifting, change nothing.
    let lift = |holder| {
        house.store.write::<_, StoreError>(&scope, move |tx| {
            let lifted = tx.retention().lift(hold, holder, "user:ada")?;
            Ok(Commit::audited(AuditEvent::new(Verb::HoldLifted, "hold", hold), lifted))
        })
    };
    assert!(!lift(Holder::Staff).await.unwrap().value);
    assert_eq!(retained(&house, house.ours).await, Retained::Held);
    assert!(matches!(retained(&house, house.theirs).await, Retained::Dropped { entries: 9, .. }));
    assert!(lift(Holder::Owner).await.unwrap().value);
    assert!(!lift(Holder::Owner).await.unwrap().value, "a lifted hold is not lifted again");
    assert!(matches!(retained(&house, house.ours).await, Retained::Dropped { entries: 9, .. }));
}

async fn an_export_that_a_drop_overtakes_breaks_off_and_is_not_called_tampering(house: House) {
    written(&house, house.ours, 100 * DAY_MS, 300).await;
    written(&house, house.ours, DAY_MS, 3).await;
    sequenced(&house, house.ours).await;
    let scope = house.scope(house.ours);
    let begun = begin_export(&house.store, &house.broker, &scope, Stream::Security);
    let mut export = begun.await.unwrap().value;
    let mut file = export.next_line().await.unwrap().unwrap().into_bytes();
    file.extend(export.next_line().await.unwrap().unwrap().bytes());
    retained(&house, house.ours).await;
    let ended = loop {
        match export.next_line().await {
            Ok(Some(line)) => file.extend(line.bytes()),
            Ok(None) => panic!("an overtaken export came to its end"),
            Err(error) => break error,
        }
    };
    assert_eq!(ended, NotaryError::Dropped { first_index: 300 });
    let key = house.key().await;
    let verdict = verify_export(&file[..], Evidence { keys: &[key], ..Evidence::default() });
    assert_eq!(verdict, Verdict::CannotEstablish(Reason::Truncated));
}

async fn the_platforms_log_is_not_dropped_before_it_is_copied(house: House) {
    let store = shifted(&house, -100 * DAY_MS).await;
    let caller = store::Caller::system("tests", store.mint().id());
    for _ in 0..4 {
        let event = AuditEvent::new(Verb::SessionStarted, "user", house.ours.owner);
        let write =
            store.platform_write::<_, StoreError>(&caller, move |_| Ok(Commit::audited(event, ())));
        write.await.unwrap();
    }
    let step = || sequence(&house.store, &house.broker, Unit::Platform, Stream::Security);
    step().await.unwrap();
    let kept = KeptDays::PROMISED;
    let look = || retain(&house.store, &house.broker, Unit::Platform, kept);
    assert_eq!(look().await, Ok(Retained::Nothing));
    while notary::project(&house.store).await.unwrap().more {}
    assert_eq!(look().await, Ok(Retained::Dropped { first_index: 4, entries: 4 }));
}

async fn killed_at_any_instant_the_next_step_finishes_and_the_log_verifies(house: House) {
    const KILLS: u64 = 12;
    for kill in 0..KILLS {
        let workspace = house.another(&format!("kill{kill}")).await;
        // Two and a half drops' worth, and something young that must stay.
        written(&house, workspace, 100 * DAY_MS, 2_500).await;
        written(&house, workspace, DAY_MS, 3).await;
        sequenced(&house, workspace).await;
        let life = Duration::from_millis(kill * 15);
        tokio::task::block_in_place(|| killed_after(&house, workspace, life));
        let seen = verified(verdict(&house, workspace, &[]).await);
        assert!(seen.size >= 2_503, "kill {kill}");
        let unit = Unit::Tenant(workspace.tenant);
        retain(&house.store, &house.broker, unit, KeptDays::PROMISED).await.unwrap();
        let seen = verified(verdict(&house, workspace, &[]).await);
        let begins = seen.begins.map(|begins| begins.first_index);
        assert_eq!((begins, seen.size), (Some(2_500), 2_504), "kill {kill}");
    }
}

fn killed_after(house: &House, workspace: Workspace, life: Duration) {
    let mut step = Command::new(host())
        .arg("retain")
        .arg(house.folder())
        .arg(workspace.tenant.to_string())
        .args(house.ground.words(house.folder()))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(step.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "begins\n");
    std::thread::sleep(life);
    step.kill().unwrap();
    step.wait().unwrap();
}

async fn a_boundary_without_its_drop_is_finished_by_the_next_step(mut house: House) {
    written(&house, house.ours, 100 * DAY_MS, 12).await;
    written(&house, house.ours, DAY_MS, 2).await;
    sequenced(&house, house.ours).await;
    // The boundary is recorded; nobody signs the tree with its entry, so nothing is dropped.
    house.kill_broker();
    let unit = Unit::Tenant(house.ours.tenant);
    let cut_off = retain(&house.store, &house.broker, unit, KeptDays::PROMISED).await;
    assert!(matches!(cut_off, Err(NotaryError::Broker(_))), "{cut_off:?}");
    let owner = house.owner_of(house.ours).await;
    let ours = sql(&house, house.ours);
    assert_eq!(owner.count(&format!("audit_boundaries where tenant_id = {ours}")).await, 1);
    let leaves = format!("audit_leaves where stream = 'security' and tenant_id = {ours}");
    assert_eq!(owner.count(&leaves).await, 14);
    house.restart_broker().await;
    let done = retained(&house, house.ours).await;
    assert_eq!(done, Retained::Dropped { first_index: 12, entries: 12 });
    assert_eq!(owner.count(&leaves).await, 3);
    assert_eq!(verified(verdict(&house, house.ours, &[]).await).size, 15);
}
