//! Sign-ins bound to a key of this machine, and the ways in that need no password here.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::Child;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use crate::house::{ACCESS, FAR, Machine, REFRESH, server, tokens};
use crate::server::{Asked, Reply, Server};

fn bound(access: &str, refresh: &str, expires_at_ms: i64) -> Reply {
    let mut tokens = tokens(access, refresh, expires_at_ms);
    tokens["token_type"] = json!("DPoP");
    Reply::json(tokens)
}

fn whoami() -> Reply {
    Reply::json(json!({ "user": {
        "id": "01920000-0000-7000-8000-0000000000ee", "email": "ada@example.com",
        "session_id": crate::house::SESSION, "factor_at_ms": 0, "backup_codes_left": 9,
    } }))
}

/// Header and claims of the proof beside a request.
fn proof(asked: &Asked) -> (Value, Value) {
    let text = asked.header("dpop").unwrap_or_else(|| panic!("no proof: {}", asked.line()));
    let mut parts = text.split('.').map(|part| BASE64URL_NOPAD.decode(part.as_bytes()).unwrap());
    let mut next = || serde_json::from_slice(&parts.next().unwrap()).unwrap();
    (next(), next())
}

fn hash(text: &str) -> String {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    BASE64URL_NOPAD.encode(hash.as_ref())
}

#[test]
fn every_call_of_a_bound_sign_in_has_a_proof_of_its_own_by_the_same_key() {
    let machine = Machine::new();
    let server = server(|asked| match asked.line().as_str() {
        "POST /v1/sessions" => Some(bound(ACCESS, REFRESH, 1_000)),
        "POST /v1/sessions/refresh" => Some(bound("the-next-access", "the-next-refresh", FAR)),
        "GET /v1/keys" => Some(Reply::json(json!({ "items": [] }))),
        _ => None,
    });
    machine.sign_in(&server);
    for _ in 0..2 {
        assert_eq!(machine.run(&["keys", "list"]).code, Some(0));
    }
    let asked = server.asked();
    let calls: Vec<&Asked> = asked.iter().filter(|one| one.path == "/v1/keys").collect();
    assert_eq!(calls.len(), 2);
    let key = proof(&asked[0]).0["jwk"].clone();
    assert!(key.get("d").is_none() && key["x"].is_string(), "public: {key}");
    let mut ids = Vec::new();
    for call in &calls {
        assert_eq!(call.header("authorization"), Some("DPoP the-next-access"));
        let (header, claims) = proof(call);
        assert_eq!((&header["jwk"], &header["typ"]), (&key, &json!("dpop+jwt")));
        assert_eq!(claims["ath"], hash("the-next-access"));
        assert_eq!(
            (&claims["htm"], &claims["htu"]),
            (&json!("GET"), &json!(format!("{}v1/keys", server.url)))
        );
        ids.push(claims["jti"].clone());
    }
    assert_ne!(ids[0], ids[1]);
    let refresh = asked.iter().find(|one| one.path == "/v1/sessions/refresh").unwrap();
    assert_eq!(proof(refresh).0["jwk"], key, "the refresh is proved too");
}

#[test]
fn each_sign_in_makes_a_key_of_its_own_and_none_is_on_disk_in_clear() {
    let machine = Machine::with_passphrase();
    let server =
        server(|asked| (asked.line() == "POST /v1/sessions").then(|| bound(ACCESS, REFRESH, FAR)));
    machine.sign_in(&server);
    machine.sign_in(&server);
    let asked = server.asked();
    let keys: Vec<Value> = asked
        .iter()
        .filter(|one| one.line() == "POST /v1/sessions")
        .map(|one| proof(one).0["jwk"]["x"].clone())
        .collect();
    assert_eq!(keys.len(), 2);
    assert_ne!(keys[0], keys[1]);
    for word in [ACCESS, REFRESH] {
        assert!(crate::bystander::finds(&machine.configuration(), word).is_empty(), "{word}");
    }
    let path = machine.configuration().join("profiles/default/session.sealed");
    let stored = std::fs::read(path).unwrap();
    let names_the_key = stored.windows(4).any(|window| window == b"seed");
    assert!(!names_the_key, "the key is inside the envelope");
}

