//! Searching a workspace's log.
//!
//! Always true
//! 1. Every entry that is looked at is read under the caller's right to read its log, decided again
//!    for each part.
//! 2. One search looks at [`limits::SEARCH_SCANNED_MAX`] entries at most, and says where the next
//!    one goes on: a page may hold little, or nothing, and still have a next one.
//! 3. What is compared are the bytes that were hashed, and the personal values beside them: there
//!    is no index that could say something else.

use std::net::IpAddr;
use std::str::FromStr;

use domain::{EntryId, RequestId, Scope, TimeMs, limits};
use ledger::EntryView;
use serde_json::Value;
use store::{EntryFilter, LoggedEntry, Page, Store, TenantTx};
use uuid::Uuid;

use crate::{NotaryError, entries};

/// Who acted, as a search names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchedActor {
    /// A person: by their session, their API keys, and jobs that run for them.
    User(String),
    /// An API key.
    Key(String),
    /// A job.
    Job(String),
    /// A part of the platform itself.
    System(String),
    /// Nobody who had signed in.
    Anonymous,
}

/// A text that names no actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is user/ID, key/ID, job/ID, system/PART, or anonymous")]
pub struct NotAnActor;

impl FromStr for SearchedActor {
    type Err = NotAnActor;

    fn from_str(text: &str) -> Result<Self, NotAnActor> {
        if text == "anonymous" {
            return Ok(Self::Anonymous);
        }
        let (kind, name) = text.split_once('/').ok_or(NotAnActor)?;
        let id = || Uuid::try_parse(name).map(|id| id.to_string()).map_err(|_| NotAnActor);
        match kind {
            "user" => id().map(Self::User),
            "key" => id().map(Self::Key),
            "job" => id().map(Self::Job),
            "system" if !name.is_empty() => Ok(Self::System(name.to_owned())),
            _ => Err(NotAnActor),
        }
    }
}

impl SearchedActor {
    fn is(&self, actor: &Value) -> bool {
        let says = |field: &str, text: &str| {
            actor.get(field).and_then(Value::as_str).is_some_and(|said| said == text)
        };
        match self {
            Self::User(id) => ["user", "creator", "principal"].iter().any(|who| says(who, id)),
            Self::Key(id) => says("key", id),
            Self::Job(id) => says("job", id),
            Self::System(part) => says("part", part),
            Self::Anonymous => says("kind", "anonymous"),
        }
    }
}

/// What is searched for: entries that fit all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// What the database compares.
    pub filter: EntryFilter,
    /// Verbs of this noun: `member` for `member.invited` and the like.
    pub noun: Option<String>,
    /// Who acted.
    pub actor: Option<SearchedActor>,
    /// Not before.
    pub from: Option<TimeMs>,
    /// Before this moment.
    pub until: Option<TimeMs>,
    /// Caused by this request.
    pub request: Option<RequestId>,
    /// From this address.
    pub ip: Option<IpAddr>,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The entries, newest first.
    pub items: Vec<LoggedEntry>,
    /// Where the next search goes on; `None`: everything was looked at.
    pub next: Option<EntryId>,
    /// How many entries were looked at.
    pub scanned: u32,
}

/// An entry's id is minted before its time is read, in one transaction: it is older by less.
const ID_BEFORE_TIME_MS: i64 = 60_000;

impl Search {
    /// What the database compares. A time as well, as far as ids tell it.
    fn database(&self) -> EntryFilter {
        let from = self.from.map(|from| first_id(from.plus_ms(-ID_BEFORE_TIME_MS)));
        EntryFilter { from, ..self.filter.clone() }
    }

    /// Whether an entry fits, as far as its own bytes say.
    fn fits(&self, entry: &LoggedEntry) -> bool {
        let in_time = self.from.is_none_or(|from| entry.at >= from)
            && self.until.is_none_or(|until| entry.at < until);
        let asks_more = self.noun.is_some() || self.actor.is_some() || self.request.is_some();
        if !in_time || !asks_more {
            return in_time;
        }
        // What cannot be read is shown rather than lost: somebody looks for it.
        EntryView::read(&entry.body).map_or(true, |view| self.fits_view(&view))
    }

    fn fits_view(&self, view: &EntryView) -> bool {
        let of_noun = |noun: &String| view.verb.split_once('.').is_some_and(|(n, _)| n == noun);
        self.noun.as_ref().is_none_or(of_noun)
            && self.actor.as_ref().is_none_or(|actor| actor.is(&view.actor))
            && self.request.is_none_or(|request| view.request == request.to_string())
    }

    /// Whether an entry fits, as far as the values beside it say. An erased address fits nothing.
    fn comes_from(&self, entry: &LoggedEntry) -> bool {
        self.ip.is_none_or(|ip| {
            let ip = ip.to_string();
            entry.personal.iter().any(|one| one.field == "ip" && one.value == ip)
        })
    }
}

