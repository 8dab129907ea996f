//! Questions without anybody to ask, and answers nobody asked for.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use serde_json::json;

use crate::house::{ENVIRONMENT, Ended, Machine, PROJECT, server};
use crate::server::Reply;

fn told(ended: &Ended, code: i32, words: &[&str]) {
    assert_eq!(ended.code, Some(code), "{ended:?}");
    for word in words {
        assert!(ended.err.contains(word), "{word} is not in {}", ended.err);
    }
}

#[test]
fn without_a_terminal_the_flag_that_would_help_is_named() {
    let (machine, server) = (Machine::new(), server(|_| None));
    let pin = server.identity.fingerprint();
    let login = ["login", "--server", &server.url, "--fingerprint", &pin];
    told(&machine.run(&login), 2, &["E-mail", "--email"]);
    let mail = [&login[..], &["--email", "a@example.com"]].concat();
    told(&machine.run(&mail), 2, &["Password", "--password-file"]);
    told(&machine.piped(&mail, b"correct horse battery\n"), 2, &["--totp-file"]);
    assert!(server.asked().is_empty());
}

#[test]
fn nothing_is_deleted_that_nobody_agreed_to() {
    let (machine, server) = (Machine::new(), server(|_| None));
    machine.sign_in(&server);
    let delete = ["secrets", "delete", "TOKEN", "-p", "shop", "-e", "development"];
    // A pipe that happens to say y is not a person who agrees.
    told(&machine.piped(&delete, b"y\n"), 2, &["--yes"]);
    assert!(server.asked().iter().all(|asked| asked.method != "DELETE"));
}

#[test]
fn a_value_in_the_arguments_is_refused_and_not_repeated() {
    let machine = Machine::new();
    let ended =
        machine.run(&["secrets", "set", "TOKEN=hunter2", "-p", "shop", "-e", "development"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let more = ["secrets", "set", "TOKEN", "hunter2", "-p", "shop", "-e", "development"];
    assert_eq!(machine.run(&more).code, Some(2));
}

#[test]
fn a_piped_value_arrives_without_its_line_end_and_leaves_no_trace_in_the_output() {
    let machine = Machine::new();
    let path = format!("/v1/projects/{PROJECT}/environments/{ENVIRONMENT}/secrets");
    let line = format!("POST {path}");
    let expected = line.clone();
    let server = server(move |asked| {
        (asked.line() == expected).then(|| Reply::json(json!({ "name": "TOKEN", "version": 1 })))
    });
    machine.sign_in(&server);
    let set = ["secrets", "set", "TOKEN", "-p", "shop", "-e", "development", "-v"];
    let ended = machine.piped(&set, b"two words\n");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let asked = server.asked();
    let sent = asked.iter().find(|asked| asked.line() == line).unwrap();
    assert_eq!(sent.body, json!({ "name": "TOKEN", "value_base64": "dHdvIHdvcmRz" }));
    assert!(!format!("{ended:?}").contains("two words"));
}

#[test]
fn arguments_that_are_no_text_are_told_apart() {
    let machine = Machine::new();
    let odd = OsStr::from_bytes(b"shop\xff");
    let ended: Ended = machine
        .command(&[OsStr::new("projects"), OsStr::new("create"), odd])
        .output()
        .unwrap()
        .into();
    assert_eq!(ended.code, Some(2), "{ended:?}");
}

#[test]
fn names_that_break_the_rules_never_reach_the_server() {
    let (machine, server) = (Machine::new(), server(|_| None));
    machine.sign_in(&server);
    let before = server.asked().len();
    for name in ["Shop", "-shop", "shop-", "sh op", "", "../x", &"a".repeat(64)] {
        assert_eq!(machine.run(&["projects", "create", name]).code, Some(2), "{name}");
    }
    for name in ["1X", "A-B", "A=B", "", "Ä"] {
        let ended = machine.run(&["secrets", "set", name, "-p", "shop", "-e", "development"]);
        assert_eq!(ended.code, Some(2), "{name}");
    }
    assert_eq!(server.asked().len(), before);
}

#[test]
fn a_misspelt_name_finds_the_one_that_was_meant() {
    let (machine, server) = (Machine::new(), server(|_| None));
    machine.sign_in(&server);
    let list = ["secrets", "list", "-p", "shpo", "-e", "development"];
    told(&machine.run(&list), 5, &["shpo", "shop"]);
    let list = ["secrets", "list", "-p", "shop", "-e", "staging"];
    told(&machine.run(&list), 5, &["staging", "development"]);
}

#[test]
fn problems_are_told_with_advice_request_id_and_exit_code() {
    let machine = Machine::new();
    let server =
        server(|asked| (asked.path == "/v1/keys").then(|| Reply::problem(403, "act.not_held")));
    machine.sign_in(&server);
    told(&machine.run(&["keys", "list"]), 4, &["error:", "Ask an admin", "request id: req-1"]);
    let ended = machine.run(&["keys", "list", "--json"]);
    let line: serde_json::Value = serde_json::from_str(ended.err.trim()).unwrap();
    assert_eq!(line["error"]["code"], "act.not_held");
    assert_eq!(line["error"]["request_id"], "req-1");
    assert_eq!((line["error"]["exit"].as_i64(), ended.code), (Some(4), Some(4)));
    assert!(ended.out.is_empty());
}

#[test]
fn a_text_somebody_else_chose_cannot_speak_to_the_terminal() {
    let machine = Machine::new();
    let evil = "a\u{1b}]0;owned\u{7}b\u{9b}2Jc\u{202e}d";
    let server = server(move |asked| match asked.line().as_str() {
        "GET /v1/keys" => Some(Reply::json(json!({ "items": [{
            "id": PROJECT, "name": evil, "scopes": [], "creator_id": PROJECT, "created_at_ms": 0,
        }] }))),
        "GET /v1/whoami" => Some(Reply::json(json!({ "user": {
            "id": PROJECT, "email": evil, "session_id": PROJECT, "factor_at_ms": 0,
            "backup_codes_left": 10,
        } }))),
        "GET /v1/sessions" => {
            let mut body = json!({ "status": 403, "code": "act.not_held", "title": evil });
            body["request_id"] = json!(evil);
            Some(Reply::bytes(body.to_string().into_bytes()).status(403))
        }
        _ => None,
    });
    machine.sign_in(&server);
    for command in [&["keys", "list"][..], &["whoami"], &["sessions", "list"]] {
        let ended = machine.run(command);
        let all = format!("{}{}", ended.out, ended.err);
        assert!(all.contains("owned"), "{command:?}: {ended:?}");
        let controls = ['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}'];
        assert!(!all.contains(controls), "{command:?}: {ended:?}");
    }
}