#[test]
fn a_device_shows_its_code_and_waits_until_it_is_let_in() {
    let (machine, asks) = (Machine::new(), AtomicUsize::new(0));
    let server = server(move |asked| match asked.line().as_str() {
        "POST /v1/device_grants" => Some(Reply::json(json!({
            "device_code": "cd_secret-of-the-device", "user_code": "WDJB-MJHT",
            "verification_uri": "https://casemate.example/device",
            "expires_in": 300, "interval": 1,
        }))),
        "POST /v1/device_grants/redeem" => Some(match asks.fetch_add(1, Ordering::SeqCst) {
            0 => Reply::problem(400, "authorization_pending"),
            1 => Reply::problem(400, "slow_down").header("retry-after", "2"),
            _ => bound(ACCESS, REFRESH, FAR),
        }),
        "GET /v1/whoami" => Some(whoami()),
        _ => None,
    });
    let pin = server.identity.fingerprint();
    let ended = machine.run(&["login", "--device", "--server", &server.url, "--fingerprint", &pin]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.err.contains("WDJB-MJHT") && ended.err.contains("/device"), "{}", ended.err);
    assert!(!ended.err.contains("secret-of-the-device") && !ended.out.contains("WDJB"));
    assert!(machine.has_session());
    let asked = server.asked();
    let first = asked.iter().find(|one| one.line() == "POST /v1/device_grants").unwrap();
    for poll in asked.iter().filter(|one| one.path.ends_with("/redeem")) {
        let x = proof(poll).0["jwk"]["x"].as_str().unwrap().to_owned();
        let name = hash(&format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#));
        assert_eq!(first.body["dpop_jkt"], name, "the key it asked with");
    }
}

#[test]
fn a_device_that_is_not_let_in_says_so_and_keeps_nothing() {
    for (code, exit) in [("access_denied", 4), ("expired_token", 3)] {
        let machine = Machine::new();
        let server = server(move |asked| match asked.line().as_str() {
            "POST /v1/device_grants" => Some(Reply::json(json!({
                "device_code": "cd_x", "user_code": "WDJB-MJHT",
                "verification_uri": "https://a.example/device", "expires_in": 300, "interval": 1,
            }))),
            "POST /v1/device_grants/redeem" => Some(Reply::problem(400, code)),
            _ => None,
        });
        let pin = server.identity.fingerprint();
        let words = ["login", "--device", "--server", &server.url, "--fingerprint", &pin];
        let ended = machine.run(&words);
        assert_eq!(ended.code, Some(exit), "{ended:?}");
        assert!(!machine.has_session());
    }
}

/// A server that redeems a code for whoever kept its verifier.
fn redeeming() -> Server {
    server(|asked| match asked.line().as_str() {
        "POST /v1/authorizations/redeem" => Some(bound(ACCESS, REFRESH, FAR)),
        "GET /v1/whoami" => Some(whoami()),
        _ => None,
    })
}

/// Starts `login --browser` with a browser that only notes where it was sent.
fn opened(machine: &Machine, server: &Server) -> (Child, Vec<(String, String)>) {
    let bin = machine.path("bin");
    std::fs::create_dir(&bin).unwrap();
    let (program, noted) = (bin.join("xdg-open"), machine.path("opened"));
    let script =
        format!("#!/bin/sh\nprintf '%s' \"$#:$1\" > {0}.new && mv {0}.new {0}\n", noted.display());
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let pin = server.identity.fingerprint();
    let words = ["login", "--browser", "--server", &server.url, "--fingerprint", &pin];
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let child = machine.command(&words).env("PATH", path).spawn().unwrap();
    let began = Instant::now();
    while !noted.exists() {
        assert!(began.elapsed() < Duration::from_secs(20), "no browser was opened");
        std::thread::sleep(Duration::from_millis(20));
    }
    let text = std::fs::read_to_string(noted).unwrap();
    let url = text.strip_prefix("1:").unwrap_or_else(|| panic!("one argument: {text}"));
    let query = url.strip_prefix(&format!("{}authorize?", server.url)).unwrap();
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap());
    (child, pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

fn value<'a>(query: &'a [(String, String)], name: &str) -> &'a str {
    &query.iter().find(|(key, _)| key == name).unwrap().1
}

fn visits(port: &str, target: &str) -> String {
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    write!(stream, "GET {target} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_browser_brings_a_code_that_is_redeemed_with_verifier_and_key() {
    let (machine, server) = (Machine::new(), redeeming());
    let (child, query) = opened(&machine, &server);
    let (port, state) = (value(&query, "redirect_port"), value(&query, "state"));
    for stranger in [
        "/callback?code=ca_stolen&state=another-state-of-some-length".to_owned(),
        "/callback?code=ca_stolen".to_owned(),
        format!("/elsewhere?code=ca_stolen&state={state}"),
    ] {
        assert!(visits(port, &stranger).starts_with("HTTP/1.1 404"), "{stranger}");
    }
    let answer = visits(port, &format!("/callback?code=ca_good&state={state}"));
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("close this window"), "{answer}");
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    let asked = server.asked();
    let redeemed: Vec<&Asked> =
        asked.iter().filter(|one| one.path == "/v1/authorizations/redeem").collect();
    assert_eq!(redeemed.len(), 1);
    assert_eq!(redeemed[0].body["code"], "ca_good");
    let verifier = redeemed[0].body["code_verifier"].as_str().unwrap();
    assert_eq!(hash(verifier), value(&query, "code_challenge"));
    let x = proof(redeemed[0]).0["jwk"]["x"].as_str().unwrap().to_owned();
    let name = hash(&format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#));
    assert_eq!(value(&query, "dpop_jkt"), name);
    let told = String::from_utf8(ended.stderr).unwrap();
    assert!(told.contains("/authorize?") && !told.contains(verifier), "{told}");
    assert!(TcpStream::connect(format!("127.0.0.1:{port}")).is_err(), "nobody listens any more");
}

#[test]
fn a_person_who_says_no_in_the_browser_lets_nobody_in() {
    let (machine, server) = (Machine::new(), redeeming());
    let (child, query) = opened(&machine, &server);
    let (port, state) = (value(&query, "redirect_port"), value(&query, "state"));
    visits(port, &format!("/callback?error=access_denied&state={state}"));
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    assert!(!machine.has_session());
}
