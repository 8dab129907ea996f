//! Removes each wall in turn and sees a test go red.
//!
//! Always true
//! 1. A wall in code is removed by one replacement in a copy of the tree (`xtask/mutants.toml`);
//!    the named test must run there and fail. A replacement that no longer applies is a fault, and
//!    so is a test that did not run.
//! 2. A wall in the database is removed by SQL inside a test that then sees the attack succeed;
//!    those tests are run here by name.
//!
//! No switch that disables a wall exists in the product.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::postgres::{Cluster, Durability};
use crate::run::{Failure, cargo, output, root, target};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    mutant: Vec<Mutant>,
    database_wall: Vec<DatabaseWall>,
}

/// A wall in code.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutant {
    wall: String,
    file: PathBuf,
    find: String,
    replace: String,
    package: String,
    test: String,
}

/// A wall in the database.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DatabaseWall {
    wall: String,
    package: String,
    test: String,
}

/// What running one test in the copy showed.
#[derive(Debug, PartialEq, Eq)]
enum Colour {
    Red,
    Green,
    DidNotRun,
    DidNotBuild,
}

/// Runs the mutants with a PostgreSQL of their own. `only` keeps the walls whose name contains it.
///
/// # Errors
/// A wall whose removal nothing noticed.
pub fn run(only: Option<&str>) -> Result<(), Failure> {
    let cluster = Cluster::start(Durability::Tests)?;
    run_with(only, &cluster.url())
}

/// Runs the mutants against a PostgreSQL that runs already.
///
/// # Errors
/// A wall whose removal nothing noticed.
pub fn run_with(only: Option<&str>, postgres: &str) -> Result<(), Failure> {
    let text = fs::read_to_string(root().join("xtask/mutants.toml"))?;
    let list: List =
        toml::from_str(&text).map_err(|error| Failure(format!("xtask/mutants.toml: {error}")))?;
    let wanted = |wall: &str| only.is_none_or(|only| wall.contains(only));
    let chosen: Vec<_> = list.mutant.iter().filter(|m| wanted(&m.wall)).collect();
    let tree = copy_tree()?;
    green_before(&tree, &chosen, postgres)?;
    let mut faults = Vec::new();
    for mutant in chosen {
        match try_mutant(&tree, mutant, postgres) {
            Ok(()) => println!("  red    {}: {}", mutant.wall, mutant.test),
            Err(failure) => faults.push(format!("{}: {failure}", mutant.wall)),
        }
    }
    for wall in list.database_wall.iter().filter(|w| wanted(&w.wall)) {
        match colour(&root(), &wall.package, &wall.test, postgres)? {
            Colour::Green => println!("  red    {}: {} (dropped by SQL)", wall.wall, wall.test),
            other => faults.push(format!("{}: {} was {other:?}", wall.wall, wall.test)),
        }
    }
    for fault in &faults {
        println!("  FAULT  {fault}");
    }
    if faults.is_empty() { Ok(()) } else { Err(Failure(faults.join("\n"))) }
}

/// Every named test is green in the copy before anything is removed, or its red would mean nothing.
fn green_before(tree: &Path, mutants: &[&Mutant], postgres: &str) -> Result<(), Failure> {
    let packages: BTreeSet<_> = mutants.iter().map(|mutant| mutant.package.as_str()).collect();
    for package in packages {
        let of_package = mutants.iter().filter(|mutant| mutant.package == package);
        let tests: BTreeSet<_> = of_package.map(|mutant| mutant.test.as_str()).collect();
        let result = test(tree, package, &tests, postgres).output()?;
        if !result.status.success() {
            let text = String::from_utf8_lossy(&result.stdout);
            return Err(Failure(format!("{package}: red before any wall was removed:\n{text}")));
        }
    }
    Ok(())
}

/// `cargo test` of one package, its examples built too, with only the named tests.
fn test(tree: &Path, package: &str, tests: &BTreeSet<&str>, postgres: &str) -> Command {
    let mut command = cargo();
    command.current_dir(tree).args(["test", "--quiet", "--package", package, "--no-fail-fast"]);
    command.arg("--").args(tests);
    command.env("CARGO_TARGET_DIR", builds(tree)).env("CASEMATE_TEST_POSTGRES", postgres);
    command
}

/// Where a tree is built: the copy in a folder of its own, so that no library without its wall ever
/// lies among the real ones.
fn builds(tree: &Path) -> PathBuf {
    if tree == root() { target() } else { target().join("mutants-build") }
}

fn try_mutant(tree: &Path, mutant: &Mutant, postgres: &str) -> Result<(), Failure> {
    let path = tree.join(&mutant.file);
    let text = fs::read_to_string(&path)?;
    if text.matches(&mutant.find).count() != 1 {
        return Err(Failure(format!(
            "the text to replace is not once in {}",
            mutant.file.display()
        )));
    }
    fs::write(&path, text.replace(&mutant.find, &mutant.replace))?;
    let seen = colour(tree, &mutant.package, &mutant.test, postgres);
    fs::write(&path, text)?;
    match seen? {
        Colour::Red => Ok(()),
        other => Err(Failure(format!("removed, and {} was {other:?}", mutant.test))),
    }
}

/// Runs one test by its name's last segment.
fn colour(tree: &Path, package: &str, name: &str, postgres: &str) -> Result<Colour, Failure> {
    let result = test(tree, package, &BTreeSet::from([name]), postgres).output()?;
    let text = String::from_utf8_lossy(&result.stdout);
    Ok(read_colour(&text, result.status.success(), name))
}

fn read_colour(text: &str, success: bool, test: &str) -> Colour {
    let ran = text.lines().any(|line| line.starts_with("running ") && !line.contains("running 0 "));
    let path = format!("::{test}");
    let failed = text.lines().map(str::trim).any(|line| line == test || line.ends_with(&path));
    match (ran, success) {
        (false, true) => Colour::DidNotRun,
        (false, false) => Colour::DidNotBuild,
        (true, true) => Colour::Green,
        (true, false) if failed => Colour::Red,
        (true, false) => Colour::DidNotRun,
    }
}

/// Copies what git tracks or would track into the build folder.
fn copy_tree() -> Result<PathBuf, Failure> {
    let tree = target().join("mutants");
    if tree.exists() {
        fs::remove_dir_all(&tree)?;
    }
    let mut git = Command::new("git");
    git.current_dir(root()).args(["ls-files", "--cached", "--others", "--exclude-standard"]);
    for line in output(&mut git)?.lines() {
        let (from, to) = (root().join(line), tree.join(line));
        if let (true, Some(folder)) = (from.is_file(), to.parent()) {
            fs::create_dir_all(folder)?;
            fs::copy(from, to)?;
        }
    }
    Ok(tree)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_did_not_run_is_not_red() {
        assert_eq!(read_colour("running 0 tests\n", true, "t"), Colour::DidNotRun);
        assert_eq!(read_colour("", false, "t"), Colour::DidNotBuild);
    }

    #[test]
    fn only_the_named_tests_failure_is_red() {
        let text = "running 1 test\nfailures:\n    area::t\n";
        assert_eq!(read_colour(text, false, "t"), Colour::Red);
        assert_eq!(read_colour("running 1 test\n    area::other\n", false, "t"), Colour::DidNotRun);
        assert_eq!(read_colour("running 1 test\n", true, "t"), Colour::Green);
    }
}
