//! Exports: a whole log, streamed, up to a checkpoint that is new enough to hold the export's own
//! entry.
//!
//! Always true
//! 1. A member's right to export is decided again for each part that is read: who loses it in the
//!    middle gets no more.
//! 2. Rows that are missing are left missing, and the export still ends: the verifier shall see it.

use std::collections::VecDeque;

use broker::Broker;
use domain::authz::{Authority, ExportAudit, ReadSecurity, decide};
use domain::{RequestId, Scope};
use ledger::export::{ExportWriter, ExportedEntry};
use ledger::ocsf::{Recorded, ocsf_event};
use ledger::{AuditEvent, Boundary, LogOrigin, Stream, Verb};
use store::{Caller, Commit, Committed, Log, LoggedEntry, Store, StoredCheckpoint, Unit};

use crate::{NotaryError, access, anchors, sequence};

/// Entries read at once: the memory of one export stays below this many entries of the largest
/// size.
const ENTRIES_PER_READ: u32 = 128;
/// Batches that an export sequences itself before it starts with what there is.
const CATCH_UP_BATCHES_MAX: usize = 64;

/// Who reads.
enum Reader {
    /// A member of the workspace whose log it is.
    Member(Box<Scope>),
    /// The person at the machine, who reads the platform's own log.
    Machine,
}

/// In which form lines are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// With the proofs.
    Native,
    /// As events of a standard.
    Ocsf,
}

/// An export on its way out.
pub struct Export {
    store: Store,
    reader: Reader,
    stream: Stream,
    /// How many entries the checkpoint covers.
    size: u64,
    /// The index to read from next.
    next: u64,
    /// `None` when the end line is written.
    writer: Option<ExportWriter>,
    form: Form,
    /// Lines that are ready.
    lines: VecDeque<String>,
}

/// Records the export of a workspace's log, waits until its own entry is in the log, and begins.
///
/// # Errors
/// [`NotaryError::NotFound`], [`NotaryError::Denied`]: nothing was recorded.
/// [`NotaryError::Broker`], [`NotaryError::Damaged`], [`NotaryError::Store`],
/// [`NotaryError::Unexportable`]: the attempt may be recorded.
pub async fn begin_export(
    store: &Store,
    broker: &Broker,
    scope: &Scope,
    stream: Stream,
) -> Result<Committed<Export>, NotaryError> {
    let log = LogOrigin::new(store.instance(), scope.tenant(), stream);
    let recorded = store
        .write::<(), NotaryError>(scope, move |tx| {
            may_export(&access::authority(tx)?, stream)?;
            Ok(Commit::audited(exported_event(&log), ()))
        })
        .await?;
    let reader = Reader::Member(Box::new(scope.clone()));
    let export = begin(store, broker, reader, stream).await?;
    Ok(recorded.map(|()| export))
}

fn may_export(authority: &Authority, stream: Stream) -> Result<(), NotaryError> {
    decide(authority, ExportAudit {})?;
    if stream == Stream::Security {
        decide(authority, ReadSecurity {})?;
    }
    Ok(())
}

/// The same for the platform's own log: accounts, sign-ins, and openings of people's records. For
/// the person at the machine; no request of the API leads here.
///
/// # Errors
/// As [`begin_export`], without the first two.
pub async fn begin_platform_export(
    store: &Store,
    broker: &Broker,
    stream: Stream,
) -> Result<Committed<Export>, NotaryError> {
    let log = LogOrigin::new(store.instance(), store.unit_id(Unit::Platform), stream);
    let caller = Caller::system("operator", store.mint().id::<RequestId>());
    let recorded = store
        .unit_write::<(), NotaryError>(Unit::Platform, &caller, move |_| {
            Ok(Commit::audited(exported_event(&log), ()))
        })
        .await?;
    let export = begin(store, broker, Reader::Machine, stream).await?;
    Ok(recorded.map(|()| export))
}

fn exported_event(log: &LogOrigin) -> AuditEvent {
    AuditEvent::new(Verb::AuditExported, "log", log)
}

async fn begin(
    store: &Store,
    broker: &Broker,
    reader: Reader,
    stream: Stream,
) -> Result<Export, NotaryError> {
    let unit = match &reader {
        Reader::Member(scope) => Unit::Tenant(scope.tenant()),
        Reader::Machine => Unit::Platform,
    };
    catch_up(store, broker, unit, Verb::AuditExported.stream()).await?;
    if stream != Verb::AuditExported.stream() {
        catch_up(store, broker, unit, stream).await?;
    }
    // In this order: what was published up to here is then covered by the newest checkpoint.
    let anchor = anchor(store, unit, stream).await?;
    let newest = store.unit_read::<_, NotaryError>(unit, move |tx| {
        let Some(newest) = tx.audit().checkpoint(stream)? else { return Ok(None) };
        let boundary = tx.audit().boundary(stream, newest.size)?;
        Ok(Some((newest, boundary)))
    });
    // Catching up has made one; it is missing only if others were faster every time.
    let (newest, boundary) = newest.await?.ok_or(NotaryError::Raced)?;
    let StoredCheckpoint { size, note, .. } = newest;
    let next = boundary.as_ref().map_or(0, Boundary::first_index);
    let (writer, head) = ExportWriter::begin(&note, Vec::new(), anchor, boundary.as_ref())?;
    let (store, lines) = (store.clone(), VecDeque::from([head]));
    let form = Form::Native;
    Ok(Export { store, reader, stream, size, next, writer: Some(writer), form, lines })
}

