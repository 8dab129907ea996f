//! One entry: its canonical bytes, its leaf hash, and the personal values beside it.
//!
//! Always true
//! 1. The bytes name the unit, the stream and the entry, so an entry cannot be moved to another
//!    log.
//! 2. IP, user agent, e-mail and free text are in the bytes as commitments over 32 random bytes of
//!    salt: a bare hash of such values could be found by trying them all.
//! 3. Entries fit [`limits::ENTRY_BYTES_MAX`]: a value that is too long is replaced by its digest
//!    and length.
//!
//! Sources: RFC 6962 section 2.1 (leaf hash); C2SP tlog-tiles (16-bit entry length).

use std::net::IpAddr;

use aws_lc_rs::digest::{Context, SHA256, digest};
use data_encoding::HEXLOWER;
use domain::limits::ENTRY_BYTES_MAX;
use domain::{Actor, EntryId, Mint, Origin, RequestId, TenantId, TimeMs, UserAgent};
use serde_json::{Map, Value, json};

use crate::canonical::to_canonical;
use crate::event::{AuditEvent, PersonalField};
use crate::origin::Stream;
use crate::tree::{Hash, leaf_hash};

/// The version of the canonical form, in every entry.
pub const ENTRY_FORMAT: u64 = 1;
/// Longest canonical `old` or `new` value; a longer one goes by its digest.
pub const VALUE_BYTES_MAX: usize = 24 * 1024;
/// Longest resource id; a longer one goes by its digest.
const RESOURCE_ID_BYTES_MAX: usize = 512;

const _: () = assert!(2 * VALUE_BYTES_MAX + 8 * 1024 < ENTRY_BYTES_MAX);

/// Who acted, as the entry names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryActor {
    /// A person, a key or a job.
    Domain(Actor),
    /// Nobody yet: a sign-in or an enrolment that was refused.
    Anonymous,
    /// A part of the platform itself: `broker`, `sequencer`, `setup`.
    System(&'static str),
}

impl EntryActor {
    fn to_value(&self) -> Value {
        match self {
            Self::Domain(Actor::User { user, session }) => {
                json!({"kind": "user", "user": user.to_string(), "session": session.to_string()})
            }
            Self::Domain(Actor::Key { key, creator }) => {
                json!({"kind": "key", "key": key.to_string(), "creator": creator.to_string()})
            }
            Self::Domain(Actor::Job { job, principal }) => {
                json!({"kind": "job", "job": job.to_string(), "principal": principal.to_string()})
            }
            Self::Anonymous => json!({"kind": "anonymous"}),
            Self::System(part) => json!({"kind": "system", "part": part}),
        }
    }
}

impl From<Actor> for EntryActor {
    fn from(actor: Actor) -> Self {
        Self::Domain(actor)
    }
}

/// What every entry says besides its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryContext {
    /// The entry's id.
    pub entry: EntryId,
    /// The unit whose log it enters: the tenant, or the platform's own id.
    pub unit: TenantId,
    /// Who acted.
    pub actor: EntryActor,
    /// The request, or run of a job, that caused it.
    pub request: RequestId,
    /// The peer's address.
    pub ip: Option<IpAddr>,
    /// What the client calls itself.
    pub user_agent: Option<UserAgent>,
    /// When, by the platform's clock.
    pub at: TimeMs,
}

impl EntryContext {
    /// The context of an act with this origin.
    #[must_use]
    pub fn new(
        entry: EntryId,
        unit: TenantId,
        actor: EntryActor,
        origin: &Origin,
        at: TimeMs,
    ) -> Self {
        let Origin { request, ip, ref user_agent } = *origin;
        Self { entry, unit, actor, request, ip, user_agent: user_agent.clone(), at }
    }
}

/// A personal value beside its entry: enough to check the commitment, and erasable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonalValue {
    /// What it is: `email`, `ip`, `user_agent`, `reason`.
    pub field: String,
    /// The salt of the commitment.
    pub salt: [u8; 32],
    /// The value.
    pub value: String,
}

