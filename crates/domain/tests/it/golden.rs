//! Golden tables: text that somebody who reads no Rust can check, compared byte for byte.
//!
//! Never: a test that writes them. With `UPDATE_GOLDEN=1` a differing table is written to a
//! temporary file whose name is printed, to be read and moved by a person; in CI (`CI=true`) that
//! is refused.

use std::env;
use std::fs;
use std::path::Path;

/// Compares `table` with `tests/golden/<name>`.
pub(crate) fn same(name: &str, table: &str) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let wanted = fs::read_to_string(&golden).unwrap_or_default();
    if wanted == table {
        return;
    }
    let line = wanted.lines().zip(table.lines()).take_while(|(a, b)| a == b).count();
    let (old, new) = (wanted.lines().nth(line), table.lines().nth(line));
    let hint = hint(name, table);
    panic!("{name} differs at line {}:\n  kept: {old:?}\n  now:  {new:?}\n{hint}", line + 1);
}

#[allow(clippy::disallowed_methods, reason = "how a test talks to whoever runs it")]
fn hint(name: &str, table: &str) -> String {
    if env::var("UPDATE_GOLDEN").as_deref() != Ok("1") {
        return "run with UPDATE_GOLDEN=1 to get the new table as a file to read".to_owned();
    }
    assert!(env::var("CI").as_deref() != Ok("true"), "golden tables are never rewritten in CI");
    let proposal = env::temp_dir().join(format!("proposed-{name}"));
    fs::write(&proposal, table).expect("a temporary file");
    format!("read {}, and if it is right move it to tests/golden/{name}", proposal.display())
}
