//! The log as its owner reads it on the command line: searched, followed, and as a sheet.

use std::time::Duration;

use serde_json::Value;

use crate::engine::Engine;
use crate::house::House;
use crate::walk::{first_owner, invited, workspace};

#[test]
fn the_log_is_searched_by_who_what_and_when_and_taken_as_a_sheet() {
    for engine in Engine::all() {
        let house = House::new(&engine);
        let up = house.up();
        let owner = first_owner(&up);
        workspace(&owner, "globex", "the-secret-of-globex-0815");
        workspace(&owner, "acme", "the-secret-of-acme-4711");
        let admin = invited(&owner, &up, "bob@example.org", "admin");
        admin.run(&["workspaces", "use", "acme"]).ok();
        admin.run(&["projects", "create", "site"]).ok();
        let searched = |words: &[&str]| {
            let words = [&["audit", "search"], words].concat();
            owner.run(&words).ok().lines
        };
        let projects = searched(&["--verb", "project.*", "--log", "workspace"]);
        assert_eq!(projects.len(), 2, "{projects:?}");
        assert!(projects.iter().all(|entry| entry["verb"] == "project.created"));
        let made = &projects[0]["entry"];
        let actor = format!("user/{}", made["actor"]["user"].as_str().unwrap());
        let bobs = searched(&["--actor", &actor, "--resource", "project"]);
        assert_eq!(bobs.len(), 1);
        assert_eq!(bobs[0]["entry"]["new"]["name"], "site");
        let request = made["request"].as_str().unwrap();
        assert_eq!(searched(&["--request", request, "--verb", "project.created"]).len(), 1);
        assert!(searched(&["--until", "2026-01-01"]).is_empty());
        let hour = searched(&["--from", "1h", "--all"]);
        // Account events still arrive from the platform's log: later is more.
        let later = searched(&["--all"]);
        let held = |entry: &Value| later.iter().any(|one| one["id"] == entry["id"]);
        assert!(hour.len() > 4 && hour.iter().all(held), "{hour:?}");
        assert!(hour.iter().all(|entry| !entry.to_string().contains("globex")), "{hour:?}");

        for (words, code) in [
            (&["--verb", "nothing.*"][..], 2),
            (&["--actor", "ada"], 2),
            (&["--from", "yesterday"], 2),
            (&["--ip", "localhost"], 2),
            (&["--limit", "0"], 2),
        ] {
            let refused = owner.run(&[&["audit", "search"], words].concat());
            assert_eq!(refused.code(), Some(code), "{words:?}: {}", refused.stderr);
        }
        let sheet = owner.command(&["audit", "search", "--csv", "--all"]).output().unwrap();
        let text = String::from_utf8(sheet.stdout).unwrap();
        assert!(text.starts_with("index,time,log,verb,"), "{text}");
        assert!(text.lines().count() > later.len(), "{text}");
        up.stop();
    }
}

#[test]
fn entries_are_shown_as_they_come_each_once() {
    let house = House::new(&Engine::Sqlite);
    let up = house.up();
    let owner = first_owner(&up);
    workspace(&owner, "acme", "the-secret-of-acme-4711");
    let words = ["audit", "tail", "--lines", "0", "--count", "3", "--verb", "project.created"];
    let outcome = std::thread::scope(|scope| {
        let tail = scope.spawn(|| owner.run(&words).ok());
        // Which is the first that is new to it is not known here: only that none is left out then.
        for n in 10..100 {
            if tail.is_finished() {
                break;
            }
            owner.run(&["projects", "create", &format!("p{n}")]).ok();
            std::thread::sleep(Duration::from_millis(700));
        }
        tail.join().unwrap()
    });
    let numbers: Vec<u32> = outcome
        .lines
        .iter()
        .map(|line| line["entry"]["new"]["name"].as_str().unwrap()[1..].parse().unwrap())
        .collect();
    assert!(numbers.len() >= 3, "{numbers:?}");
    assert!(numbers.windows(2).all(|two| two[0] + 1 == two[1]), "{numbers:?}");
    up.stop();
}
