//! `GET /v1/audit/entries`

use axum::extract::State;
use domain::EntryId;
use ledger::{Stream, Verb};
use notary::NotaryError;
use serde::{Deserialize, Serialize};
use store::{EntryFilter, Page};
use utoipa::{IntoParams, ToSchema};

use super::{Entry, LogName};
use crate::extract::cursor::{self, PageQuery};
use crate::extract::{Member, Query};
use crate::house::House;
use crate::problem::{Problem, Refused};
use crate::reply::Reply;
use crate::shapes;

/// One page.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryList {
    /// The items.
    #[schema(max_items = 1000)]
    pub items: Vec<Entry>,
    /// Where the next page starts; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shapes::CursorText>)]
    pub next_cursor: Option<String>,
    /// For how many days entries of the security log are kept.
    #[schema(example = 90)]
    pub security_kept_days: u32,
}

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EntriesQuery {
    /// Where the page starts: `next_cursor` of the page before.
    #[param(value_type = Option<shapes::CursorText>, required = false, nullable = false)]
    pub cursor: Option<String>,
    /// The most items the page may hold.
    #[param(minimum = 1, maximum = 200, required = false, nullable = false)]
    pub limit: Option<u32>,
    /// Only this log; when absent, each that the caller may read.
    #[param(required = false, nullable = false, inline)]
    pub stream: Option<LogName>,
    /// Only this verb.
    #[param(required = false, nullable = false, example = "member.role_changed")]
    pub verb: Option<String>,
    /// Only about this resource: its kind and its id, with a slash between.
    #[param(
        required = false,
        nullable = false,
        example = "member/01890a5d-ac96-774b-bcce-b302099a8057"
    )]
    pub resource: Option<String>,
}

impl EntriesQuery {
    /// The filter and the page it asks for.
    ///
    /// # Errors
    /// `input.invalid`.
    pub fn read(self) -> Result<(EntryFilter, Page<EntryId>), Problem> {
        let filter = self.filter()?;
        let page = PageQuery { cursor: self.cursor, limit: self.limit };
        Ok((filter, page.by_id()?))
    }

    fn filter(&self) -> Result<EntryFilter, Problem> {
        let about = self.resource.as_deref().map(|text| {
            let rule = "it is a kind and an id, with a slash between";
            text.split_once('/').ok_or_else(|| Problem::invalid("resource", rule))
        });
        let (kind, id) = about.transpose()?.unzip();
        Ok(EntryFilter {
            stream: self.stream.map(Stream::from),
            verb: self.verb.as_deref().map(verb).transpose()?,
            resource_kind: kind.map(str::to_owned),
            resource_id: id.map(str::to_owned),
            from: None,
        })
    }
}

/// The verb of a query.
///
/// # Errors
/// `input.invalid`.
pub fn verb(text: &str) -> Result<Verb, Problem> {
    text.parse().map_err(|_| Problem::invalid("verb", "there is no such verb"))
}

/// Entries of the workspace's logs, newest first
#[utoipa::path(
    get, path = "/v1/audit/entries", operation_id = "audit_entries", tag = "audit",
    params(EntriesQuery), security(("session" = []), ("key" = []))
)]
pub async fn entries(
    State(house): State<House>,
    member: Member,
    Query(wanted): Query<EntriesQuery>,
) -> Result<Reply<200, EntryList>, Refused<NotaryError>> {
    let (filter, page) = wanted.read().map_err(Refused::because)?;
    let listing = notary::list_entries(house.store(), &member.scope, filter, page).await?;
    let (items, next_cursor) = cursor::page(listing, |one| one.entry.uuid(), Entry::try_from);
    let items = items.into_iter().collect::<Result<_, _>>().map_err(Refused::because)?;
    let security_kept_days = domain::limits::SECURITY_LOG_DAYS;
    Ok(Reply::new(EntryList { items, next_cursor, security_kept_days }))
}
