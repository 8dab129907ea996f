//! Cursors: where the next page of a listing starts.
//!
//! A cursor is the last item's key, in base64url. It opens nothing: the page is read with the
//! caller's own scope, so somebody else's cursor is just a place to start in one's own listing.

use data_encoding::BASE64URL_NOPAD;
use domain::limits;
use serde::Deserialize;
use store::{Listing, Page};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::problem::Problem;
use crate::shapes;

/// Which page is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Where the page starts: `next_cursor` of the page before. The beginning, when absent.
    #[param(value_type = Option<shapes::CursorText>, required = false, nullable = false)]
    pub cursor: Option<String>,
    /// The most items the page may hold.
    #[param(minimum = 1, maximum = 200, required = false, nullable = false)]
    pub limit: Option<u32>,
}

impl PageQuery {
    /// The page of a listing by id.
    ///
    /// # Errors
    /// `input.invalid`.
    pub fn by_id<K: From<Uuid> + Copy>(&self) -> Result<Page<K>, Problem> {
        let after = self.cursor.as_deref().map(|text| {
            let bytes = decoded::<16>(text)?;
            Ok::<_, Problem>(K::from(Uuid::from_bytes(bytes)))
        });
        Ok(Page::from_cursor(after.transpose()?, limit(self.limit)?))
    }
}

/// How many items, within bounds.
///
/// # Errors
/// `input.invalid` outside of 1 to [`limits::PAGE_ITEMS_MAX`].
pub fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    let wanted = asked.unwrap_or(limits::PAGE_ITEMS_DEFAULT);
    if (1..=limits::PAGE_ITEMS_MAX).contains(&wanted) {
        return Ok(wanted);
    }
    let rule = format!("it is between 1 and {}", limits::PAGE_ITEMS_MAX);
    Err(Problem::invalid("limit", rule))
}

/// The bytes of a cursor.
///
/// # Errors
/// `input.invalid` when they are not `N` bytes in base64url.
pub fn decoded<const N: usize>(text: &str) -> Result<[u8; N], Problem> {
    BASE64URL_NOPAD
        .decode(text.as_bytes())
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| Problem::invalid("cursor", "it is not a cursor of this listing"))
}

/// The cursor after these bytes.
#[must_use]
pub fn encoded(key: &[u8]) -> String {
    BASE64URL_NOPAD.encode(key)
}

/// The shown items and the cursor after them.
pub fn page<T, S>(
    listing: Listing<T>,
    key: impl Fn(&T) -> Uuid,
    show: impl FnMut(T) -> S,
) -> (Vec<S>, Option<String>) {
    let last = listing.items.last().filter(|_| listing.more);
    let next = last.map(|item| encoded(key(item).as_bytes()));
    (listing.items.into_iter().map(show).collect(), next)
}
