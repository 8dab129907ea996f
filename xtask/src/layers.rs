//! The arrows that may exist between crates. Any other arrow fails, and so does an arrow to a
//! library that a crate must not know.
//!
//! What this proves, by Cargo itself: the database layer cannot decrypt (`store` knows no `seal`),
//! the rules do no I/O (`domain` knows no runtime), the command line is an ordinary client (`cli`
//! knows no `store`), the broker listens to no network (`broker`'s process knows no HTTP).

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::run::{Failure, cargo, output};

/// crate → crates of this house it may depend on (tests and benches included).
const ARROWS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("mask", &[]),
    ("launcher", &[]),
    ("seal", &["domain"]),
    ("ledger", &["domain"]),
    ("witness", &["domain", "ledger"]),
    ("store", &["domain", "ledger"]),
    ("broker", &["domain", "seal", "ledger"]),
    ("outbound", &["domain"]),
    ("backup", &["domain", "seal", "ledger", "broker"]),
    ("identity", &["domain", "seal", "store", "broker", "ledger", "outbound"]),
    ("vault", &["domain", "seal", "store", "broker", "ledger"]),
    ("notary", &["domain", "seal", "store", "broker", "ledger", "outbound"]),
    (
        "server",
        &[
            "domain", "seal", "mask", "store", "broker", "ledger", "outbound", "identity", "vault",
            "notary",
        ],
    ),
    // `up` and `link` have the first owner's link made by the use case that makes all codes; the
    // unseal helper, a process of its own, calls a key service through the one door outward.
    (
        "operator",
        &[
            "domain", "seal", "store", "broker", "ledger", "outbound", "identity", "server",
            "vault", "witness", "backup", "notary",
        ],
    ),
    ("cli", &["domain", "seal", "ledger", "mask"]),
    // The last two are for its integration tests, which read what the walls left behind.
    ("casemate", &["broker", "cli", "operator", "server", "ledger", "domain", "store"]),
    ("xtask", &[]),
];

/// crate → outside libraries it must never name directly, with the sentence that would stop being
/// true.
const REFUSED: &[(&str, &[&str], &str)] = &[
    ("domain", &["tokio", "rusqlite", "hyper", "axum", "aws-lc-rs"], "the law does no I/O"),
    (
        "seal",
        &["tokio", "rusqlite", "hyper", "axum", "tokio-postgres"],
        "sealing knows no database",
    ),
    ("mask", &["tokio", "hyper", "rusqlite"], "masking does no I/O"),
    ("launcher", &["tokio", "hyper", "rustls"], "what is forked has one thread and no network"),
    ("ledger", &["tokio", "hyper", "rusqlite", "tokio-postgres"], "the ledger does no I/O"),
    ("store", &["argon2", "jsonwebtoken", "totp-rs", "hyper", "axum"], "the store opens nothing"),
    ("witness", &["rusqlite", "tokio-postgres", "rustls"], "a witness is a file, a key, a door"),
    ("broker", &["hyper", "axum", "hyper-util", "rustls"], "the broker speaks no HTTP"),
    ("backup", &["tokio", "rusqlite", "tokio-postgres", "hyper"], "a backup is files and a rule"),
    ("identity", &["axum", "hyper", "rusqlite", "tokio-postgres"], "use cases know no wire"),
    ("vault", &["axum", "hyper", "rusqlite", "tokio-postgres"], "use cases know no wire"),
    ("notary", &["axum", "hyper", "rusqlite", "tokio-postgres"], "use cases know no wire"),
    ("server", &["rusqlite", "tokio-postgres", "argon2"], "the API holds no statement"),
    ("cli", &["rusqlite", "tokio-postgres", "axum"], "the command line is a client"),
];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: Vec<String>,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

/// Reads the manifest graph and compares every arrow with the table.
///
/// # Errors
/// Every arrow that is not in the table, in one message.
pub fn check() -> Result<(), Failure> {
    let text = output(cargo().args(["metadata", "--format-version", "1", "--locked"]))?;
    let metadata: Metadata =
        serde_json::from_str(&text).map_err(|error| Failure(error.to_string()))?;
    let faults = faults(&metadata);
    if faults.is_empty() { Ok(()) } else { Err(Failure(faults.join("\n"))) }
}

fn faults(metadata: &Metadata) -> Vec<String> {
    let arrows: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let mut faults = Vec::new();
    for package in metadata.packages.iter().filter(|p| metadata.workspace_members.contains(&p.id)) {
        let Some(allowed) = arrows.get(package.name.as_str()) else {
            faults
                .push(format!("{} is not in the layer table of xtask/src/layers.rs", package.name));
            continue;
        };
        for dependency in &package.dependencies {
            let inside = arrows.contains_key(dependency.name.as_str());
            if inside && !allowed.contains(&dependency.name.as_str()) {
                faults.push(format!("{} must not depend on {}", package.name, dependency.name));
            }
        }
        faults.extend(refused(package));
    }
    faults
}

fn refused(package: &Package) -> Vec<String> {
    REFUSED
        .iter()
        .filter(|(name, _, _)| *name == package.name)
        .flat_map(|(_, libraries, sentence)| {
            package
                .dependencies
                .iter()
                .filter(|d| d.kind.as_deref() != Some("dev"))
                .filter(|d| libraries.contains(&d.name.as_str()))
                .map(move |d| format!("{} depends on {}: {sentence}", package.name, d.name))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(name: &str, dependencies: &[(&str, Option<&str>)]) -> Metadata {
        let dependencies = dependencies
            .iter()
            .map(|(name, kind)| Dependency {
                name: (*name).to_owned(),
                kind: kind.map(str::to_owned),
            })
            .collect();
        let package = Package { id: name.to_owned(), name: name.to_owned(), dependencies };
        Metadata { packages: vec![package], workspace_members: vec![name.to_owned()] }
    }

    #[test]
    fn the_house_has_no_arrow_outside_the_table() {
        check().unwrap();
    }

    #[test]
    fn the_database_layer_that_could_decrypt_is_refused() {
        assert_eq!(faults(&graph("store", &[("seal", None)])), ["store must not depend on seal"]);
    }

    #[test]
    fn a_use_case_that_speaks_http_is_refused() {
        assert_eq!(faults(&graph("vault", &[("hyper", None)])).len(), 1);
        assert!(faults(&graph("vault", &[("hyper", Some("dev"))])).is_empty());
    }

    #[test]
    fn a_crate_that_nobody_listed_is_refused() {
        assert_eq!(faults(&graph("helpers", &[])).len(), 1);
    }
}
