//! Backups made while the platform runs, and installations brought back from them, with real
//! processes.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::engine::Engine;
use crate::environment::{SmallDisk, not_run};
use crate::house::{House, Outcome};
use crate::person::Person;
use crate::walk::{first_owner, sequenced, verified_export, workspace};

const SECRET: &str = "the-secret-of-acme-4711";
const OTHER: &str = "the-secret-of-globex-0815";

/// An installation that backs up into two places.
pub fn house_with_places(engine: &Engine) -> House {
    let mut house = House::new(engine);
    let at = |name: &str| house.path(name).display().to_string();
    let places = [
        ("FOLDER", at("far/data")),
        ("KEYS_FOLDER", at("far/keys")),
        ("SECOND_FOLDER", at("farther/data")),
        ("SECOND_KEYS_FOLDER", at("farther/keys")),
    ];
    let address = house.path("postgres/backup.url");
    for (name, value) in places {
        house.set(&format!("CASEMATE_BACKUP__{name}"), &value);
    }
    house.set("CASEMATE_BACKUP__EVERY_HOURS", "0");
    house.set("CASEMATE_BACKUP__DRILL_DAYS", "0");
    if address.exists() {
        house.set("CASEMATE_BACKUP__POSTGRES_URL_FILE", &address.display().to_string());
    }
    house
}

/// Two workspaces with a secret each, and the recovery code on paper.
pub struct Lived {
    pub house: House,
    pub owner: Person,
    pub code: PathBuf,
}

impl Lived {
    pub fn new(engine: &Engine) -> (Self, crate::house::Up) {
        let house = house_with_places(engine);
        let up = house.up();
        let owner = first_owner(&up);
        workspace(&owner, "globex", OTHER);
        workspace(&owner, "acme", SECRET);
        house.confirm_recovery(&up);
        let code = house.path("paper");
        std::fs::copy(up.ready["recovery_code_file"].as_str().unwrap(), &code).unwrap();
        sequenced(&owner);
        (Self { house, owner, code }, up)
    }
}

fn on_every(check: impl Fn(&Engine)) {
    for engine in Engine::all() {
        println!("on {}", engine.name());
        check(&engine);
    }
}

/// Every byte that lies in a folder.
fn bytes_in(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(bytes_in(&path));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            found.push((path, bytes));
        }
    }
    found
}

/// The machine burns: data, slots and settings are gone.
fn burn(house: &House) {
    for folder in [house.data(), house.path("etc")] {
        std::fs::remove_dir_all(folder).unwrap();
    }
}

fn restore(house: &House, code: &Path, more: &[&str]) -> Outcome {
    let words = restore_words(house, code);
    let words: Vec<&str> = words.iter().map(String::as_str).chain(more.iter().copied()).collect();
    let done = house.run(&words);
    // A token names its second: one of the second in which everybody was signed out is refused.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    done
}

fn restore_words(house: &House, code: &Path) -> Vec<String> {
    let mut words =
        vec!["restore".to_owned(), "--code-file".to_owned(), code.display().to_string()];
    if let Some(roles) = house.roles() {
        let admin = house.path("superuser").display().to_string();
        words.extend(["--admin-url-file".to_owned(), admin, "--roles".to_owned(), roles]);
    }
    words
}

fn opens(owner: &mut Person) -> bool {
    let words =
        ["run", "-p", "shop", "-e", "development", "--", "sh", "-c", "test -n \"$API_KEY\""];
    owner.command_with_code(&words).output().unwrap().status.success()
}

fn made(outcome: &Outcome) -> Vec<&Value> {
    outcome.lines.iter().filter(|line| line["event"] == "backup.made").collect()
}

#[test]
fn a_burnt_installation_comes_back_from_its_backup_and_its_logs_say_so() {
    for engine in Engine::all() {
        println!("on {}", engine.name());
        let (mut lived, up) = Lived::new(&engine);
        let house = &lived.house;
        let first = house.run(&["backup", "run"]).ok();
        assert_eq!(made(&first).len(), 2, "{:?}", first.lines);
        house.run(&["backup", "verify"]).ok();
        house.run(&["backup", "drill"]).ok();
        // Its receipt is in the person's hands, and what it promised is lost in the fire.
        lived.owner.run(&["projects", "create", "lost"]).ok();
        sequenced(&lived.owner);
        up.stop();
        burn(house);
        engine.lose(house);

        let restored = restore(house, &lived.code, &[]).ok();
        let line = restored.lines.last().unwrap();
        assert_eq!((line["event"].as_str(), line["number"].as_u64()), (Some("restored"), Some(1)));
        let up = house.up();
        house.confirm_recovery_with(&lived.code);
        let old = lived.owner.run(&["projects", "list"]);
        assert_eq!(old.code(), Some(3), "the session of before has ended: {}", old.stderr);
        lived.owner.log_in();
        lived.owner.run(&["workspaces", "use", "acme"]).ok();
        assert!(opens(&mut lived.owner), "the secret opens");
        let projects = lived.owner.run(&["projects", "list"]).ok();
        assert!(projects.lines.iter().all(|line| line["name"] != "lost"));
        sequenced(&lived.owner);
        let verdict = verified_export(&lived.owner, "after.ndjson");
        assert_eq!(verdict["verdict"], "VERIFIED", "{verdict}");
        assert_eq!(verdict["restored_at_sizes"].as_array().unwrap().len(), 1, "{verdict}");
        assert!(verdict["lost"].as_u64() >= Some(1), "the receipt is explained: {verdict}");
        let doctor = house.run(&["doctor"]);
        let guards = doctor.lines.iter().find(|line| line["check"] == "database-guards").unwrap();
        assert_eq!(guards["verdict"], "ok");
        house.run(&["backup", "run"]).ok();
        up.stop();
    }
}