impl PersonalValue {
    /// The commitment that stands in the entry for this value.
    ///
    /// SHA-256 over a label, the salt, the field's length and text, and the value: no two of these
    /// inputs give the same bytes.
    #[must_use]
    pub fn commitment(&self) -> Hash {
        let mut context = Context::new(&SHA256);
        context.update(b"casemate/personal/1\0");
        context.update(&self.salt);
        context.update(&(self.field.len() as u64).to_be_bytes());
        context.update(self.field.as_bytes());
        context.update(self.value.as_bytes());
        hash_of(&context.finish())
    }
}

/// An entry as it is stored: written once, never serialised again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanonicalEntry {
    /// The log it belongs to, given by its verb.
    pub stream: Stream,
    /// The bytes that are hashed.
    pub bytes: Vec<u8>,
    /// The RFC 6962 leaf hash of the bytes.
    pub hash: Hash,
    /// The personal values the bytes commit to.
    pub personal: Vec<PersonalValue>,
}

/// The canonical form of an event in its context; salts come from `mint`.
#[must_use]
pub fn canonical_entry(context: &EntryContext, event: &AuditEvent, mint: &Mint) -> CanonicalEntry {
    let personal: Vec<PersonalValue> = personal_fields(context, event)
        .into_iter()
        .map(|PersonalField { field, value }| PersonalValue {
            field: field.to_owned(),
            salt: mint.bytes(),
            value,
        })
        .collect();
    let bytes = to_canonical(&entry_value(context, event, &personal)).into_bytes();
    assert!(bytes.len() <= ENTRY_BYTES_MAX, "every part of an entry is bounded");
    let hash = leaf_hash(&bytes);
    CanonicalEntry { stream: event.verb.stream(), bytes, hash, personal }
}

/// Each field once. An event that names one of the context's own fields knows better.
fn personal_fields(context: &EntryContext, event: &AuditEvent) -> Vec<PersonalField> {
    let ip = context.ip.map(|ip| PersonalField { field: "ip", value: ip.to_string() });
    let agent = context.user_agent.as_ref();
    let agent = agent.map(|a| PersonalField { field: "user_agent", value: a.to_string() });
    let mut fields: Vec<PersonalField> = Vec::new();
    for personal in ip.into_iter().chain(agent).chain(event.personal.iter().cloned()) {
        match fields.iter_mut().find(|known| known.field == personal.field) {
            Some(known) => *known = personal,
            None => fields.push(personal),
        }
    }
    fields
}

fn entry_value(context: &EntryContext, event: &AuditEvent, personal: &[PersonalValue]) -> Value {
    let mut entry = Map::new();
    entry.insert("format".into(), ENTRY_FORMAT.into());
    entry.insert("unit".into(), context.unit.to_string().into());
    entry.insert("stream".into(), event.verb.stream().as_str().into());
    entry.insert("entry".into(), context.entry.to_string().into());
    entry.insert("at_ms".into(), context.at.0.into());
    entry.insert("actor".into(), context.actor.to_value());
    entry.insert("request".into(), context.request.to_string().into());
    entry.insert("verb".into(), event.verb.as_str().into());
    let id = bounded_text(&event.resource.id);
    entry.insert("resource".into(), json!({"kind": event.resource.kind, "id": id}));
    for (key, value) in [("old", &event.old), ("new", &event.new)] {
        if let Some(value) = value {
            entry.insert(key.into(), bounded_value(value));
        }
    }
    if !personal.is_empty() {
        let commitments = personal
            .iter()
            .map(|value| (value.field.clone(), HEXLOWER.encode(&value.commitment()).into()))
            .collect();
        entry.insert("personal".into(), Value::Object(commitments));
    }
    Value::Object(entry)
}

fn bounded_value(value: &Value) -> Value {
    let text = to_canonical(value);
    if text.len() <= VALUE_BYTES_MAX { value.clone() } else { digest_value(&text) }
}

fn bounded_text(text: &str) -> Value {
    if text.len() <= RESOURCE_ID_BYTES_MAX { text.into() } else { digest_value(text) }
}

fn digest_value(text: &str) -> Value {
    let digest = HEXLOWER.encode(digest(&SHA256, text.as_bytes()).as_ref());
    json!({"sha256": digest, "bytes": text.len()})
}

pub(crate) fn hash_of(digest: &aws_lc_rs::digest::Digest) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest.as_ref());
    hash
}
