//! Golden lists of the places where a wall has a door. A new place fails until a reviewer adds it
//! to the list; a place that is gone fails until it is taken off, so the lists only shrink by
//! accident never.

use std::collections::BTreeSet;
use std::path::Path;

use super::Source;
use crate::run::Failure;

/// A kind of door: the list's file, and the texts that open it.
struct Door {
    list: &'static str,
    texts: &'static [&'static str],
}

const DOORS: &[Door] = &[
    // Who makes a scope decides whose data a request sees.
    Door {
        list: "xtask/golden/scope_constructors.txt",
        texts: &["Scope::authenticated(", "Scope::claimed(", "AccountScope::authenticated("],
    },
    // Who reads an opened secret could leak it.
    Door { list: "xtask/golden/exposed_readers.txt", texts: &[".expose()"] },
    // Who may leave no trace.
    Door { list: "xtask/golden/quiet_commits.txt", texts: &["Commit::quiet("] },
    // Where sessions begin: always on two factors (AUTH-2, AUTH-3).
    Door { list: "xtask/golden/session_births.txt", texts: &["sessions().create("] },
    // Who works across tenants.
    Door { list: "xtask/golden/unit_access.txt", texts: &[".unit_write(", ".unit_read("] },
    // Who may use `unsafe`.
    Door {
        list: "xtask/golden/unsafe_modules.txt",
        texts: &["allow(unsafe_code", "allow(\n    unsafe_code"],
    },
];

pub(super) fn faults(sources: &[Source], root: &Path) -> Result<Vec<String>, Failure> {
    let mut faults = Vec::new();
    for door in DOORS {
        let path = root.join(door.list);
        let golden = std::fs::read_to_string(&path)
            .map_err(|error| Failure(format!("{}: {error}", door.list)))?;
        let golden: BTreeSet<_> =
            golden.lines().filter(|l| !l.is_empty() && !l.starts_with('#')).collect();
        faults.extend(compare(door, &golden, sources));
    }
    Ok(faults)
}

fn compare(door: &Door, golden: &BTreeSet<&str>, sources: &[Source]) -> Vec<String> {
    let found: BTreeSet<String> = sources
        .iter()
        .filter(|s| s.is_rust() && !s.is_test() && !s.path.starts_with("xtask"))
        .filter(|s| opens(door, &s.text))
        .map(|s| s.path.display().to_string())
        .collect();
    let new = found.iter().filter(|path| !golden.contains(path.as_str()));
    let gone = golden.iter().filter(|path| !found.contains(**path));
    new.map(|path| format!("{path} opens a door and is not in {}", door.list))
        .chain(gone.map(|path| format!("{path} is in {} and opens nothing", door.list)))
        .collect()
}

/// Whether product code, not a test module at the end of the file, opens the door.
fn opens(door: &Door, text: &str) -> bool {
    let own = text.split("#[cfg(test)]").next().unwrap_or(text);
    door.texts.iter().any(|needle| {
        // A call with its types spelt out is the same call.
        let spelt_out = needle.strip_suffix('(').map(|call| format!("{call}::<"));
        own.contains(needle) || spelt_out.is_some_and(|needle| own.contains(&needle))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::source;

    const DOOR: Door = Door { list: "list.txt", texts: &["Scope::claimed("] };

    #[test]
    fn a_new_place_and_a_gone_place_are_found_and_tests_are_free() {
        let golden = BTreeSet::from(["crates/a/src/old.rs"]);
        let new = source("crates/a/src/new.rs", "Scope::claimed(x)");
        let test = source("crates/a/src/t.rs", "#[cfg(test)]\nmod tests { Scope::claimed(x) }");
        let found = compare(&DOOR, &golden, &[new, test]);
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn a_call_with_its_types_spelt_out_is_found_too() {
        let spelt_out = source("crates/a/src/new.rs", "Scope::claimed::<T>(x)");
        let found = compare(&DOOR, &BTreeSet::new(), &[spelt_out]);
        assert_eq!(found.len(), 1, "{found:?}");
    }
}
