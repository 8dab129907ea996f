//! `GET /v1/staff/log`

use axum::extract::State;
use identity::staff::{StaffError, read_log};

use crate::extract::cursor;
use crate::extract::{Query, Staff};
use crate::house::House;
use crate::problem::Refused;
use crate::reply::Reply;
use crate::v1::audit::Entry;
use crate::v1::audit::entries::{EntriesQuery, EntryList};

/// Entries of the platform's own logs, newest first
///
/// Without the personal values beside them. Needs a session begun with a passkey, and a factor
/// given within five minutes. The reading is an entry itself.
#[utoipa::path(
    get, path = "/v1/staff/log", operation_id = "staff_log", tag = "staff",
    params(EntriesQuery), security(("session" = []))
)]
pub async fn log(
    State(house): State<House>,
    staff: Staff,
    Query(wanted): Query<EntriesQuery>,
) -> Result<Reply<200, EntryList>, Refused<StaffError>> {
    let (filter, page) = wanted.read().map_err(Refused::because)?;
    let read = read_log(house.identity(), &staff.0, filter, page).await?;
    let receipts = house.receipts(&read.entries).await;
    let (items, next_cursor) = cursor::page(read.value, |one| one.entry.uuid(), Entry::try_from);
    let items = items.into_iter().collect::<Result<_, _>>().map_err(Refused::because)?;
    let security_kept_days = domain::limits::SECURITY_LOG_DAYS;
    Ok(Reply::new(EntryList { items, next_cursor, security_kept_days }).receipts(receipts))
}
