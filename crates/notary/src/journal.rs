//! Copies the broker's journal of openings into the logs of those whose records were opened.
//!
//! Always true
//! 1. Each opening gets exactly one entry: a unit's mark moves forward in the transaction that
//!    writes the copies, and only what lies behind the mark is copied.
//! 2. The broker is told only after every unit's copies are durable. Killed before that, the same
//!    entries are read again and found behind the marks.
//! 3. An opening of values that no entry of the same request announced is followed by an entry that
//!    says so, for the workspace's owner to see.
//! 4. An opening is never dropped: when its workspace has no data of its own any more, the
//!    platform's log takes it.

use std::collections::BTreeMap;

use broker::{Broker, DataScope, JournalEntry, Purpose, Realm, RecordName};
use data_encoding::HEXLOWER;
use domain::RequestId;
use domain::limits::{ENTRIES_PER_BATCH_MAX, PAGE_ITEMS_MAX};
use ledger::{AuditEvent, EntryView, Verb};
use serde_json::{Value, json};
use store::{
    AuditTx, Caller, Commit, EntryFilter, LoggedEntry, Page, Refusal, Store, StoreError, Unit,
};

use crate::NotaryError;

/// Pages of announcements that are looked through for one opening: far more than can be written
/// between an announcement and the copy of its opening.
const ANNOUNCEMENT_PAGES: usize = 10;
/// Announcements that are looked at first.
const ANNOUNCEMENTS_FIRST: u32 = 32;

/// What one round of copying did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// The units whose logs have new entries.
    pub units: Vec<Unit>,
    /// Whether the journal may hold more, because the round was full.
    pub more: bool,
}

/// Copies at most [`ENTRIES_PER_BATCH_MAX`] journal entries and tells the broker so.
///
/// # Errors
/// [`NotaryError::Broker`], also when another copier was faster and the position is gone;
/// [`NotaryError::Store`]. Whatever was copied stays copied, and the next round goes on from there.
pub async fn copy_journal(store: &Store, broker: &Broker) -> Result<Copied, NotaryError> {
    let status = broker.status().await?;
    let copied = status.journal_seq.saturating_sub(status.journal_lag);
    let count = u32::try_from(ENTRIES_PER_BATCH_MAX).unwrap_or(u32::MAX);
    let journal = broker.journal_after(copied, count).await?;
    let Some(last) = journal.last().map(|entry| entry.seq) else {
        return Ok(Copied { units: Vec::new(), more: false });
    };
    let more = journal.len() == ENTRIES_PER_BATCH_MAX;
    let mut by_unit: BTreeMap<Unit, Vec<JournalEntry>> = BTreeMap::new();
    for entry in journal {
        by_unit.entry(unit_of(entry.realm)).or_default().push(entry);
    }
    // The platform comes last, so that its mark passes nothing that has no home yet.
    let mut of_platform = by_unit.remove(&Unit::Platform).unwrap_or_default();
    let mut units = Vec::with_capacity(by_unit.len() + 1);
    for (unit, entries) in by_unit {
        match copy_into(store, unit, entries.clone()).await {
            Ok(()) => units.push(unit),
            Err(NotaryError::Store(StoreError::Refused(Refusal::NoUnit))) => {
                of_platform.extend(entries);
            }
            Err(error) => return Err(error),
        }
    }
    if !of_platform.is_empty() {
        of_platform.sort_unstable_by_key(|entry| entry.seq);
        copy_into(store, Unit::Platform, of_platform).await?;
        units.push(Unit::Platform);
    }
    broker.journal_copied(last).await?;
    Ok(Copied { units, more })
}

