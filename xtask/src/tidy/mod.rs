//! The style guide made executable.
//!
//! Each rule is a function from the repository's files to a list of faults, with a test that sees
//! it fail. Rules: [`sizes`] (files, functions, lines), [`words`] (headers, names, leftovers, dead
//! files, dead paths in documents), [`lists`] (places where a wall's door is opened, which a golden
//! list names).

mod lists;
mod sizes;
mod words;

use std::path::{Path, PathBuf};

use crate::run::{Failure, output, root};

/// One source file: its path from the root, and its text.
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl Source {
    fn is_rust(&self) -> bool {
        self.path.extension().is_some_and(|e| e == "rs")
    }

    /// Whether the file is test, bench or fuzz code as a whole.
    fn is_test(&self) -> bool {
        let inside = |folder: &str| self.path.iter().any(|part| part == folder);
        inside("tests")
            || inside("benches")
            || inside("fuzz")
            || inside("examples")
            || self.path.file_name().is_some_and(|name| name == "tests.rs")
    }
}

/// Checks the whole repository.
///
/// # Errors
/// Every fault, in one message.
pub fn check() -> Result<(), Failure> {
    let sources = sources(&root())?;
    let mut faults = Vec::new();
    for source in &sources {
        faults.extend(words::faults(source));
        if source.is_rust() {
            faults.extend(sizes::faults(source));
        }
    }
    faults.extend(words::dead_files(&sources));
    faults.extend(words::missing_paths(&sources, &root()));
    faults.extend(lists::faults(&sources, &root())?);
    if faults.is_empty() { Ok(()) } else { Err(Failure(faults.join("\n"))) }
}

/// The files git tracks, and those it would, that are text we wrote.
fn sources(root: &Path) -> Result<Vec<Source>, Failure> {
    let mut git = std::process::Command::new("git");
    git.current_dir(root).args(["ls-files", "--cached", "--others", "--exclude-standard"]);
    let kept = ["rs", "toml", "md", "sql", "ts", "tsx"];
    let mut sources = Vec::new();
    for line in output(&mut git)?.lines() {
        let path = PathBuf::from(line);
        let known = path.extension().is_some_and(|e| kept.iter().any(|k| e == *k));
        if known && let Ok(text) = std::fs::read_to_string(root.join(&path)) {
            sources.push(Source { path, text });
        }
    }
    Ok(sources)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn source(path: &str, text: &str) -> Source {
        Source { path: path.into(), text: text.to_owned() }
    }

    #[test]
    fn the_repository_is_tidy() {
        check().unwrap();
    }
}
