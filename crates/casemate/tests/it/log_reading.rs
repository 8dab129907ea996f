//! The log as its owner reads it on the command line: searched, followed, and as a sheet.

use std::time::Duration;

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
        assert_eq!(hour.len(), searched(&["--all"]).len());
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
        assert_eq!(text.lines().count(), hour.len() + 1);
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
        // Its first look is over then: what is there before it is not shown.
        std::thread::sleep(Duration::from_secs(5));
        for name in ["one", "two", "three"] {
            owner.run(&["projects", "create", name]).ok();
        }
        tail.join().unwrap()
    });
    let names: Vec<_> =
        outcome.lines.iter().map(|line| line["entry"]["new"]["name"].clone()).collect();
    assert_eq!(names, ["one", "two", "three"]);
    up.stop();
}
