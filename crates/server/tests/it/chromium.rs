//! The pages in a real Chromium, against the real server over TLS.
//!
//! Needs `CASEMATE_TEST_CHROMIUM` and `CASEMATE_TEST_NODE_MODULES`; in CI their absence fails.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::house::{Engine, PASSWORD, Template, code_of};
use crate::process::Place;

#[tokio::test]
async fn somebody_signs_in_and_lets_a_device_and_a_command_line_in() {
    let told = |name| std::env::var_os(name);
    let (Some(chromium), Some(modules)) =
        (told("CASEMATE_TEST_CHROMIUM"), told("CASEMATE_TEST_NODE_MODULES"))
    else {
        assert!(told("CI").is_none(), "CI runs this test with Chromium");
        println!("SKIPPED: no CASEMATE_TEST_CHROMIUM or CASEMATE_TEST_NODE_MODULES");
        return;
    };
    let place = Place::new().await;
    let server = place.start();
    let guest = &Template::get(Engine::Sqlite).await.acme.guest;
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let code = code_of(&guest.seed, i64::try_from(now_ms).unwrap());
    let input = json!({
        "url": server.url("api", "").to_string().trim_end_matches('/'),
        "email": guest.email, "password": PASSWORD, "code": code,
    });
    let profile = tempfile::tempdir().unwrap();
    let mut script = Command::new("node")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/chromium.mjs"))
        .env("NODE_MODULES", modules)
        .env("CHROMIUM", chromium)
        .env("PROFILE", profile.path())
        .env("NODE_TLS_REJECT_UNAUTHORIZED", "0")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    script.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let ended = script.wait_with_output().unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success() && out.contains("every step was taken"), "{out}\n{err}");
}
