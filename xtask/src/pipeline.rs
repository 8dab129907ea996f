//! What `up`, `check` and `test` consist of, in order.

use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::packages::{self, cache};
use crate::postgres::{Cluster, Durability};
use crate::run::{Failure, cargo, is_ci, must, root, stage, target};
use crate::walk::Engine;
use crate::{asvs, layers, mutants, promises, schemathesis, tidy, walk};

/// The version of cargo-deny that CI installs.
const CARGO_DENY: &str = "0.20.2";

/// Features that are off by default.
const HARDWARE: &str = "casemate/pkcs11,casemate/tpm";

/// One stage of the pipeline.
type Stage<'a> = Box<dyn Fn() -> Result<(), Failure> + 'a>;

/// Builds the platform and starts it with embedded defaults.
///
/// # Errors
/// The build fails, or the platform ends with a failure.
pub fn up(rest: &[String]) -> Result<(), Failure> {
    must(cargo().args(["build", "--quiet", "--package", "casemate"]))?;
    // In our place, so that Ctrl-C reaches the platform alone and the prompt comes back when it has
    // ended.
    Err(Command::new(target().join("debug/casemate")).arg("up").args(rest).exec().into())
}

/// The checks that need no service.
///
/// # Errors
/// The first stage that failed.
pub fn check() -> Result<(), Failure> {
    stage("format", format)?;
    stage("tidy", tidy::check)?;
    stage("layers", layers::check)?;
    stage("clippy", clippy)
}

/// Every check the project has. `only` keeps the stages whose name contains it.
///
/// # Errors
/// The first stage that failed.
pub fn test(only: Option<&str>) -> Result<(), Failure> {
    let cluster = Cluster::start(Durability::Tests)?;
    let url = cluster.url();
    // One call for the whole workspace: one build, and the binary's own tests come with it.
    let tests = || {
        let words = ["test", "--workspace", "--no-fail-fast"];
        let mut cargo = cargo();
        cargo.args(words).env("CASEMATE_TEST_POSTGRES", &url);
        cargo.env("CASEMATE_TEST_NODE_MODULES", packages::node_modules()?);
        packages::syslog_receiver()?;
        packages::guest_kernel()?;
        must(cargo.env("CASEMATE_TEST_CHROMIUM", packages::chromium()?))
    };
    let stages: Vec<(&str, Stage<'_>)> = vec![
        ("format", Box::new(format)),
        ("tidy", Box::new(tidy::check)),
        ("layers", Box::new(layers::check)),
        ("clippy", Box::new(clippy)),
        ("advisories, licences and bans", Box::new(deny)),
        ("tests on both engines", Box::new(tests)),
        ("slots in hardware", Box::new(hardware)),
        ("promises", Box::new(promises::check)),
        ("ASVS", Box::new(asvs::check)),
        ("README walk on SQLite", Box::new(|| walk::run(Engine::Sqlite))),
        ("README walk on PostgreSQL", Box::new(|| walk::run_on(Engine::Postgres, Some(&url)))),
        ("schemathesis", Box::new(schemathesis::run)),
        ("mutants of the walls", Box::new(|| mutants::run_with(None, &url))),
    ];
    let mut ran = 0;
    for (name, work) in &stages {
        if only.is_none_or(|only| name.contains(only)) {
            stage(name, work)?;
            ran += 1;
        }
    }
    println!("\nstages: {ran} passed, 0 failed");
    if ran == 0 { Err(Failure::new("no stage has such a name")) } else { Ok(()) }
}

fn format() -> Result<(), Failure> {
    must(cargo().args(["fmt", "--all", "--check"]))
}

fn clippy() -> Result<(), Failure> {
    must(cargo().args(["clippy", "--workspace", "--all-targets", "--quiet", "--", "-Dwarnings"]))
}

/// The features that need hardware or foreign libraries: built, judged, and tested against both in
/// software.
fn hardware() -> Result<(), Failure> {
    packages::software_hardware()?;
    let features = ["--package", "operator", "--package", "casemate", "--features", HARDWARE];
    must(cargo().arg("clippy").args(features).args([
        "--all-targets",
        "--quiet",
        "--",
        "-Dwarnings",
    ]))?;
    must(cargo().args(["test", "--package", "casemate", "--features", HARDWARE]).args([
        "--test",
        "it",
        "hardware::",
    ]))
}

/// cargo-deny with the live advisory database, else the copy that `CASEMATE_ADVISORY_DB` names.
fn deny() -> Result<(), Failure> {
    let folder = cache(&format!("cargo-deny-{CARGO_DENY}"))?;
    let program = folder.join("bin/cargo-deny");
    if !program.exists() {
        must(
            cargo()
                .args(["install", "cargo-deny", "--quiet", "--debug", "--version", CARGO_DENY])
                .arg("--root")
                .arg(&folder)
                .env("CARGO_TARGET_DIR", folder.join("target")),
        )?;
    }
    // What no build has asked for yet, such as the crates of hardware slots, is read here first.
    must(cargo().args(["fetch", "--locked"]))?;
    must(Command::new(&program).current_dir(root()).args([
        "--offline",
        "check",
        "licenses",
        "bans",
        "sources",
    ]))?;
    packages::advisories(&program)
}

/// Whether golden files may be rewritten here.
#[must_use]
pub fn may_rewrite() -> bool {
    !is_ci()
}
