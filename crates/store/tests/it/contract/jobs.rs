//! Jobs across tenants, and births that a crash interrupted.

use domain::{JobId, TenantId, TimeMs, limits};
use ledger::Verb;
use store::{ClaimedJob, Commit, Job, JobState, NewJob, QuietReason, StoreError};

use crate::contract::on_both_engines;
use crate::house::{House, Kind, Workspace, as_system, event, name};

on_both_engines! {
    a_busy_tenant_does_not_starve_a_quiet_one
    a_job_runs_under_the_newest_fence_only
    a_failing_job_waits_longer_and_ends_as_a_dead_letter
    a_job_with_a_wrong_mac_is_buried_without_a_scope
    a_lost_hint_is_found_at_start
    an_interrupted_birth_is_finished_or_released
}

async fn enqueue(house: &House, workspace: Workspace, run_at: TimeMs) -> JobId {
    house
        .store
        .write::<_, StoreError>(&house.scope(workspace), move |tx| {
            let (id, request) = (tx.mint().id(), tx.mint().id());
            tx.jobs().enqueue(&NewJob {
                id,
                kind: "sweep".into(),
                payload: "{}".into(),
                principal: workspace.owner,
                request,
                run_at,
                mac: [7; 32],
            })?;
            Ok(Commit::audited(event(Verb::ProjectCreated), id))
        })
        .await
        .unwrap()
        .value
}

async fn claim(house: &House, count: u32) -> Vec<ClaimedJob> {
    let genuine = |_: TenantId, job: Job| async move { job.mac == [7; 32] };
    house.store.claim_jobs(count, genuine).await.unwrap()
}

async fn finish(house: &House, claimed: &ClaimedJob) -> bool {
    let (id, fence) = (claimed.job.id, claimed.job.fence);
    house
        .store
        .write::<_, StoreError>(&claimed.scope, move |tx| {
            Ok(Commit::quiet(QuietReason::JobStep, tx.jobs().finish(id, fence)?))
        })
        .await
        .unwrap()
        .value
}

async fn a_busy_tenant_does_not_starve_a_quiet_one(kind: Kind) {
    let house = House::open(kind).await;
    let now = house.store.mint().now();
    for _ in 0..6 {
        enqueue(&house, house.ours, now).await;
    }
    enqueue(&house, house.theirs, now).await;
    let first = claim(&house, 4).await;
    let tenants: Vec<_> = first.iter().map(|job| job.scope.tenant()).collect();
    assert_eq!(tenants.len(), 4);
    let quiet = tenants.iter().position(|tenant| *tenant == house.theirs.tenant);
    assert!(quiet.is_some_and(|turn| turn < 2), "served before the busy one's second: {tenants:?}");
    for job in &first {
        assert_eq!(job.scope.actor().principal(), job.job.principal);
        assert!(finish(&house, job).await);
    }
    let mut served = 0;
    while let [job, ..] = claim(&house, 1).await.as_slice() {
        assert_eq!(job.scope.tenant(), house.ours.tenant);
        assert!(finish(&house, job).await);
        house.clock.advance(1);
        served += 1;
    }
    assert_eq!(served, 3);
}

async fn a_job_runs_under_the_newest_fence_only(kind: Kind) {
    let house = House::open(kind).await;
    enqueue(&house, house.ours, house.store.mint().now()).await;
    let slow = claim(&house, 1).await.remove(0);
    assert!(claim(&house, 1).await.is_empty(), "a lease is held");
    house.clock.advance(limits::JOB_LEASE_MS);
    let fast = claim(&house, 1).await.remove(0);
    assert_eq!(fast.job.fence, slow.job.fence + 1);
    assert!(!finish(&house, &slow).await, "the old worker woke up too late");
    assert!(finish(&house, &fast).await);
    assert!(!finish(&house, &fast).await);
}

