//! Exports that lead up to a cosigned log of checkpoints, and every way to cheat on the way there.

use ledger::policy::Policy;
use ledger::tiles::push_entry;
use ledger::tree::inclusion_proof;
use ledger::verify::{AnchorFault, Finding, PublicCopy, Reason};
use ledger::{
    BlindedCheckpoint, Checkpoint, Evidence, Frontier, LogOrigin, Opening, ProofFile, Verdict,
    verify_export,
};
use proptest::prelude::*;
use uuid::Uuid;

use crate::cosignatures::Cosigner;
use crate::house::{Log, origin};
use crate::tree_growth::StoredTree;

const NAME: [u8; 16] = [0xAA; 16];

fn witness(number: u8) -> Cosigner {
    Cosigner::new(&format!("witness.example/w{number}"), 100 + number)
}

/// Any two of three witnesses.
fn two_of_three() -> Policy {
    let mut file = String::new();
    for number in 1..=3 {
        file.push_str(&format!("witness W{number} {}\n", witness(number).key));
    }
    file.push_str("group G 2 W1 W2 W3\nquorum G\n");
    Policy::parse(file.as_bytes()).unwrap()
}

/// A log that was published, and the log of checkpoints around it.
struct World {
    log: Log,
    leaves: Vec<BlindedCheckpoint>,
    openings: Vec<Opening>,
    cosigners: Vec<u8>,
}

impl World {
    /// A log of six entries, published at sizes 2 and 5 among two leaves of others.
    fn new() -> Self {
        let log = Log::new(6, &[]);
        let openings: Vec<Opening> = [2, 5].map(|size| opening(&log, size)).to_vec();
        let other = |n| BlindedCheckpoint { pseudonym: [n; 16], commitment: [n; 32] };
        let leaves = vec![other(1), openings[0].blinded(), other(2), openings[1].blinded()];
        let mut world = Self { log, leaves, openings, cosigners: vec![1, 3] };
        world.anchor(3, 1);
        world
    }

    /// Puts the proof of this opening, at this leaf, into the export.
    fn anchor(&mut self, leaf: u64, opening: usize) {
        self.log.anchor = Some(self.proof(leaf, &self.openings[opening]).text());
    }

    fn proof(&self, index: u64, opening: &Opening) -> ProofFile {
        let mut tree = StoredTree::grown(self.leaves.iter().map(BlindedCheckpoint::leaf));
        let size = self.leaves.len() as u64;
        let path = inclusion_proof(&mut tree, index, size).unwrap();
        let origin = LogOrigin::of_checkpoints(Uuid::from_u128(7).into());
        let text = Checkpoint { origin, size, root: tree.root(size) }.text();
        let lines: String = self.cosigners.iter().map(|n| witness(*n).line(&text, 9)).collect();
        let checkpoint = self.log.signer.sign(&text) + &lines;
        ProofFile { extra: Some(opening.text().into_bytes()), index, path, checkpoint }
    }

    fn copy(&self) -> Vec<u8> {
        let mut copy = Vec::new();
        assert!(self.leaves.iter().all(|leaf| push_entry(&mut copy, leaf.text().as_bytes())));
        copy
    }

    fn verdict(&self, policy: Option<&Policy>, copy: Option<PublicCopy<'_>>) -> Verdict {
        let keys = std::slice::from_ref(&self.log.signer.key);
        let evidence = Evidence { keys, policy, copy, ..Evidence::default() };
        verify_export(&self.log.export()[..], evidence)
    }

    fn cosigned(&self) -> Verdict {
        self.verdict(Some(&two_of_three()), None)
    }

    fn scanned(&self, copy: &[u8], openings: &[Opening]) -> Verdict {
        let copy = PublicCopy { entries: copy, openings };
        self.verdict(Some(&two_of_three()), Some(copy))
    }
}

/// The opening of the log's checkpoint at a size.
fn opening(log: &Log, size: u64) -> Opening {
    let mut frontier = Frontier::new();
    for row in log.rows.iter().take(usize::try_from(size).unwrap()) {
        frontier.append(row.leaf, |_, _| {});
    }
    let checkpoint = Checkpoint { origin: origin(), size, root: frontier.root() };
    let nonce = [u8::try_from(size).unwrap(); 32];
    Opening { pseudonym: NAME, nonce, checkpoint }
}

fn found(verdict: &Verdict) -> AnchorFault {
    match verdict {
        Verdict::Tampered(Finding::Anchor(fault)) => *fault,
        other => panic!("{other}"),
    }
}

