//! The pages in a real Chromium, against the real server over TLS.
//!
//! Needs `CASEMATE_TEST_CHROMIUM` and `CASEMATE_TEST_NODE_MODULES`; in CI their absence fails.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use serde_json::{Value, json};
use server::house::Addresses;
use server::listen::{Door, Stop, Transport, bind, tls};
use server::metrics::Metrics;

use crate::house::{House, ORIGIN, PASSWORD, WIDE, parts};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_signs_in_and_lets_a_device_and_a_command_line_in() {
    let told = |name| std::env::var_os(name);
    let (Some(chromium), Some(modules)) =
        (told("CASEMATE_TEST_CHROMIUM"), told("CASEMATE_TEST_NODE_MODULES"))
    else {
        assert!(told("CI").is_none(), "CI runs this test with Chromium");
        println!("SKIPPED: no CASEMATE_TEST_CHROMIUM or CASEMATE_TEST_NODE_MODULES");
        return;
    };
    let house = House::open().await;
    let folder = tempfile::tempdir().unwrap();
    let address = serve(&house, folder.path()).await;
    let guest = &house.acme().guest;
    let input = json!({
        "url": format!("https://{address}"), "email": guest.email, "password": PASSWORD,
        "code": guest.backup_codes[0], "now_ms": house.now_ms(),
    });
    let profile = folder.path().join("profile");
    let mut script = Command::new("node");
    script
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/chromium.mjs"))
        .env("NODE_MODULES", modules)
        .env("CHROMIUM", chromium)
        .env("PROFILE", profile)
        .env("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    let ended = tokio::task::spawn_blocking(move || run(script, &input)).await.unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success() && out.contains("every step was taken"), "{out}\n{err}");
}

/// Serves a copy of the installation over TLS, under its own address.
async fn serve(house: &House, folder: &Path) -> SocketAddr {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (store, broker) = (house.house.store().clone(), house.house.broker().clone());
    let known = Addresses::of(None, Some(address.port()));
    let parts = parts(store, broker, WIDE, ORIGIN).await;
    let served = server::house::House::known_as(parts, known);
    let watched = served.clone();
    tokio::spawn(async move { watched.identity().watch_revocations().await });
    let acceptor = tls::acceptor(folder, &["127.0.0.1".to_owned()]).unwrap();
    let door = Door {
        listener,
        transport: Transport::Tls(acceptor),
        router: server::router::router(served),
        connections_max: 64,
        metrics: Arc::new(Metrics::default()),
    };
    tokio::spawn(door.serve(Stop::new()));
    address
}

fn run(mut script: Command, input: &Value) -> Output {
    script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut script = script.spawn().unwrap();
    script.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    script.wait_with_output().unwrap()
}
