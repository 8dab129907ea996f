//! Copies what happens to people's accounts into the security logs of their workspaces.
//!
//! Always true
//! 1. An event is copied into each workspace that its person was in when it happened and is in now,
//!    once: the copy and the workspace's mark are written in one transaction, the platform's
//!    position moves when all of them are durable. Killed in between, the same entries are read
//!    again and found behind the marks.
//! 2. Events are read in the order of the platform's log, which is dense: none is passed over.
//! 3. A copy says nothing of the person's other workspaces: of the event's values it has those of
//!    `SHOWN`, and an event of one workspace goes there alone.
//! 4. What nobody known did, or what another person did, takes nothing personal of theirs along.

use domain::limits::ENTRIES_PER_BATCH_MAX;
use domain::{EntryId, Origin, RequestId, SessionId, TenantId, TimeMs, UserAgent, UserId};
use ledger::{AuditEvent, EntryView, Stream, Verb};
use serde_json::{Map, Value, json};
use store::{AuditTx, Caller, Commit, LoggedEntry, QuietReason, Refusal, Store, StoreError, Unit};

use crate::NotaryError;

/// What one round of copying did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projected {
    /// The workspaces whose logs have new entries.
    pub units: Vec<Unit>,
    /// Whether the log may hold more, because the round was full.
    pub more: bool,
}

/// Values of an event that its copy has. Ids of workspaces and of what is in them are not among
/// them.
const SHOWN: &[&str] =
    &["methods", "client", "kind", "factor", "why", "by", "generation", "presented", "level"];