/// Writes the entries that lie behind the unit's mark, and moves the mark, in one transaction.
async fn copy_into(
    store: &Store,
    unit: Unit,
    entries: Vec<JournalEntry>,
) -> Result<(), NotaryError> {
    let caller = Caller::system("broker", store.mint().id::<RequestId>());
    match store.unit_write(unit, &caller, move |tx| copy(tx, &entries)).await {
        // The other copier's commit, for which this one waited, holds all of them.
        Ok(_) | Err(NotaryError::Raced) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Moving the mark is what decides: it holds the row until the commit, so a copier that read the
/// mark before another one moved it finds its entries behind it.
fn copy(tx: &mut AuditTx<'_>, entries: &[JournalEntry]) -> Result<Commit<()>, NotaryError> {
    let mark = tx.journal_mark().seq()?;
    let new: Vec<&JournalEntry> = entries.iter().filter(|entry| entry.seq > mark).collect();
    if new.is_empty() {
        return Ok(Commit::unchanged(()));
    }
    let mut events = Vec::with_capacity(new.len());
    for entry in new {
        if tx.journal_mark().advance(entry.seq)? {
            events.push(event(entry));
            if !was_asked_for(tx, entry)? {
                events.push(unasked(entry));
            }
        }
    }
    if events.is_empty() { Err(NotaryError::Raced) } else { Ok(Commit::audited_all(events, ())) }
}

/// Whether the log has the entry that announces this opening: who looks at values says so first, in
/// the same request. What the platform opens by itself is announced by the opening alone.
fn was_asked_for(tx: &mut AuditTx<'_>, entry: &JournalEntry) -> Result<bool, NotaryError> {
    let Realm::Tenant(_) = entry.realm else { return Ok(true) };
    let (verb, kind) = match entry.purpose {
        Purpose::Reveal => (Verb::SecretRevealed, "secret"),
        Purpose::LocalUse => (Verb::SecretUsedLocally, "environment"),
        Purpose::PersonalRead
        | Purpose::FactorCheck
        | Purpose::SessionList
        | Purpose::NoticeSent
        | Purpose::ProviderSignIn
        | Purpose::StreamDelivery
        | Purpose::KeyRotation => return Ok(true),
        Purpose::BreakGlass => (Verb::BreakGlassOpened, "secret"),
        Purpose::BreakGlassApproved => (Verb::BreakGlassApproved, "break_glass"),
        Purpose::BreakGlassEnded => (Verb::BreakGlassEnded, "break_glass"),
    };
    let (Some(request), Some(record)) = (entry.request, entry.records.first()) else {
        return Ok(false);
    };
    let id = match (entry.purpose, record.scope, &entry.glass) {
        (Purpose::LocalUse, DataScope::Environment(environment), _) => environment.to_string(),
        (Purpose::BreakGlassApproved | Purpose::BreakGlassEnded, _, Some(note)) => {
            note.glass.to_string()
        }
        _ => record.id.to_string(),
    };
    let filter = EntryFilter {
        verb: Some(verb),
        resource_kind: Some(kind.to_owned()),
        resource_id: Some(id),
        ..EntryFilter::default()
    };
    let wanted = request.to_string();
    // An announcement is among the newest entries but for a burst.
    let mut page = Page::first(ANNOUNCEMENTS_FIRST);
    for _ in 0..ANNOUNCEMENT_PAGES {
        let listing = tx.audit().scan(&filter, page)?;
        let announces =
            |one: &LoggedEntry| EntryView::read(&one.body).is_ok_and(|view| view.request == wanted);
        if listing.items.iter().any(announces) {
            return Ok(true);
        }
        match listing.items.last().filter(|_| listing.more) {
            Some(last) => page = Page::after(last.entry, PAGE_ITEMS_MAX),
            None => break,
        }
    }
    Ok(false)
}

/// What the owner is told about an opening that nothing asked for.
fn unasked(entry: &JournalEntry) -> AuditEvent {
    tracing::error!(seq = entry.seq, actor = entry.actor, "records were opened and nobody asked");
    AuditEvent::new(Verb::SealingOpenedUnasked, "journal", entry.seq).new_value(json!({
        "at_ms": entry.at.0,
        "actor": entry.actor,
        "purpose": entry.purpose,
        "request": entry.request.map(|request| request.to_string()),
    }))
}

/// A person's records are the platform's affair: no workspace owns them.
const fn unit_of(realm: Realm) -> Unit {
    match realm {
        Realm::Tenant(tenant) => Unit::Tenant(tenant),
        Realm::Person(_) => Unit::Platform,
    }
}

/// What the entry says: the journal's own facts, and the hash by which the two can be compared.
fn event(entry: &JournalEntry) -> AuditEvent {
    let mut records: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for record in &entry.records {
        let RecordName { kind, id, version, .. } = record;
        let name = format!("{}/{id}@{version}", kind.as_str());
        records.entry(scope_text(record.scope)).or_default().push(name.into());
    }
    let mut said = json!({
        "at_ms": entry.at.0,
        "actor": entry.actor,
        "purpose": entry.purpose,
        "request": entry.request.map(|request| request.to_string()),
        "records": records,
        "journal_hash": HEXLOWER.encode(&entry.hash),
    });
    let event = AuditEvent::new(Verb::KeyOpened, "journal", entry.seq);
    let (Some(note), Some(fields)) = (&entry.glass, said.as_object_mut()) else {
        return event.new_value(said);
    };
    let agreed = json!({
        "glass": note.glass, "asked_by": note.asked_by, "approved_by": note.approved_by,
        "until_ms": note.until.0,
    });
    fields.insert("break_glass".to_owned(), agreed);
    event.new_value(said).reason(note.reason.as_str())
}

fn scope_text(scope: DataScope) -> String {
    match scope {
        DataScope::Environment(id) => format!("environment/{id}"),
        DataScope::Project(id) => format!("project/{id}"),
        DataScope::Whole => "whole".to_owned(),
    }
}
