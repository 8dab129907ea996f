//! Somebody owns the machine and has the broker sign whatever the database says. What was published
//! and cosigned convicts them.

use ledger::verify::{AnchorFault, Finding, Reason};
use ledger::{Stream, Verdict};
use notary::{Damage, NotaryError, Publisher};

use crate::ground::{Owner, PUBLIC_TABLES, on_each_engine};
use crate::house::House;
use crate::witnessed::{Reader, TestWitness, cosign, publish};

on_each_engine! {
    a_rewritten_entry_is_found_and_the_log_is_published_no_more
    a_truncated_log_is_found
    a_fork_is_found_by_whoever_goes_over_all_leaves
    a_deleted_log_that_was_begun_anew_is_found_by_whoever_kept_a_proof
    a_shortened_log_of_checkpoints_is_refused_by_its_witness
    a_forked_log_of_checkpoints_is_refused_by_its_witness
    a_log_of_checkpoints_with_a_rewritten_leaf_is_not_signed
}

/// What the attacks begin with: four entries, published and cosigned, and a reader who has looked.
struct Scene {
    house: House,
    witness: TestWitness,
    owner: Owner,
    platform: Owner,
    reader: Reader,
    /// The proof that a reader kept before the attack.
    before: String,
}

async fn scene(house: House) -> Scene {
    let mut witness = TestWitness::new("witness.example/w1");
    for count in [1, 2] {
        house.write(house.ours, count).await;
        house.write(house.theirs, 1).await;
        for workspace in [house.theirs, house.ours] {
            house.sequence(workspace).await.unwrap();
        }
        publish(&house).await;
    }
    assert!(cosign(&house, &mut witness).await);
    let owner = house.owner_of(house.ours).await;
    owner.drop_guards().await;
    let folder = house.folder();
    let platform = house.ground.owner_of_platform(folder, house.ours.tenant).await;
    platform.drop_guards_of(&PUBLIC_TABLES).await;
    let mut reader = Reader::new(&house, house.ours, &witness).await;
    let export = house.export(house.ours).await.unwrap();
    let before = anchor_of(&export);
    reader.kept.push(before.clone());
    assert_eq!(reader.verdict(&house, &export).await.word(), "VERIFIED", "before the attack");
    Scene { house, witness, owner, platform, reader, before }
}

/// The proof in an export's head, as a reader keeps it.
fn anchor_of(export: &[u8]) -> String {
    let mut reader = ledger::export::ExportReader::new(export);
    reader.head().unwrap().anchor.unwrap()
}

impl Scene {
    /// Cuts the workspace's log back to `size` entries, and has it signed again.
    async fn cut_back(&self, size: u64) {
        let gone = "tenant_id = {ours} and entry_id not in \
            (select entry_id from audit_leaves where tenant_id = {ours})";
        self.owner
            .change(&format!(
                "delete from audit_leaves where tenant_id = {{ours}} and leaf_index >= {size}"
            ))
            .await;
        for statement in [
            "delete from audit_nodes where tenant_id = {ours}",
            "delete from audit_checkpoints where tenant_id = {ours}",
            &format!("delete from audit_personal where {gone}"),
            &format!("delete from audit_pending where {gone}"),
            &format!("delete from audit_entries where {gone}"),
        ] {
            self.owner.run(statement).await.unwrap();
        }
        // What is left waits again, so that the sequencer builds and signs the shorter log itself.
        for statement in [
            "insert into audit_pending (tenant_id, entry_id, stream) \
             select tenant_id, entry_id, stream from audit_leaves where tenant_id = {ours}",
            "delete from audit_leaves where tenant_id = {ours}",
        ] {
            self.owner.run(statement).await.unwrap();
        }
        self.house.sequence(self.house.ours).await.unwrap();
    }

    async fn verdict(&self) -> Verdict {
        let export = self.house.export(self.house.ours).await.unwrap();
        self.reader.verdict(&self.house, &export).await
    }