#[test]
fn no_secret_and_no_name_is_in_clear_in_any_byte_of_a_backup() {
    on_every(|engine| {
        let (lived, up) = Lived::new(engine);
        lived.house.run(&["backup", "run"]).ok();
        up.stop();
        let files: Vec<_> = ["far", "farther"]
            .iter()
            .flat_map(|place| bytes_in(&lived.house.path(place)))
            .collect();
        assert!(files.len() > 10);
        let code = std::fs::read_to_string(&lived.code).unwrap();
        for (path, bytes) in files {
            for word in [SECRET, OTHER, "acme", "globex", "API_KEY", "SQLite format", code.trim()] {
                let found = bytes.windows(word.len()).any(|window| window == word.as_bytes());
                assert!(!found, "{word} in {}", path.display());
            }
        }
    });
}

#[test]
fn what_did_not_change_is_not_sent_again_and_old_backups_go() {
    let (mut lived, up) = Lived::new(&Engine::Sqlite);
    lived.house.set("CASEMATE_BACKUP__KEEP_COUNT", "1");
    let house = &lived.house;
    let first = house.run(&["backup", "run"]).ok();
    assert_eq!(made(&first)[0]["sent"], 3, "the platform and two workspaces");
    let second = house.run(&["backup", "run"]).ok();
    assert!(made(&second)[0]["sent"].as_u64().unwrap() < 3, "{:?}", second.lines);
    house.run(&["backup", "verify"]).ok();
    let listed = house.run(&["backup", "list"]).ok();
    let data = |line: &&Value| line["kind"] == "data" && line["place"] == "first";
    // Young ones are kept whatever the count.
    assert_eq!(listed.lines.iter().filter(data).count(), 2);
    up.stop();
}

#[test]
fn every_refusal_of_a_restore_names_its_reason_and_leaves_the_target_startable() {
    let (lived, up) = Lived::new(&Engine::Sqlite);
    let house = &lived.house;
    house.run(&["backup", "run"]).ok();
    let busy = restore(house, &lived.code, &[]);
    assert_eq!(busy.code(), Some(6), "it runs: {}", busy.stderr);
    up.stop();
    let full = restore(house, &lived.code, &[]);
    assert_eq!(full.code(), Some(6), "not empty: {}", full.stderr);
    assert!(full.stderr.contains("not empty"), "{}", full.stderr);
    let root = root_key(house);
    burn(house);

    let wrong = house.path("wrong");
    let other = House::new(&Engine::Sqlite);
    let other_up = other.up();
    std::fs::copy(other_up.ready["recovery_code_file"].as_str().unwrap(), &wrong).unwrap();
    other_up.stop();
    let refused = restore(house, &wrong, &[]);
    assert_eq!(refused.code(), Some(4), "{}", refused.stderr);
    assert!(refused.stderr.contains(&root), "names the key: {}", refused.stderr);
    let missing = restore(house, &lived.code, &["--number", "7"]);
    assert_eq!(missing.code(), Some(5), "{}", missing.stderr);
    let early = restore(house, &lived.code, &["--to", "1000"]);
    assert_eq!(early.code(), Some(5), "{}", early.stderr);
    let half = house.run(&["up"]);
    assert_eq!(half.code(), Some(4), "half a restore does not start: {}", half.stderr);
    assert!(half.stderr.contains("restore"), "{}", half.stderr);
    restore(house, &lived.code, &[]).ok();
    house.up().stop();
}

fn root_key(house: &House) -> String {
    let listed = house.run(&["backup", "list"]).ok();
    listed.lines[0]["root_key"].as_str().unwrap().to_owned()
}