async fn a_failing_job_waits_longer_and_ends_as_a_dead_letter(kind: Kind) {
    let house = House::open(kind).await;
    enqueue(&house, house.ours, house.store.mint().now()).await;
    let mut waited = Vec::new();
    let mut begun = house.store.mint().now();
    let state = loop {
        let claimed = loop {
            if let Some(claimed) = claim(&house, 1).await.pop() {
                break claimed;
            }
            house.clock.advance(1_000);
        };
        waited.push(house.store.mint().now().since_ms(begun));
        begun = house.store.mint().now();
        let job = claimed.job.clone();
        let failed = house
            .store
            .write::<_, StoreError>(&claimed.scope, move |tx| {
                Ok(Commit::quiet(QuietReason::JobStep, tx.jobs().fail(&job)?))
            })
            .await
            .unwrap();
        match failed.value {
            Some(JobState::Waiting) => {}
            other => break other,
        }
    };
    assert_eq!(state, Some(JobState::Dead));
    assert_eq!(waited, [0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000]);
    house.clock.advance(24 * 3_600 * 1_000);
    assert!(claim(&house, 1).await.is_empty());
}

async fn a_job_with_a_wrong_mac_is_buried_without_a_scope(kind: Kind) {
    let house = House::open(kind).await;
    let id = enqueue(&house, house.ours, house.store.mint().now()).await;
    let claimed = house.store.claim_jobs(1, |_, _| async { false }).await.unwrap();
    assert!(claimed.is_empty());
    let found = house
        .store
        .read::<_, StoreError>(&house.scope(house.ours), move |tx| tx.jobs().find(id))
        .await
        .unwrap();
    assert_eq!(found.unwrap().state, JobState::Dead);
}

async fn a_lost_hint_is_found_at_start(kind: Kind) {
    let house = House::open(kind).await;
    let later = house.store.mint().now().plus_ms(10);
    enqueue(&house, house.ours, later).await;
    assert!(claim(&house, 1).await.is_empty(), "not due yet");
    house.clock.advance(10);
    // What a crash between the tenant's commit and the hint leaves: a job, and no hint.
    match kind {
        Kind::Sqlite => {
            let file = house.folder().join("control.db");
            rusqlite::Connection::open(file).unwrap().execute("delete from due", []).unwrap();
        }
        Kind::Postgres => {
            let raw = house.database().raw(None).await;
            raw.batch_execute("delete from due").await.unwrap();
        }
    }
    assert!(claim(&house, 1).await.is_empty());
    house.store.reconcile().await.unwrap();
    assert_eq!(claim(&house, 1).await.len(), 1);
}

async fn an_interrupted_birth_is_finished_or_released(kind: Kind) {
    let house = House::open(kind).await;
    let mint = house.store.mint().clone();
    let (reserved, created, born): (TenantId, TenantId, TenantId) =
        (mint.id(), mint.id(), mint.id());
    let owner = house.ours.owner;
    house
        .store
        .platform_write::<_, StoreError>(&as_system(&house.store), move |tx| {
            for id in [reserved, created, born] {
                tx.workspaces().reserve(id, &name("unborn"), owner)?;
            }
            Ok(Commit::quiet(QuietReason::Hint, ()))
        })
        .await
        .unwrap();
    house.store.create_unit(created).await.unwrap();
    house.store.create_unit(born).await.unwrap();
    let workspace = Workspace { tenant: born, ..house.ours };
    house
        .store
        .write::<_, StoreError>(&house.scope(workspace), move |tx| {
            tx.team().create(&name("unborn"), owner, &crate::house::email("o@ours.example"))?;
            Ok(Commit::audited(event(Verb::WorkspaceCreated), ()))
        })
        .await
        .unwrap();
    assert_eq!(house.store.reconcile().await.unwrap(), Default::default(), "it may be in progress");
    house.clock.advance(10 * 60 * 1_000);
    let mut mended = house.store.reconcile().await.unwrap();
    mended.released.sort();
    let mut released = vec![reserved, created];
    released.sort();
    assert_eq!((mended.confirmed, mended.released), (vec![born], released));
    assert_eq!(house.store.reconcile().await.unwrap(), Default::default());
    let units = house.store.units().await.unwrap();
    assert_eq!(units.len(), 4, "{units:?}");
}
