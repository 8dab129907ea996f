//! `GET /v1/audit/search`

use std::net::IpAddr;
use std::str::FromStr;

use axum::extract::State;
use domain::{EntryId, RequestId, TimeMs};
use ledger::{Stream, Verb};
use notary::{Found, NotaryError, Search};
use serde::{Deserialize, Serialize};
use store::EntryFilter;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Entry, EntryFormat, LogName, entries};
use crate::extract::{Member, Query, cursor};
use crate::house::House;
use crate::problem::{Problem, Refused};
use crate::reply::Reply;
use crate::shapes;

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct SearchResult {
    /// The entries, newest first.
    #[schema(max_items = 200)]
    pub items: Vec<Entry>,
    /// Where the search goes on; absent when everything was looked at. A page may be short, or
    /// empty, and have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::CursorText>)]
    pub next_cursor: Option<String>,
    /// How many entries were looked at.
    #[schema(example = 200)]
    pub scanned: u32,
}

/// What is searched for: entries that fit all of it.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// Where the search goes on: `next_cursor` of the page before.
    #[param(value_type = Option<shapes::CursorText>, required = false, nullable = false)]
    pub cursor: Option<String>,
    /// The most items the page may hold.
    #[param(minimum = 1, maximum = 200, required = false, nullable = false)]
    pub limit: Option<u32>,
    /// Only this log; when absent, each that the caller may read.
    #[param(required = false, nullable = false, inline)]
    pub stream: Option<LogName>,
    /// Only this verb, or with `*` all verbs of a noun.
    #[param(required = false, nullable = false, example = "member.*")]
    pub verb: Option<String>,
    /// Only about this resource: its kind, or its kind and its id with a slash between.
    #[param(required = false, nullable = false, example = "member")]
    pub resource: Option<String>,
    /// Only acts of this actor: `user/ID` (with their keys and jobs), `key/ID`, `job/ID`,
    /// `system/PART`, or `anonymous`.
    #[param(
        required = false,
        nullable = false,
        example = "user/01890a5d-ac96-774b-bcce-b302099a8057"
    )]
    pub actor: Option<String>,
    /// Not before this moment.
    #[param(value_type = Option<shapes::TimeMsNumber>, required = false, nullable = false)]
    pub from_ms: Option<i64>,
    /// Before this moment.
    #[param(value_type = Option<shapes::TimeMsNumber>, required = false, nullable = false)]
    pub until_ms: Option<i64>,
    /// Only what this request caused.
    #[param(value_type = Option<shapes::IdText>, required = false, nullable = false)]
    pub request: Option<RequestId>,
    /// Only from this address.
    #[param(required = false, nullable = false, example = "192.0.2.7")]
    pub ip: Option<String>,
    /// `ocsf`: each entry as an event of that schema as well.
    #[param(required = false, nullable = false, inline)]
    pub format: Option<EntryFormat>,
}

impl SearchQuery {
    /// The search it asks for.
    ///
    /// # Errors
    /// `input.invalid`.
    fn read(&self) -> Result<Search, Problem> {
        let (verb, noun) = match self.verb.as_deref().map(|text| (text, text.strip_suffix(".*"))) {
            None => (None, None),
            Some((_, Some(noun))) => (None, Some(self::noun(noun)?)),
            Some((verb, None)) => (Some(entries::verb(verb)?), None),
        };
        let resource = self.resource.as_deref();
        let (kind, id) = match resource.map(|text| text.split_once('/').ok_or(text)) {
            None => (None, None),
            Some(Ok((kind, id))) => (Some(kind), Some(id)),
            Some(Err(kind)) => (Some(kind), None),
        };
        let filter = EntryFilter {
            stream: self.stream.map(Stream::from),
            verb,
            resource_kind: kind.map(str::to_owned),
            resource_id: id.map(str::to_owned),
            from: None,
        };
        Ok(Search {
            filter,
            noun,
            actor: parsed("actor", self.actor.as_deref())?,
            from: self.from_ms.map(TimeMs),
            until: self.until_ms.map(TimeMs),
            request: self.request,
            ip: parsed::<IpAddr>("ip", self.ip.as_deref())?,
        })
    }
}

/// A noun that some verb begins with.
fn noun(text: &str) -> Result<String, Problem> {
    let known = Verb::ALL.iter().filter_map(|verb| verb.as_str().split_once('.'));
    if known.map(|(noun, _)| noun).any(|noun| noun == text) {
        return Ok(text.to_owned());
    }
    Err(Problem::invalid("verb", "no verb begins like this"))
}

fn parsed<T: FromStr<Err: std::fmt::Display>>(
    field: &'static str,
    text: Option<&str>,
) -> Result<Option<T>, Problem> {
    let read = |text: &str| text.parse().map_err(|error: T::Err| Problem::invalid(field, error));
    text.map(read).transpose()
}

/// Search the workspace's logs
///
/// Newest first. One request looks at 5,000 entries at most; `next_cursor` goes on from there.
#[utoipa::path(
    get, path = "/v1/audit/search", operation_id = "audit_search", tag = "audit",
    params(SearchQuery), security(("session" = []), ("key" = []))
)]
pub async fn search(
    State(house): State<House>,
    member: Member,
    Query(wanted): Query<SearchQuery>,
) -> Result<Reply<200, SearchResult>, Refused<NotaryError>> {
    let search = wanted.read().map_err(Refused::because)?;
    let limit = cursor::limit(wanted.limit).map_err(Refused::because)?;
    let after = wanted.cursor.as_deref().map(cursor::decoded::<16>).transpose();
    let after =
        after.map_err(Refused::because)?.map(|bytes| EntryId::from(Uuid::from_bytes(bytes)));
    let found = notary::search(house.store(), &member.scope, search, after, limit).await?;
    let Found { items, next, scanned } = found;
    let format = wanted.format.unwrap_or_default();
    let items = items.into_iter().map(|one| Entry::shown(one, format)).collect::<Result<_, _>>();
    let next_cursor = next.map(|entry| cursor::encoded(entry.uuid().as_bytes()));
    Ok(Reply::new(SearchResult { items: items.map_err(Refused::because)?, next_cursor, scanned }))
}
