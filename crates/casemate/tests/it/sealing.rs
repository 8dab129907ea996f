//! Keys rotated and shredded by the commands of the host and of an owner, with real processes.

use serde_json::Value;

use crate::engine::Engine;
use crate::house::{House, until};
use crate::person::Person;
use crate::walk::{first_owner, sequenced, verified_export, workspace};

fn tenant_of(owner: &Person) -> String {
    let listed = owner.run(&["workspaces", "list"]).ok();
    listed.lines[0]["id"].as_str().unwrap().to_owned()
}

/// Whether a program of the owner's gets the secret.
fn opens(owner: &mut Person) -> bool {
    let words =
        ["run", "-p", "shop", "-e", "development", "--", "sh", "-c", "test -n \"$API_KEY\""];
    owner.command_with_code(&words).output().unwrap().status.success()
}

fn states(lines: &[Value]) -> Vec<&str> {
    lines.iter().filter_map(|line| line["state"].as_str()).collect()
}

/// The public key that the platform signs its logs with.
fn log_key(house: &House) -> String {
    let socket = house.data().join("run/broker.sock");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        broker::Broker::connect(&socket).await.unwrap().log_key().await.unwrap()
    })
}

#[test]
fn keys_are_rotated_on_the_host_and_by_the_owner_and_everything_opens() {
    for engine in Engine::all() {
        println!("on {}", engine.name());
        let house = House::new(&engine);
        let up = house.up();
        let mut owner = first_owner(&up);
        workspace(&owner, "acme", "the-secret-of-acme-4711");
        let tenant = tenant_of(&owner);
        house.confirm_recovery(&up);

        let dry = house.run(&["sealing", "rotate", "data", &tenant, "--dry-run"]).ok();
        assert_eq!(states(&dry.lines), ["active"]);
        assert_eq!(dry.lines[0]["records"]["secret_versions"], 1);
        let done = house.run(&["sealing", "rotate", "data", &tenant]).ok();
        assert_eq!(done.lines.last().unwrap()["keys_destroyed"], 1, "{:?}", done.lines);
        let listed = house.run(&["sealing", "list", &tenant]).ok();
        assert_eq!(states(&listed.lines), ["destroyed", "active"]);
        let epoch = house.run(&["sealing", "rotate", "tenant", &tenant]).ok();
        assert_eq!(epoch.lines[0]["epoch_after"], 2);
        house.run(&["sealing", "census"]).ok();
        assert!(opens(&mut owner), "after the host's rotations");

        assert_eq!(house.run(&["sealing", "rotate", "root"]).code(), Some(6), "it runs");
        up.stop();
        let dry = house.run(&["sealing", "rotate", "root", "--dry-run"]).ok();
        assert_eq!(dry.lines[0]["slots_direct"].as_array().unwrap().len(), 1, "the key file's");
        let root = house.run(&["sealing", "rotate", "root"]).ok();
        assert_ne!(root.lines[0]["root_key"], root.lines[1]["root_key"]);
        let up = house.up();
        house.run(&["slots", "test"]).ok();
        owner.log_in();
        owner.run(&["workspaces", "use", "acme"]).ok();
        assert!(opens(&mut owner), "after the new root key");

        owner.run(&["sealing-keys", "rotate"]).ok();
        until("the worker has made new keys", || {
            let listed = owner.run(&["sealing-keys", "list"]).ok();
            states(&listed.lines) == ["destroyed", "destroyed", "active"]
        });
        owner.run(&["sealing-keys", "schedule", "30"]).ok();
        assert!(opens(&mut owner), "after the owner's rotation");
        sequenced(&owner);
        let accesses = owner.run(&["sealing-keys", "accesses"]).ok();
        let purposes: Vec<&str> =
            accesses.lines.iter().filter_map(|line| line["purpose"].as_str()).collect();
        assert!(purposes.contains(&"local_use") && purposes.contains(&"key_rotation"));
        let unasked = owner.run(&["audit", "list", "--verb", "sealing_key.opened_unasked"]).ok();
        assert!(unasked.lines.is_empty(), "{:?}", unasked.lines);
        let verdict = verified_export(&owner, "acme.ndjson");
        assert_eq!(verdict["verdict"], "VERIFIED", "{verdict}");
        up.stop();
    }
}

#[test]
fn a_shredded_workspace_opens_nothing_and_its_certificate_verifies_offline() {
    let house = House::new(&Engine::Sqlite);
    let up = house.up();
    let mut owner = first_owner(&up);
    workspace(&owner, "acme", "the-secret-of-acme-4711");
    let tenant = tenant_of(&owner);
    assert!(opens(&mut owner));
    let hesitant = house.run(&["sealing", "shred", "workspace", &tenant]);
    assert_eq!(hesitant.code(), Some(2), "without --yes");
    let done = house.run(&["sealing", "shred", "workspace", &tenant, "--yes"]).ok();
    assert!(!opens(&mut owner), "it opens still");
    let note = house.path("certificate");
    std::fs::write(&note, done.lines[0]["certificate"].as_str().unwrap()).unwrap();
    let key = house.path("log-key");
    std::fs::write(&key, log_key(&house)).unwrap();
    up.stop();
    let words = ["sealing", "verify", note.to_str().unwrap(), "--key", key.to_str().unwrap()];
    let verified = house.run(&words).ok();
    assert_eq!(verified.lines[0]["keys_destroyed"], 1);
    let text = std::fs::read_to_string(&note).unwrap();
    std::fs::write(&note, text.replace("keys_destroyed 1", "keys_destroyed 2")).unwrap();
    assert_eq!(house.run(&words).code(), Some(4), "a forged one");
}