    async fn fault(&self) -> AnchorFault {
        match self.verdict().await {
            Verdict::Tampered(Finding::Anchor(fault)) => fault,
            other => panic!("not found out: {other}"),
        }
    }
}

async fn a_rewritten_entry_is_found_and_the_log_is_published_no_more(house: House) {
    let scene = scene(house).await;
    let at_one = "entry_id = (select entry_id from audit_leaves \
        where tenant_id = {ours} and leaf_index = 1) and tenant_id = {ours}";
    let rewrite = "{blob:replace({body}, 'workspace.updated', 'workspace.deleted'):}";
    scene.owner.change(&format!("update audit_entries set body = {rewrite} where {at_one}")).await;
    scene.owner.mend_hashes().await;
    // The forger also has the tree built and signed anew over the rewritten entry.
    for statement in [
        "delete from audit_nodes where tenant_id = {ours}",
        "delete from audit_checkpoints where tenant_id = {ours}",
        "insert into audit_pending (tenant_id, entry_id, stream) \
         select tenant_id, entry_id, stream from audit_leaves where tenant_id = {ours}",
        "delete from audit_leaves where tenant_id = {ours}",
    ] {
        scene.owner.run(statement).await.unwrap();
    }
    scene.house.sequence(scene.house.ours).await.unwrap();
    let fault = scene.fault().await;
    assert!(matches!(fault, AnchorFault::NotContinued { .. }), "{fault}");
    let (store, broker) = (scene.house.store.clone(), scene.house.broker.clone());
    assert_eq!(Publisher::new(store, broker, 0).round().await.unwrap().failed, 1);
}

async fn a_truncated_log_is_found(house: House) {
    let scene = scene(house).await;
    scene.cut_back(2).await;
    let published = scene.reader.openings.last().unwrap().checkpoint.size;
    assert_eq!(scene.fault().await, AnchorFault::NotContinued { size: published });
    // With the newer opening gone from the database as well, the kept proof and the leaf remain.
    scene.owner.change("delete from audit_openings where tenant_id = {ours} and size > 2").await;
    assert_eq!(scene.fault().await, AnchorFault::NotContinued { size: published });
    let mut stranger = Reader::new(&scene.house, scene.house.ours, &scene.witness).await;
    stranger.openings.retain(|opening| opening.checkpoint.size <= 2);
    let export = scene.house.export(scene.house.ours).await.unwrap();
    let verdict = stranger.verdict(&scene.house, &export).await;
    let kept_back =
        matches!(verdict, Verdict::Tampered(Finding::Anchor(AnchorFault::KeptBack { .. })));
    assert!(kept_back, "{verdict}");
}

async fn a_fork_is_found_by_whoever_goes_over_all_leaves(house: House) {
    let mut scene = scene(house).await;
    scene.cut_back(2).await;
    scene.owner.change("delete from audit_openings where tenant_id = {ours} and size > 2").await;
    // Another history grows from there, is published under the same name, and is cosigned.
    scene.house.write(scene.house.ours, 5).await;
    scene.house.sequence(scene.house.ours).await.unwrap();
    publish(&scene.house).await;
    assert!(cosign(&scene.house, &mut scene.witness).await);
    let forked = Reader::new(&scene.house, scene.house.ours, &scene.witness).await;
    let export = scene.house.export(scene.house.ours).await.unwrap();
    let verdict = forked.verdict(&scene.house, &export).await;
    let kept_back =
        matches!(verdict, Verdict::Tampered(Finding::Anchor(AnchorFault::KeptBack { .. })));
    assert!(kept_back, "a reader who was only ever shown the second history: {verdict}");
    let fault = scene.fault().await;
    assert!(matches!(fault, AnchorFault::NotContinued { .. }), "who saw the first: {fault}");
}

