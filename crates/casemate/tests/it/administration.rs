//! The smaller commands of the host: settings, links, slots.

use crate::engine::Engine;
use crate::house::{House, Outcome, casemate};
use crate::person::Person;
use crate::walk::first_owner;

#[test]
fn the_version_names_the_release_and_the_commit() {
    let output = casemate().arg("--version").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with(concat!("casemate ", env!("CARGO_PKG_VERSION"), " (")), "{text}");
}

#[test]
fn config_check_shows_each_setting_and_refuses_an_unknown_one_with_the_nearest_name() {
    let mut house = House::new(&Engine::Sqlite);
    house.up().stop();
    let checked = house.run(&["config", "check"]).ok();
    assert!(checked.lines.iter().any(|line| line["key"] == "data.folder"));
    house.set("CASEMATE_API__LISTN", "127.0.0.1:1");
    let refused = house.run(&["config", "check"]);
    assert_eq!(refused.code(), Some(2));
    assert!(refused.stderr.contains("api.listen"), "{}", refused.stderr);
}

#[test]
fn a_new_link_ends_the_one_before_and_none_is_made_when_there_is_an_owner() {
    let house = House::new(&Engine::Sqlite);
    let up = house.up();
    let link = house.run(&["link"]).ok();
    let code = std::fs::read_to_string(link.lines[0]["code_file"].as_str().unwrap()).unwrap();
    let mut owner = Person::new("ada@example.org", &up.ready);
    let old = owner.note("code", code.trim());
    let password = owner.note("password", crate::person::PASSWORD);
    let mut with_old = owner.command(&["signup", "--email", "ada@example.org", "--link"]);
    with_old.arg(up.ready["link"].as_str().unwrap()).arg("--code-file").arg(old);
    let refused = Outcome::of(with_old.arg("--password-file").arg(password));
    assert!(!refused.status.success(), "the first link is over");
    owner.sign_up(link.lines[0]["link"].as_str().unwrap(), code.trim());
    assert_eq!(house.run(&["link"]).code(), Some(6), "there is an owner");
    up.stop();
}

#[test]
fn staff_is_made_on_the_host_and_reads_nothing_with_a_password() {
    let house = House::new(&Engine::Sqlite);
    let up = house.up();
    let owner = first_owner(&up);
    assert_eq!(owner.run(&["audit", "platform"]).code(), Some(5), "for others it is not there");
    assert_eq!(house.run(&["staff", "add", "nobody@example.org"]).code(), Some(5));
    let added = house.run(&["staff", "add", "ada@example.org"]).ok();
    assert_eq!(added.lines[0]["ready"], false);
    assert_eq!(house.run(&["staff", "add", "ada@example.org"]).code(), Some(6), "already");
    let listed = house.run(&["staff", "list"]).ok();
    assert_eq!(listed.lines[0]["staff"][0]["email"], "ada@example.org");
    assert_eq!(listed.lines[0]["staff"][0]["ready"], false);
    let refused = owner.run(&["audit", "platform"]);
    assert_eq!(refused.code(), Some(3), "{}", refused.stderr);
    assert!(owner.run(&["passkeys", "list"]).ok().lines.is_empty());
    house.run(&["staff", "remove", "ada@example.org"]).ok();
    assert_eq!(house.run(&["staff", "remove", "ada@example.org"]).code(), Some(5));
    up.stop();
}

#[test]
fn an_owner_who_lost_everything_is_vouched_for_on_the_host_and_waits() {
    let house = House::new(&Engine::Sqlite);
    let up = house.up();
    let owner = first_owner(&up);
    owner.run(&["workspaces", "create", "acme"]).ok();
    let recovers =
        |email: &str, why: &str| house.run(&["people", "recover", email, "--reason", why]);
    assert_eq!(recovers("nobody@example.org", "called back").code(), Some(5));
    assert_eq!(recovers("ada@example.org", " ").code(), Some(2), "no reason");
    let done = recovers("ada@example.org", "called back").ok();
    let value = &done.lines[0];
    assert_eq!(value["mailed"], false, "no mail server is set: the operator hands it on");
    let code = value["code_file"].as_str().unwrap();
    let link = value["link"].as_str().unwrap();
    assert_eq!(recovers("ada@example.org", "called back").code(), Some(6), "once");
    let password = owner.note("new-password", "granite umbrella tin");
    let early = ["recovery", "complete", "--link", link, "--code-file", code, "--password-file"];
    let early = Outcome::of(owner.command(&early).arg(&password));
    assert_eq!(early.code(), Some(5), "the delay: {}", early.stderr);
    // She had lost nothing: any session of hers ends it.
    owner.run(&["recovery", "cancel"]).ok();
    assert_eq!(owner.run(&["recovery", "cancel"]).code(), Some(2), "there is nothing to cancel");
    up.stop();
}

#[test]
fn somebody_is_signed_out_on_the_host() {
    let house = House::new(&Engine::Sqlite);
    let up = house.up();
    let owner = first_owner(&up);
    owner.run(&["whoami"]).ok();
    let signs_out =
        |email: &str, why: &str| house.run(&["people", "sign-out", email, "--reason", why]);
    assert_eq!(signs_out("nobody@example.org", "a lost laptop").code(), Some(5));
    assert_eq!(signs_out("ada@example.org", "").code(), Some(2), "no reason");
    let done = signs_out("ada@example.org", "a lost laptop").ok();
    assert_eq!(done.lines[0]["sessions"].as_array().unwrap().len(), 1);
    crate::house::until("she is signed out", || owner.run(&["whoami"]).code() == Some(3));
    up.stop();
}