#[test]
fn a_cosigned_log_is_verified_with_the_number_of_its_witnesses() {
    let verdict = World::new().cosigned();
    let text = "VERIFIED as of size 6, up to size 5 cosigned by 2 of 3 witnesses, \
                after it signed by the operator only";
    assert_eq!(verdict.to_string(), text);
    let mut whole = World::new();
    whole.openings.push(opening(&whole.log, 6));
    whole.leaves.push(whole.openings[2].blinded());
    whole.anchor(4, 2);
    let text = "VERIFIED as of size 6, cosigned by 2 of 3 witnesses";
    assert_eq!(whole.cosigned().to_string(), text);
}

#[test]
fn without_a_policy_the_operator_alone_stands_behind_it() {
    let text = "VERIFIED as of size 6, signed by the operator only";
    assert_eq!(World::new().verdict(None, None).to_string(), text);
    let mut alone = World::new();
    alone.log.anchor = None;
    assert_eq!(alone.verdict(None, None).to_string(), text);
}

#[test]
fn too_few_witnesses_and_an_unpublished_log_cannot_be_established() {
    let mut world = World::new();
    world.cosigners = vec![2];
    world.anchor(3, 1);
    let lacking = Reason::NoQuorum { cosigned: 1, witnesses: 3 };
    assert_eq!(world.cosigned(), Verdict::CannotEstablish(lacking));
    world.log.anchor = None;
    assert_eq!(world.cosigned(), Verdict::CannotEstablish(Reason::NotPublished));
}

#[test]
fn a_rewritten_log_is_tampered_even_when_witnesses_are_missing() {
    let mut world = World::new();
    world.cosigners.clear();
    world.anchor(3, 1);
    // Rewritten entirely and signed anew, as somebody with the database and the broker could.
    let forged = Log::new(7, &[]);
    world.log.rows = forged.rows[1..].to_vec();
    for (index, row) in (0..).zip(&mut world.log.rows) {
        row.index = index;
    }
    world.log.checkpoint = resigned(&world.log);
    let fault = AnchorFault::NotContinued { size: 5 };
    assert_eq!(found(&world.cosigned()), fault);
    assert_eq!(found(&world.verdict(None, None)), fault, "a policy is not needed to see it");
}

/// The checkpoint over the rows as they are now.
fn resigned(log: &Log) -> String {
    let size = log.rows.len() as u64;
    let Opening { checkpoint, .. } = opening(log, size);
    log.signer.sign(&checkpoint.text())
}

#[test]
fn a_log_cut_back_below_what_was_published_is_tampered() {
    let mut world = World::new();
    world.log.rows.truncate(4);
    world.log.checkpoint = resigned(&world.log);
    assert_eq!(found(&world.cosigned()), AnchorFault::NotContinued { size: 5 });
    // The forger leaves the newer proof out: whoever kept it, or goes over all leaves, sees it.
    world.anchor(1, 0);
    assert!(matches!(world.cosigned(), Verdict::Verified(_)), "by itself it looks whole");
    let kept = world.proof(3, &world.openings[1]).text();
    let keys = std::slice::from_ref(&world.log.signer.key);
    let evidence = Evidence { keys, proofs: &[&kept], ..Evidence::default() };
    let verdict = verify_export(&world.log.export()[..], evidence);
    assert_eq!(found(&verdict), AnchorFault::NotContinued { size: 5 });
    let all = world.scanned(&world.copy(), &world.openings);
    assert_eq!(found(&all), AnchorFault::NotContinued { size: 5 });
    let hidden = world.scanned(&world.copy(), &world.openings[..1]);
    assert_eq!(found(&hidden), AnchorFault::KeptBack { leaf: 3 });
}

#[test]
fn a_second_log_under_the_same_name_is_found_by_going_over_all_leaves() {
    let mut world = World::new();
    let mut forked = opening(&world.log, 5);
    forked.checkpoint.root = [0xF0; 32];
    world.leaves.insert(3, forked.blinded());
    world.anchor(4, 1);
    assert!(matches!(world.cosigned(), Verdict::Verified(_)), "each branch by itself looks whole");
    let verdict = world.scanned(&world.copy(), &world.openings);
    assert_eq!(found(&verdict), AnchorFault::KeptBack { leaf: 3 });
    world.openings.push(forked);
    let verdict = world.scanned(&world.copy(), &world.openings);
    assert_eq!(found(&verdict), AnchorFault::NotContinued { size: 5 });
}

