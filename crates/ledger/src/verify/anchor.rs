//! From one log up to the log of checkpoints, and what the witnesses said of that.
//!
//! Always true
//! 1. A published checkpoint counts only when its opening is of this very log, its blinded hash is
//!    computed here, and the proof leads from that leaf to a root that the log of checkpoints
//!    signed.
//! 2. The log of checkpoints is the one of the installation that the log itself names; another's is
//!    refused.
//! 3. Of a copy, only leaves that the signed root covers are believed.

use std::collections::BTreeMap;

use super::{AnchorFault, Evidence, Finding, Reason, Stop, is_beyond};
use crate::blinded::{BlindedCheckpoint, Opening, Pseudonym};
use crate::checkpoint::Checkpoint;
use crate::note::NoteError;
use crate::origin::LogOrigin;
use crate::policy::Policy;
use crate::proof_file::ProofFile;
use crate::tiles::split_entry;
use crate::tree::{Frontier, Hash, leaf_hash, verify_inclusion};

/// A checkpoint of the log that is in the log of checkpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchored {
    /// How many entries of the log it covers.
    pub size: u64,
    /// The log's name in the log of checkpoints.
    pub pseudonym: Pseudonym,
    /// The size of the log of checkpoints that was signed.
    pub head_size: u64,
    /// Witnesses of the policy that cosigned it.
    pub cosigned: usize,
    /// Witnesses in the policy.
    pub witnesses: usize,
    /// Leaves about this log that were found in the copy, each of them opened; `None` without one.
    pub leaves: Option<u64>,
}

/// A copy of the log of checkpoints, and what opens the leaves that are about this log.
#[derive(Debug, Clone, Copy)]
pub struct PublicCopy<'a> {
    /// Bundles of entries, one after another, as they are served.
    pub entries: &'a [u8],
    /// Openings of this log.
    pub openings: &'a [Opening],
}

/// What the log of checkpoints demands of the log.
pub(super) struct Published {
    /// Checkpoints the log must have passed through.
    pub(super) passages: Vec<Checkpoint>,
    pub(super) anchored: Option<Anchored>,
    pub(super) lacking: Option<Reason>,
}

/// Judges everything that connects this log, which begins at index `first`, with the log of
/// checkpoints.
pub(super) fn open(
    checkpoint: &Checkpoint,
    anchor: Option<&str>,
    first: u64,
    evidence: Evidence<'_>,
) -> Result<Published, Stop> {
    let nobody = Policy::operator_only();
    let policy = evidence.policy.unwrap_or(&nobody);
    let kept = evidence.proofs.iter().map(|proof| Proof::open(proof, checkpoint, policy, evidence));
    let kept = kept.collect::<Result<Vec<Proof>, Stop>>()?;
    let mut passages: Vec<Checkpoint> =
        kept.iter().map(|proof| proof.opening.checkpoint.clone()).collect();
    let Some(anchor) = anchor else {
        let wanted = !policy.asks_nobody() || evidence.copy.is_some();
        let lacking = wanted.then_some(Reason::NotPublished);
        return Ok(Published { passages, anchored: None, lacking });
    };
    let proof = Proof::open(anchor, checkpoint, policy, evidence)?;
    let pseudonym = proof.opening.pseudonym;
    if kept.iter().any(|kept| kept.opening.pseudonym != pseudonym) {
        return Err(Finding::Anchor(AnchorFault::Renamed).into());
    }
    passages.push(proof.opening.checkpoint.clone());
    let (mut leaves, mut short) = (None, None);
    if let Some(copy) = evidence.copy {
        let openings = of_this_log(checkpoint, pseudonym, copy.openings)?;
        leaves = scan(copy, checkpoint, &proof)?;
        // What else is wrong with the log is worth more than this.
        short = leaves.is_none().then_some(Reason::ShortCopy);
        // What was opened after the export was made says nothing about it.
        // What was published before the log's boundary was opened above, and is dropped.
        let epoch = checkpoint.origin.epoch();
        let passed = openings.into_iter().filter(|opened| {
            let earlier = opened.origin.epoch() <= epoch && !is_beyond(opened, checkpoint);
            earlier && opened.size >= first
        });
        passages.extend(passed.cloned());
    }
    let Proof { head_size, cosigned, witnesses, .. } = proof;
    let lacking = (!proof.quorum).then_some(Reason::NoQuorum { cosigned, witnesses }).or(short);
    let size = proof.opening.checkpoint.size;
    let anchored = Anchored { size, pseudonym, head_size, cosigned, witnesses, leaves };
    Ok(Published { passages, anchored: Some(anchored), lacking })
}

