//! A passkey in a real browser: Chromium with a virtual authenticator, on a page of a server that
//! listens on this machine by its own certificate.

use std::process::Stdio;
use std::sync::Arc;

use domain::Mint;
use identity::passkeys::HardwareRoots;
use identity::staff;
use serde_json::{Value, json};
use server::listen::{Door, Stop, Transport, bind, tls};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::task::JoinSet;

use crate::house::{
    Engine, PASSWORD, Random, Template, WIDE, code_of, served_at, vendor, watching,
};

/// What the test needs of this machine; CI has it.
pub(crate) fn tools() -> Option<(String, String)> {
    let of = |name: &str| std::env::var(name).ok();
    let found = of("CASEMATE_TEST_NODE_MODULES").zip(of("CASEMATE_TEST_CHROMIUM"));
    assert!(
        found.is_some() || std::env::var_os("CI").is_none(),
        "CI has a browser: CASEMATE_TEST_NODE_MODULES and CASEMATE_TEST_CHROMIUM name it"
    );
    if found.is_none() {
        eprintln!(
            "SKIPPED: no browser: CASEMATE_TEST_NODE_MODULES or CASEMATE_TEST_CHROMIUM is missing"
        );
    }
    found
}

/// Runs the script beside this file to its end; what it says.
async fn browse(input: &Value) -> Value {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/passkey_browser.mjs");
    let mut command = Command::new("node");
    command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut process = command.spawn().unwrap();
    let mut keys = process.stdin.take().unwrap();
    keys.write_all(input.to_string().as_bytes()).await.unwrap();
    drop(keys);
    let ended = process.wait_with_output().await.unwrap();
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(ended.status.success(), "{said}");
    serde_json::from_str(&said).unwrap()
}

/// A server at a page of this machine, with a browser whose person tries what the script says.
/// `None`: there is no browser.
async fn tried(tries: &str) -> Option<Value> {
    let (modules, browser) = tools()?;
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let template = Template::get(Engine::Sqlite).await;
    let (clock, folder) = (template.clock(), tempfile::tempdir().unwrap());
    let mint = Mint::new(clock.clone(), Arc::new(Random));
    let (broker, _keys) = template.ground.copied_broker(clock).await;
    let (store, _plot) = template.ground.copied_store(mint).await;

    let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let house = served_at(store, broker, WIDE, &url).await;
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let acceptor = tls::acceptor(&folder.path().join("tls"), &names).unwrap();
    let door = Door {
        listener,
        transport: Transport::Tls(acceptor),
        router: server::router::router(house.clone()),
        connections_max: 64,
        metrics: Arc::clone(house.metrics()),
    };
    let mut running = JoinSet::new();
    running.spawn(door.serve(Stop::new()));
    let _watch = watching(&house);

    let guest = &template.acme.guest;
    if tries == "staff" {
        let roots = Arc::new(HardwareRoots::read(&vendor().root, &[]).unwrap());
        staff::add(house.store(), roots, guest.email.parse().unwrap()).await.unwrap();
    }
    let said = browse(&json!({
        "url": url, "modules": modules, "browser": browser, "tries": tries,
        "profile": folder.path().join("profile"),
        "email": guest.email, "password": PASSWORD,
        "code": code_of(&guest.seed, template.now_ms),
    }))
    .await;
    assert!(!said["faults"].to_string().contains("Content Security Policy"), "{said}");
    Some(said)
}

fn took(said: &Value, step: &str) -> bool {
    said["steps"].as_array().unwrap().iter().any(|taken| taken == step)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_adds_a_passkey_in_a_browser_signs_in_with_it_alone_and_removes_it() {
    let Some(said) = tried("person").await else { return };
    assert!(took(&said, "laptop was removed."), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browsers_software_authenticator_is_no_hardware_for_staff() {
    let Some(said) = tried("staff").await else { return };
    assert!(took(&said, "Staff registers passkeys that live in hardware"), "{said}");
    assert_eq!(said["attestation"], "direct", "the page passes on what is asked");
}