/// The files of a kind in the first place: notes, contents, parts.
fn files_of(house: &House, kind: &str, folder: &str) -> Vec<PathBuf> {
    let place = house.path("far").join(kind);
    let instance = std::fs::read_dir(place).unwrap().next().unwrap().unwrap().path();
    let folder = instance.join(kind).join(folder);
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn a_backup_that_was_flipped_cut_swapped_or_renamed_is_not_restored() {
    on_every(|engine| {
        let (lived, up) = Lived::new(engine);
        let house = &lived.house;
        house.run(&["backup", "run"]).ok();
        lived.owner.run(&["projects", "create", "second"]).ok();
        house.run(&["backup", "run"]).ok();
        up.stop();
        burn(house);
        engine.lose(house);
        let refused = |what: &str| {
            let outcome = restore(house, &lived.code, &["--number", "2"]);
            let code = outcome.code();
            assert!(matches!(code, Some(4 | 5)), "{what}: {code:?} {}", outcome.stderr);
            assert!(!house.data().join("FORMAT").exists(), "{what}");
        };
        for kind in ["data", "keys"] {
            for folder in ["notes", "parts"] {
                for path in files_of(house, kind, folder) {
                    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                    if folder == "notes" && !name.starts_with("0000000002") {
                        continue;
                    }
                    if folder == "parts" && !used_by_second(house, kind, &name) {
                        continue;
                    }
                    let whole = std::fs::read(&path).unwrap();
                    let mut flipped = whole.clone();
                    let middle = flipped.len() / 2;
                    flipped[middle] ^= 1;
                    for (what, bytes) in
                        [("flipped", flipped), ("cut", whole[..whole.len() - 1].to_vec())]
                    {
                        std::fs::write(&path, bytes).unwrap();
                        refused(&format!("{what} {kind} {name}"));
                    }
                    std::fs::remove_file(&path).unwrap();
                    if folder == "parts" || kind == "keys" || name.ends_with(".contents") {
                        refused(&format!("missing {kind} {name}"));
                    }
                    std::fs::write(&path, whole).unwrap();
                }
            }
        }
        // An old note under a new name.
        let notes = files_of(house, "data", "notes");
        let (old, new) = (&notes[1], &notes[3]);
        assert!(old.to_str().unwrap().ends_with("0000000001.note"), "{notes:?}");
        let whole = std::fs::read(new).unwrap();
        std::fs::copy(old, new).unwrap();
        refused("an old note under a new name");
        std::fs::write(new, whole).unwrap();
        restore(house, &lived.code, &["--number", "2"]).ok();
        house.up().stop();
    });
}

/// Whether backup 2 speaks of a part.
fn used_by_second(house: &House, kind: &str, part: &str) -> bool {
    let contents = files_of(house, kind, "notes")
        .into_iter()
        .find(|path| path.to_str().unwrap().ends_with("0000000002.contents"));
    std::fs::read_to_string(contents.unwrap()).unwrap().contains(part)
}

#[test]
fn a_workspace_shredded_after_the_backup_stays_dead_in_the_restored_installation() {
    on_every(|engine| {
        let (mut lived, up) = Lived::new(engine);
        lived.house.run(&["backup", "run"]).ok();
        let listed = lived.owner.run(&["workspaces", "list"]).ok();
        let id = |name: &str| {
            let line = listed.lines.iter().find(|line| line["name"] == name);
            line.unwrap()["id"].as_str().unwrap().to_owned()
        };
        let (dead, house) = (id("acme"), &lived.house);
        house.run(&["sealing", "shred", "workspace", &dead, "--yes"]).ok();
        // The ledger reaches the place with the next backup of the keys.
        house.run(&["backup", "run"]).ok();
        up.stop();
        burn(house);
        engine.lose(house);
        let restored = restore(house, &lived.code, &["--number", "1"]).ok();
        let line = restored.lines.last().unwrap();
        assert_eq!(line["shredded_workspaces"].as_array().unwrap(), &[Value::from(dead)]);
        let up = house.up();
        lived.owner.log_in();
        lived.owner.run(&["workspaces", "use", "acme"]).ok();
        assert!(!opens(&mut lived.owner), "it was shredded");
        lived.owner.run(&["workspaces", "use", "globex"]).ok();
        assert!(opens(&mut lived.owner), "the neighbour is whole");
        up.stop();
    });
}

#[test]
fn a_backup_killed_at_any_moment_leaves_the_one_before_whole() {
    on_every(|engine| {
        let (lived, up) = Lived::new(engine);
        let house = &lived.house;
        house.run(&["backup", "run"]).ok();
        let mut finished = 0;
        for moment in 0..12 {
            let mut child = house.command(&["backup", "run", "--json"]);
            let mut child = child.stdout(std::process::Stdio::null()).spawn().unwrap();
            std::thread::sleep(std::time::Duration::from_millis(moment * 15));
            child.kill().unwrap();
            child.wait().unwrap();
            let verified = house.run(&["backup", "verify"]).ok();
            finished = verified.lines.len();
        }
        assert!(finished >= 4, "at least the first one is there");
        house.run(&["backup", "run"]).ok();
        house.run(&["backup", "verify"]).ok();
        up.stop();
        let left: Vec<_> = bytes_in(&house.path("far"))
            .into_iter()
            .filter(|(path, _)| path.to_str().unwrap().ends_with(".unfinished"))
            .collect();
        assert!(left.is_empty(), "nothing half-written stays: {left:?}");
    });
}

#[test]
fn a_restore_killed_at_any_moment_is_begun_anew() {
    on_every(|engine| {
        let (mut lived, up) = Lived::new(engine);
        lived.house.run(&["backup", "run"]).ok();
        up.stop();
        let house = &lived.house;
        burn(house);
        engine.lose(house);
        let words = restore_words(house, &lived.code);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        for moment in 0..10 {
            let mut child = house.command(&words);
            let mut child = child
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(std::time::Duration::from_millis(20 + moment * 40));
            child.kill().unwrap();
            child.wait().unwrap();
            let finished = house.data().join("FORMAT").exists();
            let marked = house.data().join("backup/restoring").exists();
            let begun = house.data().join("broker/keys.db").exists();
            assert!(finished || marked || !begun, "a half without a mark");
            if finished {
                break;
            }
            if marked {
                let half = house.run(&["up"]);
                assert_eq!(half.code(), Some(4), "half a restore was started: {}", half.stderr);
            }
        }
        let mut done = restore(house, &lived.code, &[]);
        if done.code() == Some(6) && !house.data().join("FORMAT").exists() {
            // The dump was committed when the restore was killed: a new database, as it says.
            engine.lose(house);
            done = restore(house, &lived.code, &[]);
        }
        assert!(matches!(done.code(), Some(0 | 6)), "{}", done.stderr);
        let up = house.up();
        lived.owner.log_in();
        lived.owner.run(&["workspaces", "use", "acme"]).ok();
        assert!(opens(&mut lived.owner));
        up.stop();
    });
}

#[test]
fn a_backup_is_made_and_rehearsed_by_itself_when_it_is_due() {
    on_every(|engine| {
        let mut house = house_with_places(engine);
        house.set("CASEMATE_BACKUP__EVERY_HOURS", "24");
        house.set("CASEMATE_BACKUP__DRILL_DAYS", "7");
        let up = house.up();
        let verdict = |name: &str| {
            let report = house.run(&["doctor"]);
            let line = report.lines.iter().find(|line| line["check"] == name).unwrap().clone();
            line["verdict"].as_str().unwrap().to_owned()
        };
        crate::house::until("a backup and a rehearsal were made", || {
            verdict("backup") == "ok" && verdict("backup-drill") == "ok"
        });
        assert_eq!(verdict("backup-places"), "warn", "they are on the disk of the data");
        let listed = house.run(&["backup", "list"]).ok();
        assert_eq!(listed.lines.len(), 4, "data and keys in two places: {:?}", listed.lines);
        up.stop();
    });
}

#[test]
fn a_place_that_is_full_or_away_fails_the_backup_tells_the_doctor_and_spares_the_other_place() {
    let (lived, up) = Lived::new(&Engine::Sqlite);
    let house = &lived.house;
    house.run(&["backup", "run"]).ok();
    // Something that is no folder is in the way of the first place.
    std::fs::rename(house.path("far"), house.path("away")).unwrap();
    std::fs::write(house.path("far"), b"").unwrap();
    let failed = house.run(&["backup", "run"]);
    assert_ne!(failed.code(), Some(0));
    let report = house.run(&["doctor"]);
    let line = report.lines.iter().find(|line| line["check"] == "backup").unwrap();
    assert_eq!(line["verdict"], "warn", "the newest try failed: {line}");
    std::fs::remove_file(house.path("far")).unwrap();
    std::fs::rename(house.path("away"), house.path("far")).unwrap();
    house.run(&["backup", "run"]).ok();
    house.run(&["backup", "verify"]).ok();
    up.stop();
}

#[test]
fn a_backup_onto_a_full_disk_says_so_and_leaves_the_one_before_whole() {
    let (lived, up) = Lived::new(&Engine::Sqlite);
    let house = &lived.house;
    let Some(disk) = SmallDisk::at(house.path("far")) else {
        not_run("this user may not mount");
        return;
    };
    house.run(&["backup", "run"]).ok();
    disk.fill();
    lived.owner.run(&["projects", "create", "more"]).ok();
    let full = house.run(&["backup", "run"]);
    assert_eq!(full.code(), Some(7), "{}", full.stderr);
    assert!(full.stderr.contains("space"), "{}", full.stderr);
    house.run(&["backup", "verify"]).ok();
    disk.empty();
    house.run(&["backup", "run"]).ok();
    house.run(&["backup", "verify"]).ok();
    up.stop();
}
