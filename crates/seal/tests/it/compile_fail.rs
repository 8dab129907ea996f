//! Programs that must not compile, put to the compiler against the library that these tests were
//! built with.
//!
//! Each program has a twin that does compile, so that a missing library cannot pass for a refusal.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// The folder of built libraries that this test binary lies in.
fn libraries() -> PathBuf {
    std::env::current_exe().unwrap().parent().unwrap().to_owned()
}

/// Builds of a library, the newest first.
fn builds_of(name: &str) -> Vec<PathBuf> {
    let prefix = format!("lib{name}-");
    let mut found: Vec<(SystemTime, PathBuf)> = std::fs::read_dir(libraries())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rlib"))
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(&prefix))
        .map(|path| (path.metadata().unwrap().modified().unwrap(), path))
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, path)| path).collect()
}

/// What the compiler said, or `None` when it accepted the program.
fn compile(program: &str, seal: &Path, serde: &Path) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("program.rs");
    std::fs::write(&source, program).unwrap();
    let output = Command::new("rustc")
        .args(["--edition", "2024", "--crate-type", "lib", "--emit", "metadata"])
        .args(["--out-dir".as_ref(), folder.path().as_os_str()])
        .arg("-L")
        .arg(format!("dependency={}", libraries().display()))
        .arg("--extern")
        .arg(format!("seal={}", seal.display()))
        .arg("--extern")
        .arg(format!("serde={}", serde.display()))
        .arg(&source)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (!output.status.success()).then_some(said)
}

const CONTROL: &str = "
    pub fn shown<T: std::fmt::Debug>() {}
    pub fn sent<T: serde::Serialize>() {}
    pub fn read(value: &seal::Exposed) -> &[u8] {
        shown::<seal::KeyId>();
        sent::<seal::KeyId>();
        value.expose()
    }
";

/// The builds with which the control program compiles: `serde` must be the one that `seal` was
/// built with.
fn matching_builds() -> (PathBuf, PathBuf) {
    for seal in builds_of("seal") {
        for serde in builds_of("serde") {
            if compile(CONTROL, &seal, &serde).is_none() {
                return (seal, serde);
            }
        }
    }
    panic!("no build of seal and serde compiles the control program");
}

#[test]
fn secrets_and_keys_cannot_be_printed_copied_compared_or_serialised() {
    let (seal, serde) = matching_builds();
    let refused = |program: &str, code: &str| {
        let said = compile(program, &seal, &serde).unwrap_or_else(|| panic!("compiles: {program}"));
        assert!(said.contains(code), "{code} expected for {program}\n{said}");
    };
    let types = [
        "Exposed",
        "Key",
        "RootKey",
        "DataKey",
        "WrappingKey",
        "RecoveryCode",
        "SlotSecret<'_>",
        "slot::Share",
        "slot::Shares",
        "slot::AgeIdentities",
    ];
    for name in types {
        for bound in [
            "std::fmt::Debug",
            "std::fmt::Display",
            "Clone",
            "Copy",
            "PartialEq",
            "serde::Serialize",
            "serde::Deserialize<'static>",
            "std::ops::Deref",
            "AsRef<[u8]>",
        ] {
            let program = format!(
                "pub fn needs<T: {bound}>() {{}}\npub fn asks() {{ needs::<seal::{name}>() }}"
            );
            refused(&program, "error[E0277]");
        }
    }
}

#[test]
fn inner_bytes_are_private() {
    let (seal, serde) = matching_builds();
    for (program, code) in [
        ("pub fn take(value: seal::Exposed) { let _ = value.0; }", "error[E0616]"),
        ("pub fn take(key: seal::Key) { let _ = key.0; }", "error[E0616]"),
        ("pub fn take(root: seal::RootKey) { let _ = root.key; }", "error[E0616]"),
        ("pub fn take(root: seal::RootKey) { let _ = root.key(); }", "error[E0624]"),
        ("pub fn show(value: seal::Exposed) -> String { format!(\"{value:?}\") }", "error[E0277]"),
    ] {
        let said = compile(program, &seal, &serde).unwrap_or_else(|| panic!("compiles: {program}"));
        assert!(said.contains(code), "{code} expected for {program}\n{said}");
    }
}
