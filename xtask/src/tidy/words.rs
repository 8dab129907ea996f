//! Words: module headers, names that say nothing, leftovers, files nobody includes, documents that
//! name what is not there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Source;

const EMPTY_NAMES: &[&str] = &["utils", "util", "common", "helpers", "helper", "misc"];

/// Documents whose paths must exist.
const MAPS: &[&str] = &["ARCHITECTURE.md", "README.md", "STYLE.md", "CONTRIBUTING.md"];

pub(super) fn faults(source: &Source) -> Vec<String> {
    let mut faults = Vec::new();
    let path = source.path.display();
    for part in source.path.iter() {
        let stem = Path::new(part).file_stem().unwrap_or(part);
        if EMPTY_NAMES.iter().any(|name| stem == *name) {
            faults.push(format!("{path}: a name that says nothing"));
        }
    }
    if source.is_rust() && !has_header(&source.text) {
        faults.push(format!("{path}: no `//!` header"));
    }
    for (number, line) in source.text.lines().enumerate() {
        let number = number + 1;
        // Spelled in two parts, so that this file passes its own check.
        if line.contains(concat!("FIX", "ME")) || line.contains(concat!("XX", "X:")) {
            faults.push(format!("{path}:{number}: a leftover"));
        }
        if source.is_rust() && line.contains(concat!("#[ig", "nore")) {
            faults.push(format!("{path}:{number}: a test that does not run"));
        }
    }
    faults
}

fn has_header(text: &str) -> bool {
    text.lines().take(3).any(|line| line.starts_with("//!"))
}

/// Rust files that no `mod` line, target or include reaches.
pub(super) fn dead_files(sources: &[Source]) -> Vec<String> {
    let reached: BTreeSet<PathBuf> =
        sources.iter().filter(|s| s.is_rust()).flat_map(children).collect();
    sources
        .iter()
        .filter(|source| source.is_rust() && !is_root(&source.path))
        .filter(|source| !reached.contains(&source.path))
        .map(|source| format!("{}: no file includes it", source.path.display()))
        .collect()
}

/// Files that a target starts from.
fn is_root(path: &Path) -> bool {
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    let folder =
        path.parent().and_then(Path::file_name).and_then(|n| n.to_str()).unwrap_or_default();
    matches!(name, "main.rs" | "lib.rs" | "build.rs")
        || matches!(folder, "benches" | "examples" | "bin" | "fuzz_targets" | "compile_fail")
}

fn children(source: &Source) -> Vec<PathBuf> {
    let folder = source.path.parent().unwrap_or(Path::new(""));
    let stem = source.path.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
    let own = if matches!(stem, "mod" | "main" | "lib") || is_root(&source.path) {
        folder.to_owned()
    } else {
        folder.join(stem)
    };
    let mut found = Vec::new();
    for line in source.text.lines() {
        let line = line.trim();
        if let Some(path) = line.strip_prefix("#[path = \"").and_then(|l| l.strip_suffix("\"]")) {
            found.push(normal(&folder.join(path)));
        }
        let Some((_, rest)) = line.split_once("mod ") else { continue };
        let Some(name) = rest.strip_suffix(';') else { continue };
        found.push(own.join(format!("{name}.rs")));
        found.push(own.join(name).join("mod.rs"));
    }
    found
}

fn normal(path: &Path) -> PathBuf {
    path.iter().fold(PathBuf::new(), |mut clean, part| {
        if part == ".." {
            clean.pop();
        } else if part != "." {
            clean.push(part);
        }
        clean
    })
}

/// Paths in backquotes that a document names and the repository does not hold.
pub(super) fn missing_paths(sources: &[Source], root: &Path) -> Vec<String> {
    let maps = sources.iter().filter(|s| MAPS.iter().any(|map| s.path == Path::new(map)));
    let mut faults = Vec::new();
    for map in maps {
        for path in quoted_paths(&map.text) {
            let there = root.join(&path).exists() || root.join("crates").join(&path).exists();
            if !there {
                faults.push(format!("{} names {path}, which is not there", map.path.display()));
            }
        }
    }
    faults
}

fn quoted_paths(text: &str) -> Vec<String> {
    let ends = [".rs", ".md", ".toml", ".json", ".sql", ".txt", "/"];
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter(|quoted| quoted.contains('/') && !quoted.starts_with('/'))
        .filter(|quoted| !quoted.contains([' ', '<', '{', '*', '$', '~', ':']))
        .filter(|quoted| ends.iter().any(|end| quoted.ends_with(end)))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::source;

    #[test]
    fn a_file_without_a_header_and_a_name_that_says_nothing_are_found() {
        assert_eq!(faults(&source("crates/a/src/x.rs", "fn f() {}")).len(), 1);
        assert_eq!(faults(&source("crates/a/src/utils.rs", "//! Things.")).len(), 1);
        let left = concat!("//! A.\n// FIX", "ME later");
        assert_eq!(faults(&source("crates/a/src/x.rs", left)).len(), 1);
    }

    #[test]
    fn a_file_nobody_includes_is_found() {
        let lib = source("crates/a/src/lib.rs", "//! A.\npub mod used;\n");
        let used = source("crates/a/src/used.rs", "//! Used.\nmod inner;\n");
        let inner = source("crates/a/src/used/inner.rs", "//! Inner.");
        let dead = source("crates/a/src/dead.rs", "//! Dead.");
        let found = dead_files(&[lib, used, inner, dead]);
        assert_eq!(found, ["crates/a/src/dead.rs: no file includes it"]);
    }

    #[test]
    fn a_document_that_names_a_dead_path_is_found() {
        let map = source("ARCHITECTURE.md", "see `domain/src/nowhere.rs` and `a b/`");
        assert_eq!(missing_paths(&[map], Path::new("/nowhere")).len(), 1);
    }
}