/// The first id that could be minted at a moment (RFC 9562 section 5.7).
fn first_id(at: TimeMs) -> EntryId {
    let ms = u128::try_from(at.0.max(0)).unwrap_or(0);
    EntryId::from(Uuid::from_u128(ms << 80))
}

/// What one part of a log holds.
#[derive(Debug, Default)]
struct Part {
    items: Vec<LoggedEntry>,
    /// The last entry looked at.
    last: Option<EntryId>,
    scanned: u32,
    /// Whether there is more to look at.
    more: bool,
}

/// Searches the workspace's logs that the caller may read, newest first, after an entry.
///
/// # Errors
/// [`NotaryError::NotFound`], [`NotaryError::Denied`], [`NotaryError::Store`].
pub async fn search(
    store: &Store,
    scope: &Scope,
    search: Search,
    after: Option<EntryId>,
    limit: u32,
) -> Result<Found, NotaryError> {
    let wanted = usize::try_from(limit.clamp(1, limits::PAGE_ITEMS_MAX)).unwrap_or(usize::MAX);
    let mut found = Found { items: Vec::new(), next: after, scanned: 0 };
    loop {
        let (search, after) = (search.clone(), found.next);
        let room = wanted.saturating_sub(found.items.len());
        let part = store.read(scope, move |tx| part_of(tx, &search, after, room)).await?;
        found.items.extend(part.items);
        found.scanned = found.scanned.saturating_add(part.scanned);
        found.next = part.last.filter(|_| part.more);
        let enough = found.items.len() >= wanted || found.scanned >= limits::SEARCH_SCANNED_MAX;
        if enough || found.next.is_none() {
            return Ok(found);
        }
    }
}

/// Looks at the next part of the log until `room` entries fit.
fn part_of(
    tx: &mut TenantTx<'_>,
    search: &Search,
    after: Option<EntryId>,
    room: usize,
) -> Result<Part, NotaryError> {
    let filter = entries::readable(tx, search.database())?;
    let listing = tx.audit().scan(&filter, Page::from_cursor(after, limits::PAGE_ITEMS_MAX))?;
    let mut part = Part { more: listing.more, ..Part::default() };
    let mut waiting = listing.items.into_iter();
    for mut entry in waiting.by_ref() {
        part.scanned = part.scanned.saturating_add(1);
        part.last = Some(entry.entry);
        if search.fits(&entry) {
            entry.personal = tx.audit().personal(entry.entry)?;
            part.items.extend(search.comes_from(&entry).then_some(entry));
        }
        if part.items.len() >= room {
            break;
        }
    }
    part.more |= waiting.len() > 0;
    tx.audit().mark_erased(&mut part.items)?;
    Ok(part)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

    fn actor(text: &str) -> SearchedActor {
        text.parse().unwrap()
    }

    #[test]
    fn a_person_is_found_by_session_by_key_and_by_job_and_nobody_else_is() {
        let user = actor(&format!("user/{}", ID.to_uppercase()));
        assert!(user.is(&json!({ "kind": "user", "user": ID, "session": "x" })));
        assert!(user.is(&json!({ "kind": "key", "key": "x", "creator": ID })));
        assert!(user.is(&json!({ "kind": "job", "job": "x", "principal": ID })));
        for other in [
            json!({ "kind": "user", "user": "x", "session": ID }),
            json!({ "kind": "key", "key": ID, "creator": "x" }),
            json!({ "kind": "anonymous" }),
            json!(null),
        ] {
            assert!(!user.is(&other), "{other}");
        }
        assert!(actor(&format!("key/{ID}")).is(&json!({ "kind": "key", "key": ID })));
        assert!(actor("system/broker").is(&json!({ "kind": "system", "part": "broker" })));
        assert!(actor("anonymous").is(&json!({ "kind": "anonymous" })));
    }

    #[test]
    fn what_names_no_actor_is_refused() {
        for text in ["", "user", "user/", "user/ada", "system/", "nobody/x", "Anonymous"] {
            assert_eq!(text.parse::<SearchedActor>(), Err(NotAnActor), "{text:?}");
        }
    }

    #[test]
    fn the_first_id_of_a_moment_is_not_after_any_id_of_it() {
        let at = TimeMs(1_790_000_000_000);
        let first = first_id(at).uuid();
        assert_eq!(first.as_u128() >> 80, 1_790_000_000_000);
        assert_eq!(first.as_u128() & ((1 << 80) - 1), 0);
        assert!(first_id(at.plus_ms(1)).uuid() > first);
        assert_eq!(first_id(TimeMs(-5)).uuid(), Uuid::nil());
    }
}
