//! `GET /v1/sessions`

use std::net::IpAddr;

use axum::extract::State;
use domain::{SessionId, TimeMs, UserAgent};
use identity::sessions::{AccountError, SeenSession};
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::cursor::{self, PageQuery};
use crate::extract::{Account, Query};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::shapes::{self, listing};

/// A session of one's own.
#[derive(Debug, Serialize, ToSchema)]
pub struct Session {
    /// Its id.
    #[schema(value_type = shapes::IdText)]
    pub id: SessionId,
    /// Whether it is the one that asks.
    pub current: bool,
    /// When it began.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub created_at_ms: TimeMs,
    /// When it was last refreshed.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub last_used_at_ms: TimeMs,
    /// When it ends at the latest.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub expires_at_ms: TimeMs,
    /// When its person last gave a second factor.
    #[schema(value_type = shapes::TimeMsNumber)]
    pub factor_at_ms: TimeMs,
    /// What holds it: `api`, `browser`, `cli` or `device`.
    #[schema(value_type = String, example = "cli")]
    pub client: &'static str,
    /// By which factors it was begun (RFC 8176 names).
    #[schema(max_items = 16, example = json!(["pwd", "otp", "mfa"]))]
    pub factors: Vec<String>,
    /// Whether its tokens are bound to a key of its holder (RFC 9449).
    pub key_bound: bool,
    /// What the client says about its machine and version.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub label: Option<String>,
    /// The country of its address, where the instance has a file of places.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "NL")]
    pub country: Option<String>,
    /// Where it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub ip: Option<IpAddr>,
    /// What the client called itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub user_agent: Option<UserAgent>,
}

listing!(SessionList of Session);

/// One's own live sessions
#[utoipa::path(
    get, path = "/v1/sessions", operation_id = "sessions_list", tag = "sessions",
    params(PageQuery), security(("session" = []))
)]
pub async fn list(
    State(house): State<House>,
    account: Account,
    Query(page): Query<PageQuery>,
) -> Result<Reply<200, SessionList>, Refused<AccountError>> {
    let page = page.by_id().map_err(Refused::because)?;
    let listing = identity::sessions::list(house.identity(), &account.scope, page).await?;
    let current = account.scope.session();
    let show = |SeenSession { session, details }: SeenSession| Session {
        id: session.id,
        current: session.id == current,
        created_at_ms: session.created_at,
        last_used_at_ms: session.used_at,
        expires_at_ms: session.expires_at,
        factor_at_ms: session.factor_at,
        client: session.client.as_str(),
        factors: session.amr,
        key_bound: session.dpop_jkt.is_some(),
        label: details.label,
        country: details.country,
        ip: details.ip,
        user_agent: details.user_agent,
    };
    let (items, next_cursor) = cursor::page(listing, |one| one.session.id.uuid(), show);
    Ok(Reply::new(SessionList { items, next_cursor }))
}
