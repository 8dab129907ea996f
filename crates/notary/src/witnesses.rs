//! What is asked of witnesses, and what is kept of their answers. The call itself is made
//! elsewhere.
//!
//! Always true
//! 1. A line is kept only after it was verified with the witness's own key, over the very head it
//!    was asked about; it is kept in the form this house writes, not in the one that came.
//! 2. What a witness says about its size decides only which proof it gets.

use domain::RequestId;
use ledger::witness::AddCheckpoint;
use ledger::{CosignerKey, Note, tree};
use store::{Caller, Commit, Head, QuietReason, Store, WitnessState};

use crate::NotaryError;
use crate::nodes::CheckpointNodes;

/// What to ask a witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The size of the head in question.
    pub size: u64,
    /// The body to send.
    pub body: String,
    note: String,
}

/// How a call to a witness ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<'a> {
    /// 200, with this body.
    Signed(&'a str),
    /// 409: it is at this size.
    At(u64),
    /// Anything else, in a word.
    Failed(&'a str),
}

/// What came of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// The cosignature is stored.
    Cosigned,
    /// The witness is at another size: ask once more, from there.
    AskFrom(u64),
    /// Nothing is to be had now; the reason is stored.
    Nothing,
}

/// The question for a witness that is believed to be at `known`; `None` when it has cosigned the
/// newest head, or there is none.
///
/// # Errors
/// [`NotaryError::NotFound`] when the log never had that size; [`NotaryError::Damaged`],
/// [`NotaryError::Store`].
pub async fn question(
    store: &Store,
    witness: &CosignerKey,
    known: Option<u64>,
) -> Result<Option<Question>, NotaryError> {
    let name = witness.to_string();
    store
        .platform_read(move |tx| {
            let mut log = tx.checkpoint_log();
            let Some(Head { size, note, .. }) = log.head()? else { return Ok(None) };
            let cosigned = log.cosigned_up_to(&name)?;
            if cosigned.is_some_and(|cosigned| cosigned >= size) {
                return Ok(None);
            }
            let old = known.or(cosigned).unwrap_or(0);
            let proof = tree::consistency_proof(&mut CheckpointNodes(&mut log), old, size)?;
            let body = AddCheckpoint { old, proof, checkpoint: &note }.text();
            Ok(Some(Question { size, body, note }))
        })
        .await
}

/// Judges an answer to `question` and keeps what it is worth.
///
/// # Errors
/// [`NotaryError::Store`].
pub async fn keep(
    store: &Store,
    witness: &CosignerKey,
    question: &Question,
    answer: Answer<'_>,
) -> Result<Kept, NotaryError> {
    let size = question.size;
    let (kept, line) = match answer {
        Answer::Signed(lines) => match line(witness, &question.note, lines) {
            Some(line) => (Kept::Cosigned, Ok(line)),
            None => (Kept::Nothing, Err("the answer is not a cosignature by its key".to_owned())),
        },
        // A witness that claims to have seen more than there is has seen another log.
        Answer::At(at) if at > size => {
            (Kept::Nothing, Err(format!("it has seen a log of size {at}, which is longer")))
        }
        Answer::At(at) => (Kept::AskFrom(at), Err(format!("it is at size {at}"))),
        Answer::Failed(why) => (Kept::Nothing, Err(why.to_owned())),
    };
    let (name, caller) =
        (witness.to_string(), Caller::system("witnesses", store.mint().id::<RequestId>()));
    let noted = store.platform_write::<_, NotaryError>(&caller, move |tx| {
        let mut log = tx.checkpoint_log();
        match &line {
            Ok(line) => {
                log.cosigned(size, &name, line)?;
                log.witness_answered(&name, size)?;
            }
            Err(why) => {
                let at = log.cosigned_up_to(&name)?.unwrap_or(0);
                log.witness_failed(&name, at, why)?;
            }
        }
        Ok(Commit::quiet(QuietReason::Cosigned, ()))
    });
    noted.await?;
    Ok(kept)
}

/// The witness's newest valid line over the note, written in our own form.
fn line(witness: &CosignerKey, note: &str, lines: &str) -> Option<String> {
    let cosigned = format!("{note}{lines}");
    let note = Note::parse(&cosigned).ok()?;
    Some(witness.cosignature(&note).ok()??.line(witness))
}

/// Which of the configured witnesses cosigned what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The newest head.
    pub head: Option<Head>,
    /// For each of the given witnesses, in order, whether it cosigned that head.
    pub cosigned: Vec<bool>,
    /// What each witness said last, as far as it was ever asked.
    pub states: Vec<WitnessState>,
}

/// How the newest head stands with these witnesses.
///
/// # Errors
/// [`NotaryError::Store`].
pub async fn standing(store: &Store, witnesses: &[CosignerKey]) -> Result<Standing, NotaryError> {
    let names: Vec<String> = witnesses.iter().map(ToString::to_string).collect();
    store
        .platform_read(move |tx| {
            let mut log = tx.checkpoint_log();
            let head = log.head()?;
            let mut cosigned = Vec::with_capacity(names.len());
            for name in &names {
                let up_to = log.cosigned_up_to(name)?;
                cosigned.push(head.as_ref().is_some_and(|head| up_to >= Some(head.size)));
            }
            Ok(Standing { head, cosigned, states: log.witnesses()? })
        })
        .await
}
