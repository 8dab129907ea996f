//! `docs/asvs.toml`: OWASP ASVS 5.0, chapters V6 to V10, requirement by requirement: what keeps it,
//! and which test shows it. The table for people, `docs/asvs.md`, is written from it.
//!
//! Always true: each requirement of these chapters has one row; what is kept names at least one
//! test, every named test runs, and whatever is not kept says why.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use serde::Deserialize;

use crate::promises;
use crate::run::{Failure, root};

/// Chapter, its name, and how many requirements each of its sections has in version 5.0.0.
const CHAPTERS: &[(u32, &str, &[u32])] = &[
    (6, "Authentication", &[3, 12, 8, 6, 8, 4, 2, 4]),
    (7, "Session management", &[3, 4, 2, 5, 3, 2]),
    (8, "Authorization", &[4, 4, 3, 2]),
    (9, "Self-contained tokens", &[3, 4]),
    (10, "OAuth and OIDC", &[2, 3, 5, 16, 5, 2, 3]),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registry {
    requirement: Vec<Requirement>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Requirement {
    id: String,
    level: u32,
    sentence: String,
    mechanism: String,
    status: String,
    #[serde(default)]
    tests: Vec<String>,
}

/// Checks the rows, the tests they name, and the table.
///
/// # Errors
/// Every fault, in one message.
pub fn check() -> Result<(), Failure> {
    let registry = read()?;
    let mut faults = faults(&registry);
    let tests = promises::test_names()?;
    faults.extend(unknown(&registry, |test| tests.contains(test)));
    faults.extend(stale(&registry));
    if faults.is_empty() { Ok(()) } else { Err(Failure(faults.join("\n"))) }
}

/// Writes the table.
///
/// # Errors
/// The rows cannot be read, or the table cannot be written.
pub fn write() -> Result<(), Failure> {
    Ok(std::fs::write(page(), table(&read()?))?)
}

fn page() -> PathBuf {
    root().join("docs/asvs.md")
}

fn read() -> Result<Registry, Failure> {
    let text = std::fs::read_to_string(root().join("docs/asvs.toml"))?;
    toml::from_str(&text).map_err(|error| Failure(format!("docs/asvs.toml: {error}")))
}

fn ids() -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for (chapter, _, sections) in CHAPTERS {
        for (section, count) in (1..).zip(*sections) {
            ids.extend((1..=*count).map(|number| format!("{chapter}.{section}.{number}")));
        }
    }
    ids
}

fn faults(registry: &Registry) -> Vec<String> {
    let listed: BTreeSet<String> = registry.requirement.iter().map(|r| r.id.clone()).collect();
    let mut faults: Vec<String> = ids()
        .symmetric_difference(&listed)
        .map(|id| format!("{id}: not listed, or not a requirement of these chapters"))
        .collect();
    if listed.len() != registry.requirement.len() {
        faults.push("a requirement is listed twice".to_owned());
    }
    faults.extend(registry.requirement.iter().filter_map(fault));
    faults
}

/// What is wrong with a row by itself.
fn fault(row: &Requirement) -> Option<String> {
    let (status, why) = row.status.split_once(": ").unwrap_or((&row.status, ""));
    let fault = match status {
        "kept" | "partly" if row.tests.is_empty() => "no test is named",
        "kept" if !why.is_empty() => "kept, but with a reserve: then it is partly kept",
        "partly" | "not applicable" | "not yet" if why.is_empty() => "the reason is missing",
        "not applicable" | "not yet" if !row.tests.is_empty() => "names tests, but is not kept",
        "kept" | "partly" | "not applicable" | "not yet" => "",
        _ => "no such status",
    };
    let empty = row.sentence.is_empty() || row.mechanism.is_empty();
    let fault = if empty { "sentence or mechanism is missing" } else { fault };
    let fault = if (1..=3).contains(&row.level) { fault } else { "levels are 1, 2 and 3" };
    (!fault.is_empty()).then(|| format!("{}: {fault}", row.id))
}

fn unknown(registry: &Registry, runs: impl Fn(&str) -> bool) -> Vec<String> {
    let named = registry.requirement.iter().flat_map(|row| row.tests.iter().map(|t| (&row.id, t)));
    named
        .filter(|(_, test)| !runs(test))
        .map(|(id, test)| format!("{id} names the test {test}, which does not run"))
        .collect()
}

fn stale(registry: &Registry) -> Option<String> {
    let found = std::fs::read_to_string(page()).unwrap_or_default();
    (found != table(registry))
        .then(|| "docs/asvs.md is stale; run `cargo xtask asvs --write`".to_owned())
}

fn table(registry: &Registry) -> String {
    let mut text = String::from(
        "# OWASP ASVS 5.0, chapters V6 to V10\n\n\
         Written from `docs/asvs.toml` by `cargo xtask asvs --write`; the sentences are our own. \
         Levels: 1 and 2 are\naimed at whole, of level 3 what the design names.\n",
    );
    for (chapter, name, _) in CHAPTERS {
        let _ = write!(
            text,
            "\n## V{chapter} {name}\n\n| id | level | requirement | status | how | tests |\n\
             | --- | --- | --- | --- | --- | --- |\n"
        );
        let of_chapter = format!("{chapter}.");
        for row in registry.requirement.iter().filter(|row| row.id.starts_with(&of_chapter)) {
            let Requirement { id, level, sentence, mechanism, status, tests } = row;
            let tests: Vec<_> = tests.iter().map(|test| format!("`{test}`")).collect();
            let tests = tests.join("<br>");
            let _ = writeln!(
                text,
                "| {id} | {level} | {sentence} | {status} | {mechanism} | {tests} |"
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn row(status: &str, tests: &[&str]) -> Requirement {
        Requirement {
            id: "6.1.1".into(),
            level: 1,
            sentence: "s".into(),
            mechanism: "m".into(),
            status: status.into(),
            tests: tests.iter().map(|&test| test.to_owned()).collect(),
        }
    }

    #[test]
    fn every_requirement_of_the_five_chapters_is_listed_once() {
        assert_eq!(ids().len(), 122);
        assert_eq!(faults(&read().unwrap()), Vec::<String>::new());
    }

    #[test]
    fn what_is_kept_names_a_test_and_what_is_not_says_why() {
        for (status, tests) in [
            ("kept", &[][..]),
            ("kept: mostly", &["t"]),
            ("partly", &["t"]),
            ("partly: x", &[]),
            ("not yet", &[]),
            ("not yet: x", &["t"]),
            ("not applicable", &[]),
            ("done", &["t"]),
        ] {
            assert!(fault(&row(status, tests)).is_some(), "{status}");
        }
        for (status, tests) in
            [("kept", &["t"][..]), ("partly: x", &["t"]), ("not applicable: x", &[])]
        {
            assert_eq!(fault(&row(status, tests)), None);
        }
    }

    #[test]
    fn every_test_that_a_requirement_names_is_written_somewhere() {
        let mut source = String::new();
        for folder in ["crates", "xtask"] {
            gather(&root().join(folder), &mut source);
        }
        let written = |test: &str| source.contains(&format!("fn {test}("));
        assert_eq!(unknown(&read().unwrap(), written), Vec::<String>::new());
        assert_eq!(
            unknown(&Registry { requirement: vec![row("kept", &["no_such"])] }, written).len(),
            1
        );
    }

    #[test]
    fn the_table_of_requirements_is_the_one_of_the_registry() {
        assert_eq!(stale(&read().unwrap()), None);
    }

    fn gather(folder: &Path, source: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                gather(&path, source);
            } else if path.extension().is_some_and(|end| end == "rs") {
                source.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
}
