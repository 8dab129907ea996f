//! The main job, from an empty folder to an audit export that an outsider verifies, with real
//! processes.

use serde_json::Value;

use crate::engine::Engine;
use crate::house::{House, Up};
use crate::person::Person;

/// The first owner of a platform that was just started for the first time.
pub fn first_owner(up: &Up) -> Person {
    let mut owner = Person::new("ada@example.org", &up.ready);
    let code = std::fs::read_to_string(up.ready["code_file"].as_str().unwrap()).unwrap();
    owner.sign_up(up.ready["link"].as_str().unwrap(), code.trim());
    owner
}

/// Somebody whom `by` invites into the workspace they are in, with this role; signed up and signed
/// in.
pub fn invited(by: &Person, up: &Up, email: &str, role: &str) -> Person {
    let invited = by.run(&["members", "invite", email, "--role", role]).ok();
    let invitation = &invited.lines[0];
    let mut person = Person::new(email, &up.ready);
    let id = invitation["id"].as_str().unwrap();
    person.sign_up(id, invitation["code"].as_str().unwrap());
    person
}

/// A workspace with one project and one secret in its development environment.
pub fn workspace(owner: &Person, name: &str, secret: &str) {
    owner.run(&["workspaces", "create", name]).ok();
    owner.run(&["projects", "create", "shop"]).ok();
    let words = ["secrets", "set", "API_KEY", "-p", "shop", "-e", "development"];
    owner.pipe(&words, secret).ok();
}

/// An export of the current workspace, and the verdict of somebody who has only the file and the
/// key.
pub fn verified_export(person: &Person, name: &str) -> Value {
    let path = person.home().join(name);
    let path = path.to_str().unwrap();
    person.run(&["audit", "export", path]).ok();
    let verdict = person.run(&["verify", path]).ok();
    verdict.lines[0].clone()
}

/// Waits until every entry so far is in the export.
pub fn sequenced(person: &Person) {
    crate::house::until("every entry has an index", || {
        let listed = person.run(&["audit", "list"]).ok();
        listed.lines.iter().all(|entry| entry["index"].is_number())
    });
}

#[test]
fn from_an_empty_folder_to_an_export_that_an_outsider_verifies() {
    for engine in Engine::all() {
        println!("on {}", engine.name());
        let house = House::new(&engine);
        let up = house.up();
        let mut owner = first_owner(&up);
        workspace(&owner, "acme", "the-secret-of-acme-4711");
        workspace(&owner, "globex", "the-secret-of-globex-0815");

        let words = ["run", "-p", "shop", "-e", "development", "--", "printenv", "API_KEY"];
        let output = owner.command_with_code(&words).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(!printed.contains("globex-0815"), "masked: {printed}");
        assert!(!printed.trim().is_empty(), "the program ran and printed something");

        let second = invited(&owner, &up, "grace@example.org", "admin");
        second.run(&["workspaces", "use", "globex"]).ok();
        let listed = second.run(&["members", "list"]).ok();
        assert_eq!(listed.lines.len(), 2, "{:?}", listed.lines);
        let other = second.run(&["workspaces", "use", "acme"]);
        assert_eq!(other.code(), Some(5), "the neighbour is not found: {}", other.stderr);

        sequenced(&owner);
        let verdict = verified_export(&owner, "globex.ndjson");
        assert_eq!(verdict["verdict"], "VERIFIED", "{verdict}");
        let red = house.run(&["doctor"]);
        assert_eq!(red.code(), Some(1), "the recovery code was not typed back");
        house.confirm_recovery(&up);
        std::fs::remove_file(up.ready["recovery_code_file"].as_str().unwrap()).unwrap();
        let doctor = house.run(&["doctor"]);
        assert!(doctor.status.success(), "{:#?}", doctor.lines);

        assert!(up.stop().as_secs() < 10);
        let up = house.up();
        assert!(up.ready["link"].is_null(), "there is an owner: {}", up.ready);
        assert!(up.ready["recovery_code_file"].is_null());
        assert_eq!(up.ready["recovery_confirmed"], true);
        owner.run(&["logout"]).ok();
        assert_eq!(owner.run(&["whoami"]).code(), Some(3), "signed out");
        owner.log_in();
        let whoami = owner.run(&["whoami"]).ok();
        assert!(whoami.lines[0].to_string().contains("ada@example.org"));
        owner.run(&["workspaces", "use", "globex"]).ok();
        let again = verified_export(&owner, "globex-again.ndjson");
        assert!(again["size"].as_u64() >= verdict["size"].as_u64(), "{again}");
        up.stop();
    }
}

#[test]
fn whoever_deletes_the_workspace_they_are_in_stays_signed_in() {
    for engine in Engine::all() {
        println!("on {}", engine.name());
        let house = House::new(&engine);
        let up = house.up();
        let owner = first_owner(&up);
        workspace(&owner, "first", "one");
        workspace(&owner, "second", "two");
        owner.run(&["workspaces", "delete", "second", "--yes"]).ok();
        let listed = owner.run(&["workspaces", "list"]).ok();
        let names: Vec<&Value> = listed.lines.iter().map(|line| &line["name"]).collect();
        assert_eq!(names, ["first"]);
        assert_ne!(owner.run(&["projects", "list"]).code(), Some(0), "in no workspace");
        owner.run(&["workspaces", "use", "first"]).ok();
        owner.run(&["projects", "list"]).ok();
        up.stop();
    }
}
