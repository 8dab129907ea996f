//! `/v1/audit`: the workspace's log, its proofs and its export.

pub mod checkpoint;
pub mod consistency;
pub mod entries;
pub mod entry;
pub mod export;
pub mod inclusion;
pub mod key;
pub mod openings;
pub mod search;

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use domain::{EntryId, TimeMs};
use ledger::Stream;
use serde::{Deserialize, Serialize};
use store::LoggedEntry;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::house::House;
use crate::problem::Problem;
use crate::shapes;

pub(crate) fn routes() -> OpenApiRouter<House> {
    OpenApiRouter::new()
        .routes(routes!(entries::entries))
        .routes(routes!(entry::entry))
        .routes(routes!(search::search))
        .routes(routes!(checkpoint::checkpoint))
        .routes(routes!(inclusion::inclusion))
        .routes(routes!(consistency::consistency))
        .routes(routes!(export::export))
        .routes(routes!(openings::openings))
        .routes(routes!(key::key))
}

/// Which of the workspace's logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogName {
    /// What was done in the workspace; kept as long as it lives.
    Workspace,
    /// Sign-ins and failures; kept for 90 days.
    Security,
}

impl From<LogName> for Stream {
    fn from(name: LogName) -> Self {
        match name {
            LogName::Workspace => Self::Workspace,
            LogName::Security => Self::Security,
        }
    }
}

/// The log of a query.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StreamQuery {
    /// Which log; `workspace` when absent.
    #[param(required = false, nullable = false, inline)]
    pub stream: Option<LogName>,
}

/// In which form entries are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntryFormat {
    /// As the log holds them.
    #[default]
    Native,
    /// As events of the Open Cybersecurity Schema Framework.
    Ocsf,
}

fn stream(asked: Option<LogName>) -> Stream {
    asked.map_or(Stream::Workspace, Stream::from)
}

/// An entry of the log.
#[derive(Debug, Serialize, ToSchema)]
pub struct Entry {
    /// Its id.
    #[schema(value_type = shapes::IdText)]
    pub id: EntryId,
    /// Its place in the log; absent while it waits for one, normally less than a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// Which log it is in.
    #[schema(value_type = String, example = "workspace")]
    pub stream: Stream,
    /// When it was written.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub at_ms: TimeMs,
    /// What was done.
    #[schema(example = "member.role_changed")]
    pub verb: String,
    /// The entry as it was hashed.
    #[schema(value_type = Object)]
    pub entry: serde_json::Value,
    /// Its leaf hash.
    #[schema(value_type = shapes::HashText)]
    pub hash: String,
    /// The personal values that the entry holds commitments to, by field.
    pub personal: BTreeMap<String, String>,
    /// The fields whose values were erased, for the person they were about. The commitments to
    /// them stay in the entry.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub erased: Vec<String>,
    /// The entry as an OCSF 1.8.0 event, where that form was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub ocsf: Option<serde_json::Value>,
}

impl Entry {
    /// The entry, with the form that was asked for.
    ///
    /// # Errors
    /// As [`Self::try_from`].
    fn shown(logged: LoggedEntry, format: EntryFormat) -> Result<Self, Problem> {
        let ocsf = (format == EntryFormat::Ocsf).then(|| logged.ocsf());
        Ok(Self { ocsf, ..Self::try_from(logged)? })
    }
}

impl TryFrom<LoggedEntry> for Entry {
    type Error = Problem;

    fn try_from(logged: LoggedEntry) -> Result<Self, Problem> {
        let entry: serde_json::Value =
            serde_json::from_slice(&logged.body).map_err(|error| Problem::internal(&error))?;
        let verb = entry.get("verb").and_then(|verb| verb.as_str()).unwrap_or_default().to_owned();
        Ok(Self {
            id: logged.entry,
            index: logged.index,
            stream: logged.stream,
            at_ms: logged.at,
            verb,
            entry,
            hash: hex(&logged.hash),
            personal: logged.personal.into_iter().map(|one| (one.field, one.value)).collect(),
            erased: logged.erased,
            ocsf: None,
        })
    }
}

fn hex(hash: &[u8; 32]) -> String {
    HEXLOWER.encode(hash)
}
