//! `docs/promises.toml`: what is kept today, by which test. The README's table is written from it.
//!
//! A promise is `kept`, `partly` (with the clause that is missing) or `not yet`. What is kept or
//! partly kept names at least one test, and every named test exists in the test binaries and runs.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use serde::Deserialize;

use crate::run::{Failure, cargo, output, root};

/// Every promise: group, and how many it has.
const GROUPS: &[(&str, u32)] = &[
    ("TEN", 8),
    ("SEAL", 8),
    ("AUTH", 10),
    ("ROLE", 6),
    ("AUD", 5),
    ("EDGE", 8),
    ("RUN", 7),
    ("AUTO", 4),
    ("OPS", 9),
    ("TRUST", 4),
];

const BEGIN: &str = "<!-- promises: written by `cargo xtask promises --write` -->";
const END: &str = "<!-- promises: end -->";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registry {
    promise: Vec<Promise>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Promise {
    id: String,
    sentence: String,
    status: Status,
    #[serde(default)]
    missing: String,
    #[serde(default)]
    tests: Vec<String>,
}

#[derive(Deserialize, PartialEq, Eq, Clone, Copy)]
enum Status {
    #[serde(rename = "kept")]
    Kept,
    #[serde(rename = "partly")]
    Partly,
    #[serde(rename = "not yet")]
    NotYet,
}

/// Checks the registry, the tests it names, and the README's table.
///
/// # Errors
/// Every fault, in one message.
pub fn check() -> Result<(), Failure> {
    let registry = read()?;
    let mut faults = faults(&registry);
    let tests = test_names()?;
    for promise in &registry.promise {
        for test in promise.tests.iter().filter(|test| !tests.contains(*test)) {
            faults.push(format!("{} names the test {test}, which does not run", promise.id));
        }
    }
    if replaced(&std::fs::read_to_string(readme())?, &table(&registry))?.is_some() {
        faults.push("README.md: the table is stale; run `cargo xtask promises --write`".to_owned());
    }
    if faults.is_empty() { Ok(()) } else { Err(Failure(faults.join("\n"))) }
}

/// Writes the table into the README.
///
/// # Errors
/// The registry or the README cannot be read.
pub fn write() -> Result<(), Failure> {
    let text = std::fs::read_to_string(readme())?;
    if let Some(new) = replaced(&text, &table(&read()?))? {
        std::fs::write(readme(), new)?;
    }
    Ok(())
}

fn readme() -> PathBuf {
    root().join("README.md")
}

fn read() -> Result<Registry, Failure> {
    let text = std::fs::read_to_string(root().join("docs/promises.toml"))?;
    toml::from_str(&text).map_err(|error| Failure(format!("docs/promises.toml: {error}")))
}

fn faults(registry: &Registry) -> Vec<String> {
    let wanted: BTreeSet<String> = GROUPS
        .iter()
        .flat_map(|(group, count)| (1..=*count).map(move |number| format!("{group}-{number}")))
        .collect();
    let listed: BTreeSet<String> = registry.promise.iter().map(|p| p.id.clone()).collect();
    let mut faults: Vec<String> = wanted
        .symmetric_difference(&listed)
        .map(|id| format!("{id}: not listed, or not a promise"))
        .collect();
    if listed.len() != registry.promise.len() {
        faults.push("a promise is listed twice".to_owned());
    }
    for promise in &registry.promise {
        let id = &promise.id;
        if promise.status == Status::Partly && promise.missing.is_empty() {
            faults.push(format!("{id}: partly, but the missing clause is not named"));
        }
        if promise.status != Status::NotYet && promise.tests.is_empty() {
            faults.push(format!("{id}: no test is named"));
        }
        if promise.status == Status::NotYet && !promise.tests.is_empty() {
            faults.push(format!("{id}: not yet, but names tests"));
        }
    }
    faults
}

/// The last path segment of every test in every test binary of the workspace.
pub(crate) fn test_names() -> Result<BTreeSet<String>, Failure> {
    let list = output(cargo().args([
        "test",
        "--workspace",
        "--quiet",
        "--",
        "--list",
        "--format",
        "terse",
    ]))?;
    Ok(list
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .filter_map(|path| path.rsplit("::").next())
        .map(str::to_owned)
        .collect())
}

fn table(registry: &Registry) -> String {
    let mut table =
        String::from("| id | promise | status | kept by |\n| --- | --- | --- | --- |\n");
    for promise in &registry.promise {
        let status = match promise.status {
            Status::Kept => "kept".to_owned(),
            Status::Partly => format!("partly: {}", promise.missing),
            Status::NotYet => "not yet".to_owned(),
        };
        let tests: Vec<_> = promise.tests.iter().map(|test| format!("`{test}`")).collect();
        let _ = writeln!(
            table,
            "| {} | {} | {status} | {} |",
            promise.id,
            promise.sentence,
            tests.join("<br>")
        );
    }
    table
}

/// The README with the table in place, or `None` when it already is.
fn replaced(readme: &str, table: &str) -> Result<Option<String>, Failure> {
    let missing = || Failure::new("README.md: the promise table's marks are missing");
    let (before, rest) = readme.split_once(BEGIN).ok_or_else(missing)?;
    let (_, after) = rest.split_once(END).ok_or_else(missing)?;
    let new = format!("{before}{BEGIN}\n{table}{END}{after}");
    Ok((new != readme).then_some(new))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry(text: &str) -> Registry {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_promise_kept_without_a_test_is_a_fault() {
        let text = "[[promise]]\nid = \"TEN-1\"\nsentence = \"s\"\nstatus = \"kept\"\n";
        assert!(faults(&registry(text)).contains(&"TEN-1: no test is named".to_owned()));
    }

    #[test]
    fn a_promise_that_nobody_lists_is_a_fault() {
        let text = "[[promise]]\nid = \"TEN-99\"\nsentence = \"s\"\nstatus = \"not yet\"\n";
        let found = faults(&registry(text));
        assert!(found.iter().any(|f| f.starts_with("TEN-99")));
        assert!(found.iter().any(|f| f.starts_with("TRUST-4")));
    }

    #[test]
    fn the_registry_lists_every_promise_once() {
        assert_eq!(faults(&read().unwrap()), Vec::<String>::new());
    }

    #[test]
    fn a_stale_table_is_noticed() {
        let readme = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        let new = replaced(&readme, "new\n").unwrap().unwrap();
        assert_eq!(replaced(&new, "new\n").unwrap(), None);
    }
}
