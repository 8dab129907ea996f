//! The first contact, and every later one: who is talked to, and who is not.

use crate::house::{Machine, SESSION, server};
use crate::server::Identity;

const LOGIN: [u8; 29] = *b"correct horse battery\n123456\n";

fn login(machine: &Machine, url: &str, more: &[&str]) -> crate::house::Ended {
    let mut arguments = vec!["login", "--server", url, "--email", "ada@example.com"];
    arguments.extend(more);
    machine.piped(&arguments, &LOGIN)
}

#[test]
fn an_unknown_server_is_told_nothing_when_nobody_can_compare_fingerprints() {
    let (machine, server) = (Machine::new(), server(|_| None));
    let ended = login(&machine, &server.url, &[]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.err.contains("--fingerprint"), "{}", ended.err);
    assert!(server.asked().is_empty());
}

#[test]
fn a_server_with_another_fingerprint_is_told_nothing() {
    let (machine, server) = (Machine::new(), server(|_| None));
    let other = Identity::new().fingerprint();
    let ended = login(&machine, &server.url, &["--fingerprint", &other]);
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert!(ended.err.contains("another certificate"), "{}", ended.err);
    assert!(server.asked().is_empty() && !machine.has_session());
}

#[test]
fn a_certificate_that_changed_after_sign_in_is_refused() {
    let (machine, server) = (Machine::new(), server(|_| None));
    machine.sign_in(&server);
    let before = server.asked().len();
    server.change_certificate();
    let ended = machine.run(&["projects", "list"]);
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert!(ended.err.contains("--repin"), "{}", ended.err);
    assert_eq!(server.asked().len(), before);
}

#[test]
fn a_new_sign_in_does_not_take_a_changed_certificate_either() {
    let (machine, server) = (Machine::new(), server(|_| None));
    machine.sign_in(&server);
    server.change_certificate();
    let ended = login(&machine, &server.url, &[]);
    assert_eq!(ended.code, Some(4), "{ended:?}");
}

#[test]
fn the_servers_own_certificate_as_authority_becomes_a_pin() {
    let (machine, server) = (Machine::new(), server(|_| None));
    let ca = machine.file("cert.pem", &server.identity.pem);
    let ended = login(&machine, &server.url, &["--ca", ca.to_str().unwrap()]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    std::fs::remove_file(&ca).unwrap();
    assert_eq!(machine.run(&["projects", "list"]).code, Some(0));
    let pins = machine.configuration().join("profiles/default/server.json");
    assert!(std::fs::read_to_string(pins).unwrap().contains("pinned"));
}

#[test]
fn an_authority_that_does_not_vouch_for_the_server_is_not_enough() {
    let (machine, server) = (Machine::new(), server(|_| None));
    let ca = machine.file("cert.pem", &Identity::new().pem);
    let ended = login(&machine, &server.url, &["--ca", ca.to_str().unwrap()]);
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert!(server.asked().is_empty());
}

#[test]
fn edited_pins_do_not_send_the_tokens_elsewhere() {
    let (machine, good) = (Machine::new(), server(|_| None));
    let evil = server(|_| None);
    machine.sign_in(&good);
    let pins = machine.configuration().join("profiles/default/server.json");
    let text = std::fs::read_to_string(&pins).unwrap();
    let edited = text
        .replace(&good.url, &evil.url)
        .replace(&colons(&good.identity.fingerprint()), &colons(&evil.identity.fingerprint()));
    assert_ne!(text, edited);
    std::fs::write(&pins, edited).unwrap();
    assert_eq!(machine.run(&["projects", "list"]).code, Some(0));
    assert!(evil.asked().is_empty());
}

#[test]
fn tokens_are_not_sent_to_a_server_that_was_merely_named() {
    let (machine, good, other) = (Machine::new(), server(|_| None), server(|_| None));
    machine.sign_in(&good);
    let ended = machine.run(&["projects", "list", "--server", &other.url]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(other.asked().is_empty());
}

#[test]
fn plain_http_is_refused() {
    let ended = login(&Machine::new(), "http://127.0.0.1:9", &[]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
}

#[test]
fn a_server_that_is_away_is_told_with_what_to_do() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("https://127.0.0.1:{port}");
    let ended = login(&Machine::new(), &url, &["--fingerprint", &"ab".repeat(32)]);
    assert_eq!(ended.code, Some(7), "{ended:?}");
    assert!(ended.err.contains("casemate up"), "{}", ended.err);
}

#[test]
fn a_changed_log_key_is_told_and_the_pinned_one_kept() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let calls = AtomicUsize::new(0);
    let (machine, server) = (
        Machine::new(),
        server(move |asked| {
            let again = asked.path == "/v1/audit/key" && calls.fetch_add(1, Ordering::Relaxed) > 0;
            again.then(|| {
                crate::server::Reply::json(serde_json::json!({ "key": "evil+00000000+x" }))
            })
        }),
    );
    machine.sign_in(&server);
    let ended = login(&machine, &server.url, &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.err.contains("log key"), "{}", ended.err);
    let pins = machine.configuration().join("profiles/default/server.json");
    assert!(std::fs::read_to_string(pins).unwrap().contains(crate::house::log_key()));
    assert!(ended.out.contains("ada@example.com") && !ended.out.contains(SESSION));
}

fn colons(fingerprint: &str) -> String {
    let digits = fingerprint.strip_prefix("SHA256:").unwrap().as_bytes();
    let pairs: Vec<&str> =
        digits.chunks(2).map(|pair| std::str::from_utf8(pair).unwrap()).collect();
    format!("SHA256:{}", pairs.join(":"))
}
