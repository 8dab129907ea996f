//! The offline verifier as a process: its words and its exit codes.

use crate::house::{Machine, golden_export, log_key, server};

fn verify(machine: &Machine, export: &std::path::Path, more: &[&str]) -> crate::house::Ended {
    let mut arguments = vec!["verify", export.to_str().unwrap()];
    arguments.extend(more);
    machine.run(&arguments)
}

#[test]
fn a_good_export_is_verified_with_a_key_from_outside() {
    let machine = Machine::new();
    let key = machine.file("key", log_key());
    let ended = verify(&machine, &golden_export(), &["--key", key.to_str().unwrap()]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.starts_with("VERIFIED as of size 7, signed by the operator only"));
    assert!(!machine.configuration().exists(), "verifying writes nothing");
}

#[test]
fn a_good_export_is_verified_with_the_key_pinned_at_sign_in() {
    let (machine, server) = (Machine::new(), server(|_| None));
    machine.sign_in(&server);
    let before = server.asked().len();
    let ended = verify(&machine, &golden_export(), &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(server.asked().len(), before, "verifying is offline");
}

#[test]
fn without_a_key_nothing_can_be_established() {
    let machine = Machine::new();
    let ended = verify(&machine, &golden_export(), &["--json"]);
    assert_eq!(ended.code, Some(11), "{ended:?}");
    assert_eq!(ended.json()[0]["verdict"], "CANNOT ESTABLISH");
}

#[test]
fn every_kind_of_damage_has_its_verdict() {
    let machine = Machine::new();
    let key = machine.file("key", log_key());
    let good = std::fs::read(golden_export()).unwrap();
    let lines: Vec<&[u8]> = good.split_inclusive(|byte| *byte == b'\n').collect();
    let without_third = [&lines[..2], &lines[3..]].concat().concat();
    let swapped = [&lines[..1], &[lines[2], lines[1]], &lines[3..]].concat().concat();
    let cut = good[..good.len() - 4].to_vec();
    let cases: [(&str, Vec<u8>, i32); 6] = [
        ("left out", without_third, 10),
        ("swapped", swapped, 10),
        ("cut", cut, 11),
        ("empty", Vec::new(), 11),
        ("text", b"hello\n".to_vec(), 11),
        ("binary", vec![0xff; 4096], 11),
    ];
    for (name, bytes, code) in cases {
        let export = machine.path("export");
        std::fs::write(&export, bytes).unwrap();
        let ended = verify(&machine, &export, &["--key", key.to_str().unwrap()]);
        assert_eq!(ended.code, Some(code), "{name}: {ended:?}");
    }
}

#[test]
fn one_changed_character_in_any_line_is_never_verified() {
    let machine = Machine::new();
    let key = machine.file("key", log_key());
    let good = std::fs::read(golden_export()).unwrap();
    for at in (0..good.len()).step_by(good.len() / 40) {
        let mut bytes = good.clone();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let export = machine.path("export");
        std::fs::write(&export, bytes).unwrap();
        let ended = verify(&machine, &export, &["--key", key.to_str().unwrap()]);
        assert!(matches!(ended.code, Some(10 | 11)), "byte {at}: {ended:?}");
    }
}

#[test]
fn another_key_or_none_in_the_file_establishes_nothing() {
    let machine = Machine::new();
    let empty = machine.file("key", "\n");
    let ended = verify(&machine, &golden_export(), &["--key", empty.to_str().unwrap()]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let ended = verify(&machine, std::path::Path::new("/nowhere/export"), &[]);
    assert_eq!(ended.code, Some(11), "{ended:?}");
    assert!(ended.err.contains("/nowhere/export"), "{ended:?}");
}