#[test]
fn a_lost_recovery_code_is_replaced_and_the_old_one_opens_nothing() {
    let house = House::new(&Engine::Sqlite);
    let up = house.up();
    house.confirm_recovery(&up);
    let file = up.ready["recovery_code_file"].as_str().unwrap().to_owned();
    let old = std::fs::read_to_string(&file).unwrap();
    assert_eq!(house.run(&["slots", "renew"]).code(), Some(6), "the platform runs");
    up.stop();
    let renewed = house.run(&["slots", "renew"]).ok();
    assert_eq!(renewed.lines[0]["recorded"], true);
    let record = std::fs::read_to_string(house.slots().join("changes.log")).unwrap();
    assert!(record.lines().last().unwrap().contains(" renew slot=recovery "), "{record}");
    let up = house.up();
    assert_ne!(std::fs::read_to_string(&file).unwrap(), old);
    let recovery = |house: &House| {
        let doctor = house.run(&["doctor"]);
        let found = doctor.lines.iter().find(|line| line["check"] == "recovery").cloned();
        found.unwrap()["verdict"].clone()
    };
    assert_eq!(recovery(&house), "fail", "the new one was not typed back");
    let typed = house.path("typed");
    std::fs::write(&typed, old).unwrap();
    let wrong = house.run(&["slots", "confirm", "--code-file", typed.to_str().unwrap()]);
    assert_eq!(wrong.code(), Some(4), "{}", wrong.stderr);
    house.run(&["slots", "confirm", "--code-file", &file]).ok();
    assert_eq!(recovery(&house), "ok");
    house.run(&["slots", "test"]).ok();
    up.stop();
}

#[test]
fn a_first_owner_who_enrolled_is_offered_no_link_at_the_next_start() {
    let house = House::new(&Engine::Sqlite);
    let up = house.up();
    first_owner(&up);
    let code = up.ready["code_file"].as_str().unwrap().to_owned();
    up.stop();
    let up = house.up();
    assert!(up.ready["link"].is_null());
    assert!(!std::path::Path::new(&code).exists(), "the old code's file is gone");
    up.stop();
}

#[test]
fn the_recovery_code_replaces_a_lost_key_file_and_a_wrong_code_changes_nothing() {
    let house = House::new(&Engine::Sqlite);
    let up = house.up();
    let code = up.ready["recovery_code_file"].as_str().unwrap().to_owned();
    up.stop();
    let key = house.slots().join("root.key");
    std::fs::remove_file(&key).unwrap();
    assert_eq!(house.run(&["up"]).code(), Some(4), "the key is gone");
    let other = House::new(&Engine::Sqlite);
    let another = other.up();
    let wrong = another.ready["recovery_code_file"].as_str().unwrap();
    let slot = std::fs::read(house.slots().join("key-file.slot")).unwrap();
    assert_eq!(house.run(&["slots", "restore", "--code-file", wrong]).code(), Some(4));
    assert_eq!(std::fs::read(house.slots().join("key-file.slot")).unwrap(), slot);
    another.stop();
    house.run(&["slots", "restore", "--code-file", &code]).ok();
    let record = std::fs::read_to_string(house.slots().join("changes.log")).unwrap();
    assert!(record.contains(" restore slot=key-file "), "{record}");
    let up = house.up();
    house.run(&["slots", "test"]).ok();
    up.stop();
}

#[test]
fn a_passphrase_in_a_file_opens_the_keys_and_a_wrong_one_is_refused_by_the_keys_id() {
    let mut house = House::new(&Engine::Sqlite);
    let file = house.path("etc/passphrase");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    house.set("CASEMATE_BROKER__PASSPHRASE_FILE", file.to_str().unwrap());
    std::fs::write(&file, "short\n").unwrap();
    let short = house.run(&["up"]);
    assert_eq!(short.code(), Some(2), "{}", short.stderr);
    assert!(short.stderr.contains("at least 12 characters"), "{}", short.stderr);

    std::fs::write(&file, "a sentence that nobody else says\n").unwrap();
    let up = house.up();
    let code = up.ready["recovery_code_file"].as_str().unwrap().to_owned();
    house.run(&["slots", "test"]).ok();
    let doctor = house.run(&["doctor"]);
    let seen = |check| doctor.lines.iter().find(|line| line["check"] == check).unwrap();
    assert_eq!(seen("slots")["verdict"], "ok");
    let answer = seen("broker")["seen"].as_str().unwrap();
    let root_key = answer.rsplit(' ').next().unwrap().to_owned();
    up.stop();
    assert!(
        !house.slots().join("root.key").exists() && house.slots().join("passphrase.slot").exists()
    );

    std::fs::write(&file, "a sentence that somebody else says").unwrap();
    for words in [["up"], ["broker"]] {
        let wrong = house.run(&words);
        assert_eq!(wrong.code(), Some(4), "{words:?}: {}", wrong.stderr);
        assert!(wrong.stderr.contains(&root_key), "{root_key}: {}", wrong.stderr);
        assert!(!wrong.stderr.contains("somebody else"), "{}", wrong.stderr);
    }
    std::fs::remove_file(&file).unwrap();
    let gone = house.run(&["up"]);
    assert!(!gone.status.success() && gone.stderr.contains("passphrase"), "{}", gone.stderr);
    std::fs::write(&file, "a sentence that nobody else says").unwrap();
    house.up().stop();

    std::fs::write(&file, "it was forgotten, alas, for good").unwrap();
    house.run(&["slots", "restore", "--code-file", &code]).ok();
    house.up().stop();
}