/// The proof that a checkpoint of this log is in the log of checkpoints.
async fn anchor(store: &Store, unit: Unit, stream: Stream) -> Result<Option<String>, NotaryError> {
    let candidates = store.unit_read::<_, NotaryError>(unit, move |tx| {
        let (pseudonym, epochs) = (tx.openings().pseudonym(stream)?, tx.epochs().list(stream)?);
        Ok((pseudonym, epochs, tx.openings().newest(stream, anchors::CANDIDATES)?))
    });
    let origin = LogOrigin::new(store.instance(), store.unit_id(unit), stream);
    anchors::best_proof(store, origin, candidates.await?).await
}

impl Export {
    /// How many entries the export's checkpoint covers.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The same entries as events of the Open Cybersecurity Schema Framework, one a line: for a
    /// collector, which proves nothing by them. To be asked for before the first line is taken.
    #[must_use]
    pub fn as_ocsf(self) -> Self {
        Self { form: Form::Ocsf, lines: VecDeque::new(), ..self }
    }

    /// The next line, with its newline; `None` after the last one.
    ///
    /// # Errors
    /// [`NotaryError`]: the export breaks off, and what was written of it ends early.
    pub async fn next_line(&mut self) -> Result<Option<String>, NotaryError> {
        if self.lines.is_empty() {
            self.read_on().await?;
        }
        Ok(self.lines.pop_front())
    }

    async fn read_on(&mut self) -> Result<(), NotaryError> {
        let Some(mut writer) = self.writer.take() else { return Ok(()) };
        let entries = self.part().await?;
        if let Some(last) = entries.last() {
            self.next = last.index + 1;
            for entry in &entries {
                self.lines.push_back(match self.form {
                    Form::Native => writer.entry(entry)?,
                    Form::Ocsf => format!("{}\n", as_ocsf(entry)),
                });
            }
            self.writer = Some(writer);
        } else if self.form == Form::Native {
            self.lines.push_back(writer.end()?);
        }
        Ok(())
    }

    /// The next entries the checkpoint covers, as they are stored; empty at the end.
    async fn part(&self) -> Result<Vec<ExportedEntry>, NotaryError> {
        let Self { stream, size, next, .. } = *self;
        let found = match &self.reader {
            Reader::Member(scope) => {
                let part = self.store.read::<_, NotaryError>(scope, move |tx| {
                    may_export(&access::authority(tx)?, stream)?;
                    let edge = tx.retention().boundary()?.map(|(edge, _)| edge);
                    part_of(&mut tx.audit(), edge.as_ref(), stream, next)
                });
                part.await?
            }
            Reader::Machine => {
                let part = self.store.unit_read::<_, NotaryError>(Unit::Platform, move |tx| {
                    let edge = tx.retention().boundary()?.map(|(edge, _)| edge);
                    part_of(&mut tx.audit(), edge.as_ref(), stream, next)
                });
                part.await?
            }
        };
        let covered = found.into_iter().filter_map(exported);
        Ok(covered.take_while(|entry| entry.index < size).collect())
    }
}

fn as_ocsf(entry: &ExportedEntry) -> serde_json::Value {
    let ExportedEntry { index, leaf, bytes, personal, .. } = entry;
    ocsf_event(&Recorded { bytes, index: Some(*index), leaf, personal })
}

/// The stored entries from `next` on. What was dropped since the export began is no damage: the
/// export breaks off, and the next one begins at the boundary.
fn part_of(
    log: &mut Log<'_>,
    edge: Option<&Boundary>,
    stream: Stream,
    next: u64,
) -> Result<Vec<LoggedEntry>, NotaryError> {
    let found = log.range(stream, next, ENTRIES_PER_READ)?;
    let first = found.first().and_then(|entry| entry.index);
    match edge.map(Boundary::first_index) {
        Some(first_index)
            if stream == Stream::Security && first_index > next && first != Some(next) =>
        {
            Err(NotaryError::Dropped { first_index })
        }
        _ => Ok(found),
    }
}

pub(crate) fn exported(entry: LoggedEntry) -> Option<ExportedEntry> {
    let LoggedEntry { index, hash: leaf, body: bytes, personal, erased, .. } = entry;
    index.map(|index| ExportedEntry { index, leaf, bytes, personal, erased })
}

/// Sequences until nothing waits. Another sequencer's work counts as well as ours.
async fn catch_up(
    store: &Store,
    broker: &Broker,
    unit: Unit,
    stream: Stream,
) -> Result<(), NotaryError> {
    for _ in 0..CATCH_UP_BATCHES_MAX {
        match sequence(store, broker, unit, stream).await {
            Ok(done) if !done.more => break,
            Ok(_) | Err(NotaryError::Raced) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
