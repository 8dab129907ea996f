//! A browser: its refresh token in a cookie, other sites' requests, and the pages it is shown.

use http::{HeaderValue, Request};
use serde_json::{Value, json};
use store::ClientKind;

use crate::house::{Answer, House, code_of, registered, request};
use crate::passkeys::answered;

const NAME: &str = "__Host-casemate-refresh";
const DEVICE: &str = "__Host-casemate-device";

/// A request as this server's own page sends it.
fn by_page(
    (method, path): (&str, &str),
    access: Option<&str>,
    cookie: Option<&str>,
    body: Option<&Value>,
) -> Request<axum::body::Body> {
    let mut sent = request(method, path, access, body);
    let headers = sent.headers_mut();
    headers.insert("casemate-refresh", HeaderValue::from_static("cookie"));
    headers.insert("sec-fetch-site", HeaderValue::from_static("same-origin"));
    if let Some(cookie) = cookie {
        let value = HeaderValue::from_str(&format!("other=1; {NAME}={cookie}")).unwrap();
        headers.insert("cookie", value);
    }
    sent
}

/// The refresh cookie that an answer sets.
fn set(answer: &Answer) -> Option<String> {
    set_as(NAME, answer)
}

/// The cookie of this name that an answer sets.
fn set_as(name: &str, answer: &Answer) -> Option<String> {
    let all = answer.headers.get_all("set-cookie").iter();
    let mut values = all.map(|value| value.to_str().unwrap());
    let text = values.find_map(|text| text.strip_prefix(&format!("{name}=")))?;
    let (value, attributes) = text.split_once("; ")?;
    for attribute in ["Secure", "HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(attributes.split("; ").any(|one| one == attribute), "{attribute} in {text}");
    }
    assert!(!attributes.contains("Domain"), "{text}");
    Some(value.to_owned())
}

/// The kind of client that the session of these tokens was given to.
async fn client_of(house: &House, tokens: &Answer) -> ClientKind {
    let id: uuid::Uuid = tokens.text_at("session_id").parse().unwrap();
    let store = house.house.store();
    store.platform_read(move |tx| tx.sessions().find(id.into())).await.unwrap().unwrap().client
}

async fn signed_in(house: &House) -> (Answer, String) {
    let body = house.acme().guest.sign_in(house.now_ms());
    let answer = house.send(by_page(("POST", "/v1/sessions"), None, None, Some(&body))).await.ok();
    let cookie = set(&answer).unwrap();
    (answer, cookie)
}

const REFRESH: (&str, &str) = ("POST", "/v1/sessions/refresh");

#[tokio::test]
async fn a_browsers_refresh_token_is_in_a_cookie_and_never_in_a_body() {
    let house = House::open().await;
    let (answer, cookie) = signed_in(&house).await;
    assert!(answer.json.get("refresh_token").is_none());
    assert!(!answer.text().contains(&cookie));
    let empty = json!({});
    let next = house.send(by_page(REFRESH, None, Some(&cookie), Some(&empty))).await.ok();
    assert!(next.json.get("refresh_token").is_none());
    assert_ne!(set(&next).unwrap(), cookie, "the cookie moves on with the token");
    assert_eq!(client_of(&house, &next).await, ClientKind::Browser);
}

#[tokio::test]
async fn a_browsers_device_is_known_by_a_cookie_that_outlives_its_sessions() {
    let house = House::alone().await;
    let guest = &house.acme().guest;
    let device_of = async |answer: &Answer| {
        let id: uuid::Uuid = answer.text_at("session_id").parse().unwrap();
        let store = house.house.store();
        store.platform_read(move |tx| tx.sessions().find(id.into())).await.unwrap().unwrap().device
    };
    let signs_in = async |cookie: Option<&str>| {
        house.advance(30_000);
        let body = guest.sign_in(house.now_ms());
        let mut sent = by_page(("POST", "/v1/sessions"), None, None, Some(&body));
        if let Some(cookie) = cookie {
            let value = HeaderValue::from_str(&format!("other=1; {DEVICE}={cookie}")).unwrap();
            sent.headers_mut().insert("cookie", value);
        }
        house.send(sent).await.ok()
    };
    let first = signs_in(None).await;
    assert!(first.json.get("device_token").is_none(), "no script reads it");
    let kept = set_as(DEVICE, &first).unwrap();
    let again = signs_in(Some(&kept)).await;
    assert_eq!(device_of(&again).await, device_of(&first).await);
    assert_ne!(device_of(&signs_in(None).await).await, device_of(&first).await);
    let session = format!("/v1/sessions/{}", again.text_at("session_id"));
    let (access, refresh) = (again.text_at("access_token"), set(&again).unwrap());
    let out = by_page(("DELETE", &session), Some(access), Some(&refresh), None);
    let out = house.send(out).await.ok();
    assert_eq!(set_as(DEVICE, &out), None, "signing out forgets no device");
}

