//! Values that no file, log, process list or answer may hold, in any encoding, outside the one
//! answer that reveals them.

use std::path::{Path, PathBuf};
use std::process::Output;

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};

use crate::engine::Engine;
use crate::house::House;
use crate::person::Person;
use crate::walk::{first_owner, invited};

/// Nothing else looks like these.
const FIRST: &str = "canary-7f3a-zebra-quagga-okapi-first";
const SECOND: &str = "canary-91c2-heron-egret-bittern-second";

/// Every spelling of `value` that is looked for.
fn spellings(value: &str) -> Vec<Vec<u8>> {
    let mut found = vec![value.as_bytes().to_vec()];
    for encoded in [HEXLOWER.encode(value.as_bytes()), HEXUPPER.encode(value.as_bytes())] {
        found.push(encoded.into_bytes());
    }
    for shift in 0..3 {
        // Inside a longer text base64 begins at one of three places; the ends depend on the
        // neighbours.
        let padded = [vec![b'x'; shift], value.as_bytes().to_vec()].concat();
        for encoded in [BASE64.encode(&padded), BASE64URL_NOPAD.encode(&padded)] {
            let inner = encoded.as_bytes();
            found.push(inner[4..inner.len() - 4].to_vec());
        }
    }
    found
}

fn holds(haystack: &[u8], values: &[Vec<u8>]) -> bool {
    values
        .iter()
        .any(|needle| haystack.windows(needle.len()).any(|window| window == needle.as_slice()))
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            files_below(&entry.path(), found);
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
}

/// Everything that can be wrong with setting `value`, one after the other.
fn refusals(person: &Person, value: &str) -> Vec<Output> {
    let large = value.repeat(4_000);
    let place = ["-p", "shop", "-e", "development"];
    [
        (value, "no-name", place),
        (value, "PATH=", place),
        (value, "CANARY", ["-p", "none", "-e", "development"]),
        (value, "CANARY", ["-p", "shop", "-e", "none"]),
        (&large, "CANARY", place),
    ]
    .map(|(value, name, place)| {
        let input = person.home().join("input");
        std::fs::write(&input, value).unwrap();
        let mut command = person.command(&[&["secrets", "set", name][..], &place].concat());
        let output = command.stdin(std::fs::File::open(&input).unwrap()).output().unwrap();
        std::fs::remove_file(input).unwrap();
        output
    })
    .into()
}

#[test]
fn the_search_finds_each_spelling() {
    let values = spellings(FIRST);
    for text in [
        format!("a {FIRST} b"),
        HEXLOWER.encode(FIRST.as_bytes()),
        BASE64.encode(format!("k={FIRST};").as_bytes()),
        BASE64URL_NOPAD.encode(format!("key={FIRST}").as_bytes()),
    ] {
        assert!(holds(text.as_bytes(), &values), "{text}");
    }
    assert!(!holds(SECOND.as_bytes(), &values));
}

#[test]
fn secrets_are_nowhere_but_in_the_answer_that_reveals_them() {
    for engine in Engine::all() {
        let mut house = House::new(&engine);
        // Whatever somebody puts aside for a moment lies where it is looked for.
        let aside = house.path("aside");
        std::fs::create_dir(&aside).unwrap();
        house.set("TMPDIR", aside.to_str().unwrap());
        let up = house.up();
        let mut owner = first_owner(&up);
        let mut second = None;
        for (name, value) in [("acme", FIRST), ("globex", SECOND)] {
            owner.run(&["workspaces", "create", name]).ok();
            owner.run(&["projects", "create", "shop"]).ok();
            let words = ["secrets", "set", "CANARY", "-p", "shop", "-e", "development"];
            owner.pipe(&words, value).ok();
            std::fs::remove_file(owner.home().join("input")).unwrap();
            second.get_or_insert_with(|| invited(&owner, &up, "grace@example.org", "admin"));
        }
        let values: Vec<Vec<u8>> = [FIRST, SECOND].map(spellings).concat();

        let words = ["secrets", "list", "-p", "shop", "-e", "development"];
        let listed = owner.command(&words).output().unwrap();
        assert!(!holds(&listed.stdout, &values) && listed.status.success());
        let words = ["run", "-p", "shop", "-e", "development", "--", "printenv", "CANARY"];
        let ran = owner.command_with_code(&words).output().unwrap();
        assert!(!holds(&ran.stdout, &values), "{}", String::from_utf8_lossy(&ran.stdout));
        let words =
            ["secrets", "reveal", "CANARY", "-p", "shop", "-e", "development", "--reason", "test"];
        let revealed = owner.command_with_code(&words).output().unwrap();
        assert!(holds(&revealed.stdout, &spellings(SECOND)), "the one answer that may hold it");
        assert!(!holds(&revealed.stdout, &spellings(FIRST)), "the neighbour's");

        for refused in refusals(&owner, SECOND) {
            assert!(!holds(&refused.stdout, &values) && !holds(&refused.stderr, &values));
            assert!(!refused.status.success(), "{}", String::from_utf8_lossy(&refused.stdout));
        }

        let dump = engine.dump(&house);
        assert!(!holds(&dump, &values), "the database holds a secret");
        assert!(engine.name() == "sqlite" || dump.len() > 100_000, "{} bytes", dump.len());
        let mut searched = Vec::new();
        for folder in [house.path(""), owner.home().to_owned(), second.unwrap().home().to_owned()] {
            files_below(&folder, &mut searched);
        }
        assert!(searched.len() > 20, "{searched:?}");
        for path in searched {
            let bytes = std::fs::read(&path).unwrap_or_default();
            assert!(!holds(&bytes, &values), "{} holds a secret", path.display());
        }
        for (pid, line) in up.children() {
            assert!(!holds(line.as_bytes(), &values), "process {pid}: {line}");
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            assert!(!holds(&environment, &values), "the environment of {pid}");
            let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
            let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
            assert!(core.split_whitespace().nth(4) == Some("0"), "{pid} may leave a core: {core}");
        }
        let doctor = house.run(&["doctor"]);
        assert!(!holds(format!("{:?}", doctor).as_bytes(), &values));
        up.stop();
        let mut after = Vec::new();
        files_below(&house.path(""), &mut after);
        for path in after {
            let bytes = std::fs::read(&path).unwrap_or_default();
            assert!(!holds(&bytes, &values), "{} holds a secret at rest", path.display());
        }
    }
}
