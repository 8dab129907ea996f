//! Work before a sign-in, and the device that needs none the next time.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::house::{ACCESS, Ended, FAR, Machine, REFRESH, server, tokens};
use crate::server::{Reply, Server};

const TOKEN: &str = "cmd_AAAA";

fn login(machine: &Machine, server: &Server) -> Ended {
    let pin = server.identity.fingerprint();
    let login = ["login", "--server", &server.url, "--fingerprint", &pin, "--email", "a@b.example"];
    machine.piped(&login, b"correct horse battery\n123456\n")
}

/// A server that asks for work so many times.
fn asking(times: usize) -> Server {
    let asked_for = AtomicUsize::new(0);
    server(move |asked| {
        if asked.line() != "POST /v1/sessions" {
            return None;
        }
        if asked_for.fetch_add(1, Ordering::SeqCst) < times {
            let body = json!({ "title": "work", "status": 401, "code": "auth.challenge",
                "challenge": { "text": "abc", "bits": 10, "expires_at_ms": FAR } });
            return Some(Reply::json(body).status(401));
        }
        let mut answer = tokens(ACCESS, REFRESH, FAR);
        answer["device_token"] = json!(TOKEN);
        Some(Reply::json(answer).status(201))
    })
}

#[test]
fn login_proves_work_when_it_is_asked_for_and_shows_its_device_the_next_time() {
    let (machine, server) = (Machine::new(), asking(1));
    let ended = login(&machine, &server);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(login(&machine, &server).code, Some(0));
    let asked: Vec<_> =
        server.asked().into_iter().filter(|it| it.line() == "POST /v1/sessions").collect();
    let proof = asked[1].header("casemate-proof").unwrap();
    assert!(asked[0].header("casemate-proof").is_none() && proof.starts_with("abc."));
    assert_eq!(asked[0].header("casemate-device"), None);
    assert_eq!(asked[2].header("casemate-device"), Some(TOKEN));
}

#[test]
fn a_server_that_is_never_content_is_told_so() {
    let (machine, server) = (Machine::new(), asking(usize::MAX));
    let ended = login(&machine, &server);
    assert_eq!(ended.code, Some(7), "{ended:?}");
    let asked = server.asked().into_iter().filter(|it| it.line() == "POST /v1/sessions").count();
    assert_eq!(asked, 3);
}

#[test]
fn a_device_is_shown_to_the_server_that_named_it_and_to_no_other() {
    let (machine, first, second) = (Machine::new(), asking(0), asking(0));
    assert_eq!(login(&machine, &first).code, Some(0));
    assert_eq!(login(&machine, &second).code, Some(0));
    assert!(second.asked().iter().all(|asked| asked.header("casemate-device").is_none()));
}