/// An event of somebody's account.
struct AccountEvent {
    entry: EntryId,
    index: u64,
    at: TimeMs,
    user: UserId,
    reach: Reach,
    verb: Verb,
    resource: (&'static str, String),
    values: Value,
    caller: Caller,
}

/// Which of a person's workspaces an event reaches.
enum Reach {
    All,
    /// It is about this one.
    One(TenantId),
    /// It is about none: it stays in the person's own log.
    Nowhere,
}

impl Reach {
    fn holds(&self, workspace: TenantId) -> bool {
        match self {
            Self::All => true,
            Self::One(one) => *one == workspace,
            Self::Nowhere => false,
        }
    }
}

/// Copies at most a batch of events and moves the platform's position behind them.
///
/// # Errors
/// [`NotaryError::Store`]: whatever was copied stays copied, and the next round goes on from there.
pub async fn project(store: &Store) -> Result<Projected, NotaryError> {
    let count = u32::try_from(ENTRIES_PER_BATCH_MAX).unwrap_or(u32::MAX);
    let (from, entries) = store
        .platform_read::<_, StoreError>(move |tx| {
            let from = tx.account_events().next_index()?;
            Ok((from, tx.audit().range(Stream::Security, from, count)?))
        })
        .await?;
    let more = entries.len() == ENTRIES_PER_BATCH_MAX;
    let Some(last) = entries.last().and_then(|entry| entry.index) else {
        return Ok(Projected { units: Vec::new(), more: false });
    };
    let events: Vec<AccountEvent> = entries.iter().filter_map(AccountEvent::read).collect();
    let mut units = Vec::new();
    for event in &events {
        let user = event.user;
        let memberships = store.platform_read(move |tx| tx.memberships().of_user(user)).await?;
        for workspace in memberships.iter().map(|hint| hint.workspace) {
            if event.reach.holds(workspace) && copied(store, workspace, event).await? {
                units.push(Unit::Tenant(workspace));
            }
        }
    }
    let pointers: Vec<_> = events.iter().map(|one| (one.user, one.entry, one.at)).collect();
    let caller = Caller::system("projection", store.mint().id::<RequestId>());
    store
        .platform_write::<_, NotaryError>(&caller, move |tx| {
            if !tx.account_events().advance(from, last.saturating_add(1))? {
                return Err(NotaryError::Raced);
            }
            for (user, entry, at) in pointers {
                tx.account_events().add(user, entry, at)?;
            }
            Ok(Commit::quiet(QuietReason::Sequencing, ()))
        })
        .await?;
    units.sort_unstable();
    units.dedup();
    Ok(Projected { units, more })
}

/// Copies one event into one workspace, unless its person is not in it or it was copied before.
async fn copied(
    store: &Store,
    workspace: TenantId,
    event: &AccountEvent,
) -> Result<bool, NotaryError> {
    let (user, index, at) = (event.user, event.index, event.at);
    let copy = event.copy();
    let done = store
        .unit_write::<_, NotaryError>(Unit::Tenant(workspace), &event.caller, move |tx| {
            let passed = tx.security_mark().next_index()? > index;
            if passed || !in_team_since(tx, user, at)? {
                return Ok(Commit::unchanged(false));
            }
            // The other projector's commit, for which this one waited, holds the copy.
            if !tx.security_mark().pass(index)? {
                return Err(NotaryError::Raced);
            }
            Ok(Commit::audited(copy, true))
        })
        .await;
    match done {
        Ok(done) => Ok(done.value),
        // Copied by somebody else; or the workspace has no data any more.
        Err(NotaryError::Raced | NotaryError::Store(StoreError::Refused(Refusal::NoUnit))) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

fn in_team_since(tx: &mut AuditTx<'_>, user: UserId, at: TimeMs) -> Result<bool, StoreError> {
    Ok(tx.security_mark().joined_at(user)?.is_some_and(|joined| joined <= at))
}

impl AccountEvent {
    /// Reads an entry. `None`: it is about nobody who is known.
    fn read(logged: &LoggedEntry) -> Option<Self> {
        let view = EntryView::read(&logged.body).ok()?;
        let verb: Verb = view.verb.parse().ok()?;
        let new = view.new.as_ref();
        let named = |value: Option<&Value>, key: &str| value?.get(key)?.as_str().map(str::to_owned);
        let resource_id = view.resource.id.as_str().unwrap_or_default().to_owned();
        let actor: Option<UserId> =
            named(Some(&view.actor), "user").and_then(|text| text.parse().ok());
        let about = (view.resource.kind == "user").then(|| resource_id.parse().ok()).flatten();
        let user =
            about.or_else(|| named(new, "user").and_then(|text| text.parse().ok())).or(actor)?;
        let named_workspace =
            || named(new, "workspace").and_then(|text| text.parse::<TenantId>().ok());
        let reach = match verb {
            Verb::SessionEnteredWorkspace | Verb::CredentialUsed => {
                named_workspace().map_or(Reach::Nowhere, Reach::One)
            }
            _ => Reach::All,
        };
        Some(Self {
            entry: logged.entry,
            index: logged.index?,
            at: logged.at,
            user,
            reach,
            verb,
            resource: (noun(&view.resource.kind), resource_id),
            values: shown(new),
            caller: caller(&view, logged, actor, user),
        })
    }

    /// What the workspace's log says: the event, and which entry of the platform's log it is.
    fn copy(&self) -> AuditEvent {
        let (kind, id) = (self.resource.0, &self.resource.1);
        let mut new = self.values.clone();
        if let Some(values) = new.as_object_mut() {
            values.insert("user".into(), self.user.to_string().into());
            let source = json!({
                "entry": self.entry, "index": self.index, "at_ms": self.at,
            });
            values.insert("account_event".into(), source);
        }
        AuditEvent::new(self.verb, kind, id).new_value(new)
    }
}

fn shown(new: Option<&Value>) -> Value {
    let values: Map<String, Value> = new
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter(|(key, _)| SHOWN.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    Value::Object(values)
}

/// Who the copy names: the person themselves or nobody, with where it came from; else a part of the
/// platform.
fn caller(view: &EntryView, logged: &LoggedEntry, actor: Option<UserId>, user: UserId) -> Caller {
    let value = |field: &str| {
        let found = logged.personal.iter().find(|one| one.field == field);
        found.map(|one| one.value.as_str())
    };
    let request: RequestId = view.request.parse().unwrap_or_else(|_| RequestId::from(user.uuid()));
    let origin = Origin {
        request,
        ip: value("ip").and_then(|text| text.parse().ok()),
        user_agent: value("user_agent").and_then(|text| UserAgent::parse(text).ok()),
    };
    let text = |key: &str| view.actor.get(key).and_then(Value::as_str);
    let session: Option<SessionId> = text("session").and_then(|text| text.parse().ok());
    match (actor, session) {
        (Some(actor), Some(session)) if actor == user => Caller::account(user, session, origin),
        (None, None) if text("kind") == Some("anonymous") => Caller::anonymous(origin),
        _ => Caller::system("account", request),
    }
}

/// The noun of a resource as this program names it.
fn noun(kind: &str) -> &'static str {
    const NOUNS: &[&str] = &[
        "user",
        "session",
        "enrolment",
        "factor",
        "passkey",
        "identity",
        "device_grant",
        "authorization",
        "reset",
        "recovery",
        "device",
    ];
    NOUNS.iter().find(|noun| **noun == kind).copied().unwrap_or("account_event")
}
