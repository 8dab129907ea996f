//! `GET /sso/callback`: a browser comes back from a provider. It is no part of the API: the answer
//! sends the browser on, to a page that redeems the transaction or says what went wrong.
//!
//! Always true: the browser goes to a fixed path of this host; nothing that the request brings
//! chooses where.

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use identity::sso::{Back, Returned};
use store::SsoErrand;

use crate::extract::SsoCookie;
use crate::house::{Client, House};

/// Longest query that is looked at: a provider's code and state have a few hundred bytes.
const QUERY_BYTES_MAX: usize = 8_192;

/// Takes a browser back.
pub(crate) async fn callback(
    State(house): State<House>,
    client: Client,
    cookie: SsoCookie,
    RawQuery(query): RawQuery,
) -> Response {
    let returned = read(query.as_deref().unwrap_or_default());
    let done = identity::sso::callback(house.identity(), client.origin, &cookie.0, returned).await;
    let place = match done {
        Ok(Back { transaction, errand }) => format!("{}?transaction={transaction}", page(errand)),
        Err(error) => format!("/sign-in?error={}", error.code()),
    };
    let location = HeaderValue::from_str(&place).unwrap_or(HeaderValue::from_static("/sign-in"));
    (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response()
}

/// The page that goes on.
const fn page(errand: SsoErrand) -> &'static str {
    match errand {
        SsoErrand::SignIn => "/sign-in",
        SsoErrand::Link(..) => "/identities",
        SsoErrand::StepUp(..) => "/step-up",
    }
}

/// One value per name; a second one is a mistake, or somebody's attempt to be read two ways, and
/// takes the value away.
fn read(query: &str) -> Returned {
    let mut returned = Returned::default();
    if query.len() > QUERY_BYTES_MAX {
        return returned;
    }
    let mut seen = std::collections::BTreeSet::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let place = match name.as_ref() {
            "code" => &mut returned.code,
            "state" => &mut returned.state,
            "iss" => &mut returned.iss,
            "error" => &mut returned.error,
            _ => continue,
        };
        *place = seen.insert(name.clone().into_owned()).then(|| value.into_owned());
    }
    returned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_comes_twice_has_no_value() {
        let once = read("code=a&state=b&iss=https%3A%2F%2Fi.example&x=y");
        assert_eq!(once.code.as_deref(), Some("a"));
        assert_eq!(once.iss.as_deref(), Some("https://i.example"));
        assert_eq!(read("code=a&code=b&state=c").code, None);
        assert_eq!(read(&"code=a&".repeat(2_000)), Returned::default());
    }
}
