//! The certified provider (the npm package `oidc-provider`), shaped like each vendor.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use bytes::Bytes;
use domain::sign_in::{PlatformProvider, ProviderRef};
use http::header::{COOKIE, LOCATION, SET_COOKIE};
use http::{Request, StatusCode};
use identity::ShownOnce;
use identity::sso::{self, Begin, PlatformSettings, Returned, SsoConfig};
use outbound::names::{Names, Zone};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use url::Url;

use super::{GOOGLE, MICROSOFT, TENANT, Way, client, counting, known, redeems, totp};
use crate::house::{House, each_engine};

/// The provider in this shape, and its address; ends with the value. `None`: there is no Node
/// package, which CI does not accept.
async fn provider(shape: &str) -> Option<(Child, String)> {
    let Some(modules) = std::env::var_os("CASEMATE_TEST_NODE_MODULES") else {
        assert!(
            std::env::var_os("CI").is_none(),
            "CI runs the certified provider: CASEMATE_TEST_NODE_MODULES names no packages"
        );
        eprintln!("SKIPPED: CASEMATE_TEST_NODE_MODULES names no packages");
        return None;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/providers/provider.mjs");
    let mut child = Command::new("node")
        .arg(script)
        .args([shape, TENANT])
        .env("CASEMATE_TEST_NODE_MODULES", modules)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address = loop {
        let line = lines.next_line().await.unwrap().expect("the provider started");
        if line.starts_with("http://") {
            break line;
        }
    };
    Some((child, address))
}

/// A browser that keeps cookies and follows redirects until it is sent back to us.
async fn browse(address: &str, start: &str) -> Returned {
    let client = client(address);
    let mut jar: BTreeMap<String, String> = BTreeMap::new();
    let mut at = Url::parse(start).unwrap();
    for _ in 0..10 {
        let cookies: Vec<String> = jar.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let request = Request::get(at.as_str()).header(COOKIE, cookies.join("; "));
        let answer = client.call(request.body(Bytes::new()).unwrap()).await.unwrap();
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            jar.insert(name.to_owned(), value.to_owned());
        }
        let body = String::from_utf8_lossy(answer.body()).into_owned();
        assert!(
            matches!(answer.status(), StatusCode::SEE_OTHER | StatusCode::FOUND),
            "{at}: {} {body}",
            answer.status()
        );
        at = at.join(answer.headers()[LOCATION].to_str().unwrap()).unwrap();
        if at.host_str() == Some("casemate.example") {
            assert_eq!(at.path(), "/sso/callback");
            let query: BTreeMap<_, _> = at.query_pairs().into_owned().collect();
            let one = |name: &str| query.get(name).cloned();
            return Returned {
                code: one("code"),
                state: one("state"),
                iss: one("iss"),
                error: one("error"),
            };
        }
    }
    panic!("the browser never came back");
}

/// Walks the whole way of our operator through the provider in this shape.
async fn walked(house: &House, shape: &str, which: PlatformProvider, path: &str) {
    let Some((_child, address)) = provider(shape).await else { return };
    let settings = PlatformSettings {
        provider: which,
        client_id: "casemate".to_owned(),
        client_secret: ShownOnce::new("a secret".to_owned()),
        tenants: vec![TENANT.to_owned()],
        address: Some(format!("{address}{path}")),
    };
    let config = SsoConfig {
        client: client(&address),
        names: Names::Zone(Zone::default()),
        redirect: "https://casemate.example/sso/callback".to_owned(),
        platform: vec![settings],
    };
    let identity = house.replica().await.with_sso(config);
    let (bob, provider) = (&house.ours.operator, ProviderRef::Platform(which));
    let (issuer, subject) = match which {
        PlatformProvider::Microsoft => (format!("{address}/{TENANT}/v2.0"), "object-of-ada"),
        _ => (address.clone(), "ada"),
    };
    known(house, bob, provider, None, &issuer, subject).await;
    let scope = house.ours.owner.scope(house.ours.id);
    sso::set_policy(&identity, &scope, house.fresh(), counting(&[provider])).await.unwrap();

    for (workspace, factor) in [(None, true), (Some(house.ours.id), false)] {
        let way = Begin { provider: Some(provider), workspace };
        let way = Way::of(sso::begin(&identity, house.origin(), way).await.unwrap());
        let back = browse(&address, &way.begun.authorization_url).await;
        assert!(back.iss.is_some(), "it names itself (RFC 9207)");
        let id =
            sso::callback(&identity, house.origin(), way.cookie(), back).await.unwrap().transaction;
        let factor = factor.then(|| totp(house, bob));
        let tokens = redeems(&identity, house, (id, way.cookie()), factor).await;
        assert_eq!(tokens.unwrap().value.workspace, workspace);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certified_provider_signs_somebody_in_shaped_like_google() {
    each_engine(async |house: &House| {
        walked(house, "google", PlatformProvider::Google, "").await;
    })
    .await;
    assert_eq!(GOOGLE.to_string(), "google");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certified_provider_signs_somebody_in_shaped_like_microsoft() {
    each_engine(async |house: &House| {
        walked(house, "microsoft", PlatformProvider::Microsoft, "/common/v2.0").await;
    })
    .await;
    assert_eq!(MICROSOFT.to_string(), "microsoft");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certified_provider_signs_somebody_in_as_a_workspaces_own() {
    each_engine(async |house: &House| {
        let Some((_child, address)) = provider("plain").await else { return };
        let config = SsoConfig {
            client: client(&address),
            names: Names::Zone(Zone::default()),
            redirect: "https://casemate.example/sso/callback".to_owned(),
            platform: Vec::new(),
        };
        let identity = house.replica().await.with_sso(config);
        let (scope, workspace) = (house.ours.owner.scope(house.ours.id), Some(house.ours.id));
        let settings = domain::sign_in::ProviderSettings {
            name: crate::house::name("sso"),
            issuer: domain::Issuer::parse(&address).unwrap(),
            client_id: "casemate".to_owned(),
        };
        let secret = ShownOnce::new("a secret".to_owned());
        let new = sso::NewProvider { settings, secret };
        let added = sso::add_provider(&identity, &scope, house.fresh(), new).await.unwrap();
        let own = ProviderRef::Own(added.value.id);
        known(house, &house.ours.operator, own, workspace, &address, "ada").await;
        sso::set_policy(&identity, &scope, house.fresh(), counting(&[own])).await.unwrap();
        let way = Begin { provider: None, workspace };
        let way = Way::of(sso::begin(&identity, house.origin(), way).await.unwrap());
        let back = browse(&address, &way.begun.authorization_url).await;
        let id =
            sso::callback(&identity, house.origin(), way.cookie(), back).await.unwrap().transaction;
        let tokens = redeems(&identity, house, (id, way.cookie()), None).await;
        let tokens = tokens.unwrap().value;
        assert_eq!(tokens.workspace, workspace);
        let account = house.ours.operator.account(&tokens);
        let way = Way::of(sso::begin_step_up(&identity, &account).await.unwrap());
        let back = browse(&address, &way.begun.authorization_url).await;
        let id = sso::callback(&identity, house.origin(), way.cookie(), back).await.unwrap();
        let risen = sso::step_up(&identity, &account, id.transaction, way.cookie()).await;
        assert_eq!(risen.unwrap().value.session, tokens.session, "it was asked, and says when");
    })
    .await;
}
