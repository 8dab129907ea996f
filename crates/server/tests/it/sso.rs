//! Single sign-on over HTTP: the cookie, and where a browser is sent.

use http::header::{LOCATION, SET_COOKIE};
use serde_json::json;

use crate::house::House;

#[tokio::test]
async fn the_cookie_of_a_way_is_this_hosts_alone_and_comes_with_the_address() {
    let house = House::open().await;
    let body = json!({ "provider": "github" });
    let answer = house.call("POST", "/v1/sso/transactions", None, Some(&body)).await;
    assert_eq!(answer.status, 201);
    let cookie = answer.headers[SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("__Host-casemate-sso="), "{cookie}");
    for part in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax", "; Max-Age=600"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let address = answer.text_at("authorization_url");
    assert!(address.starts_with("https://github.com/login/oauth/authorize?"), "{address}");
    let secret = cookie.split(';').next().unwrap().split('.').next_back().unwrap();
    assert!(!answer.text().contains(secret), "the secret is in the cookie alone");
}

#[tokio::test]
async fn a_browser_that_comes_back_is_sent_to_a_page_of_this_host_whatever_it_brings() {
    let house = House::open().await;
    for query in [
        "",
        "?code=x&state=y",
        "?error=access_denied&state=https://evil.example",
        "?code=x&state=01890a5d-ac96-774b-bcce-b302099a8057.AAAA&redirect=https://evil.example",
    ] {
        let answer = house.call("GET", &format!("/sso/callback{query}"), None, None).await;
        assert_eq!(answer.status, 303);
        assert_eq!(answer.headers[LOCATION], "/sign-in?error=sso.transaction_invalid");
    }
}