#[test]
fn an_honest_log_passes_the_scan_and_openings_made_later_do_not_disturb_it() {
    let mut world = World::new();
    let Verdict::Verified(verified) = world.scanned(&world.copy(), &world.openings) else {
        panic!("not verified");
    };
    assert_eq!(verified.anchored.unwrap().leaves, Some(2));
    let mut later = opening(&world.log, 6);
    later.checkpoint.size = 60;
    world.openings.push(later);
    let verdict = world.scanned(&world.copy(), &world.openings);
    assert_eq!(verdict.word(), "VERIFIED");
}

#[test]
fn a_copy_that_is_short_or_changed_is_told_apart() {
    let world = World::new();
    let copy = world.copy();
    let half = world.scanned(&copy[..copy.len() / 2], &world.openings);
    assert_eq!(half, Verdict::CannotEstablish(Reason::ShortCopy));
    for place in 0..copy.len() {
        let mut flipped = copy.clone();
        flipped[place] ^= 1;
        let verdict = world.scanned(&flipped, &world.openings);
        assert_ne!(verdict.word(), "VERIFIED", "byte {place}");
    }
    let longer = [copy.clone(), copy].concat();
    assert_eq!(world.scanned(&longer, &world.openings).word(), "VERIFIED", "unsigned leaves");
}

#[test]
fn a_proof_of_another_log_or_another_installation_proves_nothing() {
    let mut world = World::new();
    let mut foreign = world.openings[1].clone();
    foreign.checkpoint.origin = LogOrigin::parse("example.com/log").unwrap();
    world.leaves[3] = foreign.blinded();
    world.log.anchor = Some(world.proof(3, &foreign).text());
    assert_eq!(found(&world.cosigned()), AnchorFault::Proof);

    let mut world = World::new();
    let honest = world.proof(3, &world.openings[1]);
    let mut elsewhere = honest.clone();
    elsewhere.checkpoint = honest.checkpoint.replacen("casemate/", "casemaze/", 1);
    world.log.anchor = Some(elsewhere.text());
    assert_eq!(world.cosigned(), Verdict::CannotEstablish(Reason::UnknownLogKey));
}

#[test]
fn a_blinded_leaf_must_be_the_one_that_the_opening_gives() {
    let mut world = World::new();
    let mut other = world.openings[1].clone();
    other.nonce = [0; 32];
    world.log.anchor = Some(world.proof(3, &other).text());
    assert_eq!(found(&world.cosigned()), AnchorFault::Proof);
    let mut renamed = world.openings[1].clone();
    renamed.pseudonym = [0; 16];
    world.log.anchor = Some(world.proof(3, &renamed).text());
    assert_eq!(found(&world.cosigned()), AnchorFault::Proof);
    // The right leaf at another place.
    let mut proof = world.proof(1, &world.openings[1]);
    proof.index = 3;
    world.log.anchor = Some(proof.text());
    assert_eq!(found(&world.cosigned()), AnchorFault::Proof);
}

#[test]
fn a_log_that_changes_its_name_is_found_by_whoever_kept_a_proof() {
    let mut world = World::new();
    let kept = world.proof(3, &world.openings[1]).text();
    world.openings[1].pseudonym = [0xBB; 16];
    world.leaves[3] = world.openings[1].blinded();
    world.anchor(3, 1);
    let keys = std::slice::from_ref(&world.log.signer.key);
    let evidence = Evidence { keys, proofs: &[&kept], ..Evidence::default() };
    let verdict = verify_export(&world.log.export()[..], evidence);
    assert_eq!(found(&verdict), AnchorFault::Renamed);
}

#[test]
fn a_listed_witness_with_a_bad_line_is_tampering() {
    let mut world = World::new();
    let mut proof = world.proof(3, &world.openings[1]);
    proof.checkpoint.push_str(&witness(2).line("another text\n", 9));
    world.log.anchor = Some(proof.text());
    assert_eq!(found(&world.cosigned()), AnchorFault::Signature);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_changed_byte_of_the_anchor_never_gains_a_witness(
        place in any::<prop::sample::Index>(), byte in any::<u8>()
    ) {
        let mut world = World::new();
        let good = world.log.anchor.clone().unwrap();
        let mut bytes = good.clone().into_bytes();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        let changed = String::from_utf8_lossy(&bytes).into_owned();
        world.log.anchor = Some(changed.clone());
        let verdict = world.cosigned();
        prop_assert_eq!(verdict.word() == "VERIFIED", changed == good, "{}", verdict);
    }
}