#[tokio::test]
async fn a_session_that_begins_without_a_password_is_a_browsers_as_well() {
    let house = House::open().await;
    let (mut phone, _) = registered(house.router(), &house.acme().owner.access).await;
    let body = answered(&house, &mut phone, None).await;
    let sent = by_page(("POST", "/v1/sessions/passkey"), None, None, Some(&body));
    let by_passkey = house.send(sent).await.ok();
    let (id, seed) = &house.template.enrolment;
    let confirm = format!("/v1/enrolments/{id}/confirm");
    let body = json!({ "totp_code": code_of(seed, house.now_ms()) });
    let by_enrolment = house.send(by_page(("POST", &confirm), None, None, Some(&body))).await.ok();
    for begun in [by_passkey, by_enrolment] {
        assert!(set(&begun).is_some() && begun.json.get("refresh_token").is_none());
        assert_eq!(client_of(&house, &begun).await, ClientKind::Browser);
    }
}

#[tokio::test]
async fn the_cookie_opens_nothing_without_the_header_that_only_our_pages_send() {
    let house = House::open().await;
    let (_, cookie) = signed_in(&house).await;
    let mut sent = by_page(REFRESH, None, Some(&cookie), Some(&json!({})));
    sent.headers_mut().remove("casemate-refresh");
    house.send(sent).await.refused(401, "auth.missing");
    let sent = by_page(("GET", "/v1/whoami"), None, Some(&cookie), None);
    house.send(sent).await.refused(401, "auth.missing");
}

#[tokio::test]
async fn another_sites_request_with_the_cookie_is_refused_before_anything_happens() {
    let house = House::open().await;
    let (_, cookie) = signed_in(&house).await;
    let sent = |name: Option<(&'static str, &'static str)>| {
        let mut sent = by_page(REFRESH, None, Some(&cookie), Some(&json!({})));
        sent.headers_mut().remove("sec-fetch-site");
        if let Some((name, value)) = name {
            sent.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        sent
    };
    for hostile in [
        Some(("sec-fetch-site", "cross-site")),
        Some(("sec-fetch-site", "same-site")),
        Some(("sec-fetch-site", "none")),
        Some(("origin", "https://evil.example")),
        Some(("origin", "null")),
        Some(("origin", "https://casemate.example.evil.example")),
        None,
    ] {
        let answer = house.send(sent(hostile)).await;
        let answer = answer.refused(403, "auth.cross_site");
        assert!(answer.header("set-cookie").is_none(), "{hostile:?}");
    }
    house.send(sent(Some(("origin", "https://casemate.example")))).await.ok();
}

#[tokio::test]
async fn signing_out_and_a_refused_token_clear_the_cookie() {
    let house = House::open().await;
    let (answer, cookie) = signed_in(&house).await;
    let (session, access) = (answer.text_at("session_id"), answer.text_at("access_token"));
    let path = format!("/v1/sessions/{session}");
    let gone = house.send(by_page(("DELETE", &path), Some(access), Some(&cookie), None)).await.ok();
    assert_eq!(set(&gone), Some(String::new()));
    let refused = house.send(by_page(REFRESH, None, Some(&cookie), Some(&json!({})))).await;
    let refused = refused.refused(401, "auth.revoked");
    assert_eq!(set(&refused), Some(String::new()));
}

#[tokio::test]
async fn every_page_loads_only_what_is_ours_and_holds_no_inline_script() {
    let house = House::open().await;
    for path in ["/sign-in", "/authorize", "/device"] {
        let page = house.send(request("GET", path, None, None)).await.ok();
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        for rule in
            ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"]
        {
            assert!(policy.contains(rule), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
        ] {
            assert_eq!(page.headers[name], value, "{path}");
        }
        let text = String::from_utf8(page.bytes).unwrap();
        for part in text.split("<script").skip(1) {
            let (attributes, rest) = part.split_once('>').unwrap();
            assert!(attributes.contains("src=\"/pages/") && rest.starts_with("</script>"));
        }
        assert!(!text.contains("=\"http") && !text.contains("=\"//"), "{path} leads elsewhere");
        assert!(!text.contains(" style=") && !text.contains(" onclick="), "{path}");
    }
}