/// A proof that was followed up to a signed root.
struct Proof {
    opening: Opening,
    head_size: u64,
    head_root: Hash,
    cosigned: usize,
    witnesses: usize,
    quorum: bool,
}

impl Proof {
    fn open(
        text: &str,
        checkpoint: &Checkpoint,
        policy: &Policy,
        evidence: Evidence<'_>,
    ) -> Result<Self, Stop> {
        let fault = |fault| Stop::from(Finding::Anchor(fault));
        let proof = ProofFile::parse(text).map_err(|_| fault(AnchorFault::Proof))?;
        let opening = proof.extra.as_deref().and_then(|extra| Opening::parse(extra).ok());
        let opening =
            opening.filter(|opening| opening.checkpoint.origin.same_log(&checkpoint.origin));
        let opening = opening.ok_or_else(|| fault(AnchorFault::Proof))?;
        within(&opening.checkpoint, checkpoint)?;
        let judged =
            policy.judge(&proof.checkpoint, evidence.keys).map_err(|error| match error {
                NoteError::UnknownKey => Stop::from(Reason::UnknownLogKey),
                NoteError::BadSignature => fault(AnchorFault::Signature),
                NoteError::Form | NoteError::Key => fault(AnchorFault::Proof),
            })?;
        let instance = checkpoint.origin.parts().map(|(instance, ..)| instance);
        let of_instance = instance.map(LogOrigin::of_checkpoints);
        let head = LogOrigin::parse(judged.head.origin).ok();
        let ours = of_instance.zip(head).is_some_and(|(ours, head)| ours.same_log(&head));
        let (size, root) = (judged.head.size, judged.head.root);
        let leaf = opening.blinded().leaf();
        if !ours || !verify_inclusion(proof.index, size, &leaf, &proof.path, &root) {
            return Err(fault(AnchorFault::Proof));
        }
        let (cosigned, witnesses, quorum) = (judged.cosigned, judged.witnesses, judged.quorum);
        Ok(Self { opening, head_size: size, head_root: root, cosigned, witnesses, quorum })
    }
}

/// A published checkpoint larger than the export's own says that the export's log was cut back.
fn within(published: &Checkpoint, checkpoint: &Checkpoint) -> Result<(), Stop> {
    let size = published.size;
    if !is_beyond(published, checkpoint) {
        return Ok(());
    }
    Err(Finding::Anchor(AnchorFault::NotContinued { size }).into())
}

/// The openings that were brought along: all of this log, under its one name.
fn of_this_log<'a>(
    checkpoint: &Checkpoint,
    pseudonym: Pseudonym,
    openings: &'a [Opening],
) -> Result<Vec<&'a Checkpoint>, Stop> {
    for opening in openings {
        if !opening.checkpoint.origin.same_log(&checkpoint.origin) {
            return Err(Reason::ForeignEvidence.into());
        }
        if opening.pseudonym != pseudonym {
            return Err(Finding::Anchor(AnchorFault::Renamed).into());
        }
    }
    Ok(openings.iter().map(|opening| &opening.checkpoint).collect())
}

/// Goes over every leaf that the signed root covers. How many are about this log, whose export has
/// this checkpoint; `None` when the copy ends before that.
fn scan(copy: PublicCopy<'_>, checkpoint: &Checkpoint, proof: &Proof) -> Result<Option<u64>, Stop> {
    let fault = |fault| Stop::from(Finding::Anchor(fault));
    let openings = copy.openings.iter().chain(std::iter::once(&proof.opening));
    let opened: BTreeMap<Hash, &Checkpoint> =
        openings.map(|opening| (opening.commitment(), &opening.checkpoint)).collect();
    let (mut frontier, mut found, mut wrong) = (Frontier::new(), 0_u64, None);
    let mut entries = copy.entries;
    while frontier.size() < proof.head_size {
        let Some((entry, rest)) = split_entry(entries) else { return Ok(None) };
        let leaf = BlindedCheckpoint::parse(entry).map_err(|_| fault(AnchorFault::Copy))?;
        if leaf.pseudonym == proof.opening.pseudonym {
            found += 1;
            let fault = match opened.get(&leaf.commitment) {
                None => Some(AnchorFault::KeptBack { leaf: frontier.size() }),
                // The log was longer when the root was signed than the export says it is.
                Some(published) => is_beyond(published, checkpoint)
                    .then_some(AnchorFault::NotContinued { size: published.size }),
            };
            wrong = wrong.or(fault);
        }
        frontier.append(leaf_hash(entry), |_, _| {});
        entries = rest;
    }
    // Nothing is concluded from leaves that nobody signed.
    if frontier.root() != proof.head_root {
        return Err(fault(AnchorFault::Copy));
    }
    wrong.map_or(Ok(Some(found)), |wrong| Err(fault(wrong)))
}