async fn a_deleted_log_that_was_begun_anew_is_found_by_whoever_kept_a_proof(house: House) {
    let mut scene = scene(house).await;
    scene.cut_back(1).await;
    for table in ["audit_openings", "audit_pseudonyms"] {
        scene.owner.change(&format!("delete from {table} where tenant_id = {{ours}}")).await;
    }
    let unpublished = scene.house.export(scene.house.ours).await.unwrap();
    scene.house.sequence(scene.house.ours).await.unwrap();
    let mut fresh = Reader::new(&scene.house, scene.house.ours, &scene.witness).await;
    let verdict = fresh.verdict(&scene.house, &unpublished).await;
    assert_eq!(verdict, Verdict::CannotEstablish(Reason::NotPublished), "before it is published");
    scene.house.write(scene.house.ours, 9).await;
    scene.house.sequence(scene.house.ours).await.unwrap();
    publish(&scene.house).await;
    assert!(cosign(&scene.house, &mut scene.witness).await);
    fresh = Reader::new(&scene.house, scene.house.ours, &scene.witness).await;
    let export = scene.house.export(scene.house.ours).await.unwrap();
    let alone = fresh.verdict(&scene.house, &export).await;
    assert_eq!(alone.word(), "VERIFIED", "nothing kept, nothing to compare: {alone}");
    fresh.kept.push(scene.before.clone());
    let verdict = fresh.verdict(&scene.house, &export).await;
    let renamed = Verdict::Tampered(Finding::Anchor(AnchorFault::Renamed));
    assert_eq!(verdict, renamed, "the old name and the new one do not fit");
}

async fn a_shortened_log_of_checkpoints_is_refused_by_its_witness(house: House) {
    let mut scene = scene(house).await;
    for statement in [
        "delete from checkpoint_cosignatures",
        "delete from checkpoint_heads where size > 2",
        "delete from checkpoint_leaves where leaf_index >= 2",
        "delete from checkpoint_nodes where level > 1",
    ] {
        scene.platform.run(statement).await.unwrap();
    }
    let known = scene.witness.record.unwrap().size;
    assert!(!cosign(&scene.house, &mut scene.witness).await, "it knows size {known}");
    let stands = notary::witnesses::standing(&scene.house.store, &[scene.witness.key]).await;
    let outcome = stands.unwrap().states.remove(0).outcome;
    assert!(outcome.contains("longer"), "{outcome}");
}

async fn a_forked_log_of_checkpoints_is_refused_by_its_witness(house: House) {
    let mut scene = scene(house).await;
    for statement in [
        "delete from checkpoint_cosignatures",
        "delete from checkpoint_heads where size > 2",
        "delete from checkpoint_leaves where leaf_index >= 2",
        "delete from checkpoint_nodes where level > 1 or node_index >= 1",
    ] {
        scene.platform.run(statement).await.unwrap();
    }
    let known = scene.witness.record.unwrap();
    for _ in 0..4 {
        scene.house.write(scene.house.theirs, 1).await;
        scene.house.sequence(scene.house.theirs).await.unwrap();
        publish(&scene.house).await;
    }
    assert!(!cosign(&scene.house, &mut scene.witness).await);
    assert_eq!(scene.witness.record, Some(known), "nothing of the fork was accepted");
}

async fn a_log_of_checkpoints_with_a_rewritten_leaf_is_not_signed(house: House) {
    let scene = scene(house).await;
    scene.platform.change("update checkpoint_nodes set hash = {zeros}").await;
    scene.house.write(scene.house.ours, 1).await;
    scene.house.sequence(scene.house.ours).await.unwrap();
    let (store, broker) = (scene.house.store.clone(), scene.house.broker.clone());
    let outcome = Publisher::new(store, broker, 0).round().await;
    assert!(matches!(outcome, Err(NotaryError::Damaged(Damage::Root { .. }))), "{outcome:?}");
    let scope = scene.house.scope(scene.house.ours);
    let latest = notary::latest_checkpoint(&scene.house.store, &scope, Stream::Workspace);
    assert!(latest.await.unwrap().is_some(), "the workspace's own log goes on");
}
