//! Tokens that end, sessions that are ended, and codes that are asked for again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::bystander;
use crate::house::{ACCESS, FAR, Machine, REFRESH, server, tokens};
use crate::server::{Asked, Reply, Server};

const NEXT: &str = "access-token-of-the-second-session-CCCC";
const NEXT_REFRESH: &str = "refresh-token-of-the-second-session-DDDD";

fn bearer(asked: &Asked) -> &str {
    asked.header("authorization").unwrap_or_default()
}

/// A server whose first access token has already ended, and that renews it slowly.
fn ageing() -> Server {
    server(|asked| match asked.line().as_str() {
        "POST /v1/sessions" => Some(Reply::json(tokens(ACCESS, REFRESH, 1_000))),
        "POST /v1/sessions/refresh" => {
            std::thread::sleep(Duration::from_millis(200));
            let right = asked.body == json!({ "refresh_token": REFRESH });
            Some(if right {
                Reply::json(tokens(NEXT, NEXT_REFRESH, FAR))
            } else {
                Reply::problem(401, "auth.revoked")
            })
        }
        "GET /v1/keys" if bearer(asked) == format!("Bearer {NEXT}") => {
            Some(Reply::json(json!({ "items": [] })))
        }
        _ => None,
    })
}

#[test]
fn a_token_that_ended_is_renewed_before_it_is_sent() {
    let (machine, server) = (Machine::new(), ageing());
    machine.sign_in(&server);
    for _ in 0..2 {
        let ended = machine.run(&["keys", "list"]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
    assert_eq!(server.count("POST /v1/sessions/refresh"), 1);
    assert!(server.asked().iter().all(|asked| bearer(asked) != format!("Bearer {ACCESS}")));
    assert!(bystander::finds(&machine.configuration(), NEXT_REFRESH).is_empty());
}

#[test]
fn many_processes_at_once_renew_once() {
    let (machine, server) = (Machine::new(), ageing());
    machine.sign_in(&server);
    let running: Vec<_> =
        (0..6).map(|_| machine.command(&["keys", "list"]).spawn().unwrap()).collect();
    for child in running {
        let ended = child.wait_with_output().unwrap();
        assert!(ended.status.success(), "{ended:?}");
    }
    assert_eq!(server.count("POST /v1/sessions/refresh"), 1);
}

#[test]
fn a_session_ended_elsewhere_is_forgotten_here() {
    let machine = Machine::new();
    let server = server(|asked| {
        let ended = ["/v1/keys", "/v1/sessions/refresh"].contains(&asked.path.as_str());
        ended.then(|| Reply::problem(401, "auth.revoked"))
    });
    machine.sign_in(&server);
    let ended = machine.run(&["keys", "list"]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.err.contains("elsewhere") && ended.err.contains("casemate login"));
    assert!(!machine.has_session());
    let pins = machine.configuration().join("profiles/default/server.json");
    assert!(pins.exists(), "the pins outlive the session");
}

#[test]
fn a_token_whose_workspace_is_gone_is_exchanged_and_the_session_lives_on() {
    let machine = Machine::new();
    let server = server(|asked| match asked.line().as_str() {
        "POST /v1/sessions/refresh" => Some(Reply::json(tokens(NEXT, NEXT_REFRESH, FAR))),
        "GET /v1/keys" if bearer(asked) == format!("Bearer {NEXT}") => {
            Some(Reply::json(json!({ "items": [] })))
        }
        "GET /v1/keys" => Some(Reply::problem(401, "auth.revoked")),
        _ => None,
    });
    machine.sign_in(&server);
    assert_eq!(machine.run(&["keys", "list"]).code, Some(0));
    assert!(machine.has_session());
}

/// A server that wants a fresh factor for keys, and takes it once or never.
fn wanting(fresh: &'static str) -> Server {
    server(move |asked| match asked.line().as_str() {
        "POST /v1/sessions/current/step-up" => Some(Reply::json(tokens(NEXT, NEXT_REFRESH, FAR))),
        "GET /v1/keys" if bearer(asked) == format!("Bearer {fresh}") => {
            Some(Reply::json(json!({ "items": [] })))
        }
        "GET /v1/keys" => Some(Reply::problem(403, "factor.not_fresh")),
        _ => None,
    })
}

#[test]
fn a_factor_that_is_not_fresh_is_asked_for_once_and_the_act_done_once() {
    let (machine, server) = (Machine::new(), wanting(NEXT));
    machine.sign_in(&server);
    let ended = machine.piped(&["keys", "list"], b"654321\n");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let asked = server.asked();
    let step_up = asked.iter().find(|asked| asked.path.ends_with("step-up")).unwrap();
    assert_eq!(step_up.body, json!({ "code": "654321" }));
    assert_eq!(server.count("GET /v1/keys"), 2);
}

#[test]
fn a_factor_that_is_never_fresh_enough_ends_the_command() {
    let (machine, server) = (Machine::new(), wanting("nothing"));
    machine.sign_in(&server);
    let totp = machine.file("totp", "654321\n");
    let ended = machine.run(&["keys", "list", "--totp-file", totp.to_str().unwrap()]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert_eq!(server.count("POST /v1/sessions/current/step-up"), 1);
}

/// A server that is busy so many times.
fn busy(path: &'static str, times: usize, wait: &'static str) -> (Server, Arc<AtomicUsize>) {
    let seen = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&seen);
    let server = server(move |asked| {
        let ours = asked.path == path && asked.header("authorization").is_some();
        let early = ours && counter.fetch_add(1, Ordering::Relaxed) < times;
        early.then(|| Reply::problem(503, "storage.unavailable").header("retry-after", wait))
    });
    (server, seen)
}

#[test]
fn a_busy_server_is_asked_once_more_with_the_same_idempotency_key() {
    let (machine, (server, seen)) = (Machine::new(), busy("/v1/projects", 1, "0"));
    machine.sign_in(&server);
    let _ = machine.run(&["projects", "create", "shop"]);
    let asked = server.asked();
    let keys: Vec<_> = asked
        .iter()
        .filter(|asked| asked.line() == "POST /v1/projects")
        .map(|asked| asked.header("idempotency-key").unwrap())
        .collect();
    assert_eq!((seen.load(Ordering::Relaxed), keys.len()), (2, 2));
    assert_eq!(keys[0], keys[1]);
}

#[test]
fn a_server_that_stays_busy_is_not_hammered() {
    let (machine, (server, seen)) = (Machine::new(), busy("/v1/projects", 100, "0"));
    machine.sign_in(&server);
    let ended = machine.run(&["projects", "list"]);
    assert_eq!((ended.code, seen.load(Ordering::Relaxed)), (Some(7), 2), "{ended:?}");
}

#[test]
fn a_long_wait_is_told_and_not_sat_through() {
    let (machine, (server, seen)) = (Machine::new(), busy("/v1/projects", 100, "3600"));
    machine.sign_in(&server);
    let ended = machine.run(&["projects", "list"]);
    assert_eq!((ended.code, seen.load(Ordering::Relaxed)), (Some(7), 1), "{ended:?}");
    assert!(ended.err.contains("3600 s"), "{}", ended.err);
}

#[test]
fn a_spent_code_is_never_sent_twice() {
    let server = server(|asked| {
        (asked.line() == "POST /v1/sessions")
            .then(|| Reply::problem(503, "auth.busy").header("retry-after", "0"))
    });
    let pin = server.identity.fingerprint();
    let login = ["login", "--server", &server.url, "--fingerprint", &pin, "--email", "a@b.example"];
    let ended = Machine::new().piped(&login, b"correct horse battery\n123456\n");
    assert_eq!((ended.code, server.count("POST /v1/sessions")), (Some(7), 1), "{ended:?}");
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = server(|_| None);
    let target = format!("{}v1/keys", elsewhere.url);
    let server = server(move |asked| {
        (asked.path == "/v1/keys").then(|| Reply::problem(307, "odd").header("location", &target))
    });
    let machine = Machine::new();
    machine.sign_in(&server);
    assert_eq!(machine.run(&["keys", "list"]).code, Some(1));
    assert!(elsewhere.asked().is_empty());
}

#[test]
fn an_answer_without_end_is_refused() {
    let machine = Machine::new();
    let server = server(|asked| {
        (asked.path == "/v1/keys").then(|| Reply::bytes(vec![b' '; 33 * 1024 * 1024]))
    });
    machine.sign_in(&server);
    assert_eq!(machine.run(&["keys", "list"]).code, Some(1));
}

#[test]
fn an_answer_of_another_shape_is_told_and_is_no_panic() {
    for body in ["", "null", "[]", "{\"items\": 5}", "\u{0}", "{\"items\":[{}]}"] {
        let machine = Machine::new();
        let server = server(move |asked| {
            (asked.path == "/v1/keys").then(|| Reply::bytes(body.as_bytes().to_vec()))
        });
        machine.sign_in(&server);
        let ended = machine.run(&["keys", "list"]);
        assert_eq!(ended.code, Some(1), "{body:?} {ended:?}");
        assert!(ended.err.contains("form this version understands"), "{ended:?}");
    }
}
