//! The real command line signs in through a real browser on the real pages.
//!
//! Needs `CASEMATE_TEST_CHROMIUM` and `CASEMATE_TEST_NODE_MODULES`; in CI their absence fails.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::engine::Engine;
use crate::house::House;
use crate::person::{PASSWORD, Person};
use crate::walk::first_owner;

/// Chromium, and the packages that drive it.
fn tools() -> Option<(String, String)> {
    let told = |name| std::env::var(name).ok();
    let found = told("CASEMATE_TEST_CHROMIUM").zip(told("CASEMATE_TEST_NODE_MODULES"));
    let ci = std::env::var_os("CI").is_some();
    assert!(found.is_some() || !ci, "CI runs this test with Chromium");
    if found.is_none() {
        println!("SKIPPED: no CASEMATE_TEST_CHROMIUM or CASEMATE_TEST_NODE_MODULES");
    }
    found
}

/// A `login` that waits for a browser, and what it wrote until it said a line with `mark`.
fn waiting(person: &Person, words: &[&str], mark: &str) -> (Child, String) {
    let mut command = person.command(words);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let mut stderr = BufReader::new(process.stderr.take().unwrap());
    let mut said = String::new();
    loop {
        let before = said.len();
        assert_ne!(stderr.read_line(&mut said).unwrap(), 0, "login ended: {said}");
        if said[before..].contains(mark) {
            break;
        }
    }
    std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
    (process, said)
}

/// Somebody at the browser: signs in with password and backup code, and lets the program in.
fn lets_in(person: &mut Person, (chromium, modules): &(String, String), place: (&str, &str)) {
    let (url, typed) = place;
    let input = json!({
        "url": url, "typed": typed, "email": person.email, "password": PASSWORD,
        "code": person.backup_codes.remove(0), "browser": chromium, "modules": modules,
        "profile": person.home().join(format!("profile-{}", person.backup_codes.len())),
    });
    let mut script = Command::new("node");
    script.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/browser_login.mjs"));
    script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut script = script.spawn().unwrap();
    script.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let ended = script.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{said}");
}

fn ends(mut login: Child) {
    let mut said = String::new();
    login.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(login.wait().unwrap().success(), "{said}");
}

#[test]
fn the_command_line_signs_in_through_a_browser_and_by_a_code_that_is_typed_there() {
    let Some(tools) = tools() else { return };
    let house = House::new(&Engine::Sqlite);
    let up = house.up();
    let mut ada = first_owner(&up);
    ada.run(&["logout"]).ok();
    assert_eq!(ada.run(&["whoami"]).code(), Some(3));

    let (login, said) = waiting(&ada, &["login", "--browser"], "/authorize?");
    let url = said.split_whitespace().find(|word| word.contains("/authorize?")).unwrap();
    lets_in(&mut ada, &tools, (url, ""));
    ends(login);
    assert_eq!(ada.run(&["whoami"]).ok().lines[0]["user"]["email"], "ada@example.org");
    ada.run(&["logout"]).ok();

    let (login, said) = waiting(&ada, &["login", "--device"], "It shows who asks");
    let is_code = |word: &&str| word.len() == 9 && word.as_bytes()[4] == b'-';
    let code = said.split_whitespace().find(is_code).unwrap();
    let page = format!("{}/device", up.url());
    lets_in(&mut ada, &tools, (&page, code));
    ends(login);
    let sessions = ada.run(&["sessions", "list"]).ok();
    let own = sessions.lines.iter().find(|one| one["current"] == true).unwrap();
    assert_eq!(own["client"], "device");
    assert_eq!(own["key_bound"], true);
    up.stop();
}
