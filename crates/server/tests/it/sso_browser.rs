//! Single sign-on in a real browser: Chromium, our pages, and the certified provider (the npm
//! package `oidc-provider`) on this machine.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use domain::Mint;
use domain::sign_in::PlatformProvider;
use http::HeaderValue;
use identity::ShownOnce;
use identity::sso::{PlatformSettings, SsoConfig};
use outbound::http::HttpClient;
use outbound::judge::Policy;
use outbound::names::{Names, Zone};
use serde_json::{Value, json};
use server::house::Parts;
use server::listen::{Door, Stop, Transport, bind, tls};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use crate::house::{Engine, PASSWORD, Random, Template, WIDE, parts, request, sent, watching};
use crate::passkey_browser::tools;

/// The address that the provider says is Ada's.
const INVITED: &str = "ada@ours.example";
const MINUTE_MS: i64 = 60_000;

/// The provider, which leads back to `redirect`, and its address.
async fn provider(modules: &str, redirect: &str) -> (Child, String) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut child = Command::new("node")
        .arg(here.join("../identity/tests/providers/provider.mjs"))
        .args(["google", "-"])
        .env("CASEMATE_TEST_NODE_MODULES", modules)
        .env("REDIRECT", redirect)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address = lines.next_line().await.unwrap().expect("the provider started");
    (child, address)
}

fn config(address: &str, redirect: &str) -> SsoConfig {
    let host = address.split_once("://").unwrap().1.parse().unwrap();
    SsoConfig {
        client: HttpClient::new(Policy::allowing(vec![host]), None).unwrap(),
        names: Names::Zone(Zone::default()),
        redirect: redirect.to_owned(),
        platform: vec![PlatformSettings {
            provider: PlatformProvider::Google,
            client_id: "casemate".to_owned(),
            client_secret: ShownOnce::new("a secret".to_owned()),
            tenants: Vec::new(),
            address: Some(address.to_owned()),
        }],
    }
}

/// Acme counts the provider's word as two factors.
async fn counts(router: &axum::Router, template: &Template) {
    let (team, access) = (&template.acme.id, Some(template.acme.owner.access.as_str()));
    let path = format!("/v1/teams/{team}/sign_in_policy");
    let before = sent(router, request("GET", &path, access, None)).await.ok();
    let policy = json!({
        "sso_only": false, "providers": [], "factor_amr": ["mfa"], "factor_acr": [],
        "provision": false, "default_role": "viewer",
    });
    let mut set = request("PUT", &path, access, Some(&policy));
    let version = HeaderValue::from_str(before.header("etag").unwrap()).unwrap();
    set.headers_mut().insert("if-match", version);
    sent(router, set).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_links_signs_in_accepts_and_steps_up_through_a_provider_in_a_browser() {
    let Some((modules, browser)) = tools() else { return };
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let template = Template::get(Engine::Sqlite).await;
    let (clock, folder) = (template.clock(), tempfile::tempdir().unwrap());
    let mint = Mint::new(clock.clone(), Arc::new(Random));
    let (broker, _keys) = template.ground.copied_broker(clock.clone()).await;
    let (store, _plot) = template.ground.copied_store(mint).await;

    let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let redirect = format!("{url}/sso/callback");
    let (_provider, address) = provider(&modules, &redirect).await;
    let Parts { identity, limiter, security, client } = parts(store, broker, WIDE, &url).await;
    let identity = identity.with_sso(config(&address, &redirect));
    let house = server::house::House::new(Parts { identity, limiter, security, client });
    let router = server::router::router(house.clone());
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let door = Door {
        listener,
        transport: Transport::Tls(tls::acceptor(&folder.path().join("tls"), &names).unwrap()),
        router: router.clone(),
        connections_max: 64,
        metrics: Arc::clone(house.metrics()),
    };
    let mut running = JoinSet::new();
    running.spawn(door.serve(Stop::new()));
    let _watch = watching(&house);

    counts(&router, template).await;
    let acme = &template.acme;
    let invitation = acme.owner.invites(&router, &acme.id, INVITED, "viewer", &[]).await;
    let guest = &acme.guest;
    let input = json!({
        "url": url, "modules": modules, "browser": browser,
        "profile": folder.path().join("profile"), "email": guest.email, "password": PASSWORD,
        "codes": guest.backup_codes, "invited": INVITED,
        "link": format!("{url}/signup/{}", invitation.id), "code": invitation.code,
    });
    walk(&input, || clock.advance(6 * MINUTE_MS)).await;
}

/// Runs the script beside this file to its end. It says `later` when time is to pass.
async fn walk(input: &Value, later: impl Fn()) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/sso_browser.mjs");
    let mut command = Command::new("node");
    command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut process = command.spawn().unwrap();
    let mut keys = process.stdin.take().unwrap();
    keys.write_all(format!("{input}\n").as_bytes()).await.unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut said = Vec::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        if line == "later" {
            later();
            keys.write_all(b"it is later\n").await.unwrap();
        }
        said.push(line);
    }
    let ended = process.wait().await.unwrap();
    assert!(ended.success() && said.contains(&"every step was taken".to_owned()), "{said:#?}");
}
