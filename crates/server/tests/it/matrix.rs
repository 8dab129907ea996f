//! The authorization matrix: every operation of the document, asked by everybody, with the exact answer.
//!
//! It is read by people and compared byte for byte. `UPDATE_GOLDEN=1` writes it anew, except in CI; an operation
//! that the document has and the matrix has not fails.

use std::fmt::Write;
use std::path::Path;

use crate::house::{Answer, House, Team};
use crate::operations::{self, Operation};

/// Who asks. All of them name acme's things.
const CALLERS: [&str; 7] =
    ["anonymous", "neighbour", "owner", "admin", "operator", "viewer", "unscoped key"];

fn credential<'a>(house: &House, acme: &'a Team, caller: &str) -> Option<&'a str> {
    match caller {
        "anonymous" => None,
        "neighbour" => Some(house.rival().owner.access.as_str()),
        "owner" => Some(&acme.owner.access),
        "admin" => Some(&acme.admin.access),
        "operator" => Some(&acme.operator.access),
        "viewer" => Some(&acme.viewer.access),
        "unscoped key" => Some(&acme.key),
        other => panic!("{other}"),
    }
}

/// One cell: a fresh copy of the installation, one request.
async fn ask(operation: &Operation, caller: &str) -> Answer {
    let house = House::open().await;
    let acme = house.acme();
    let target = operation.target(&operation.places(&house, acme));
    let body = operation.body(&house, acme);
    let credential = credential(&house, acme, caller);
    let answer = house.call(&operation.method, &target, credential, body.as_ref()).await;
    if caller == "neighbour" || caller == "anonymous" {
        shows_nothing_of(acme, operation, &answer);
    }
    house.close().await;
    answer
}

/// A neighbour who was invited may learn which workspace they joined, and nothing else.
fn shows_nothing_of(acme: &Team, operation: &Operation, answer: &Answer) {
    if !operation.guarded {
        return;
    }
    let text = answer.text();
    for private in acme.private() {
        let invited = operation.id == "invitations_accept" && private == acme.id;
        assert!(invited || !text.contains(private), "{}: {text}", operation.id);
    }
}

async fn matrix() -> String {
    let mut text = format!("{:<24}", "operation");
    for caller in CALLERS {
        write!(text, "| {caller:<33}").unwrap();
    }
    text = format!("{}\n", text.trim_end());
    for (id, operation) in operations::all() {
        let mut line = format!("{id:<24}");
        for caller in CALLERS {
            let verdict = ask(&operation, caller).await.verdict();
            write!(line, "| {verdict:<33}").unwrap();
        }
        writeln!(text, "{}", line.trim_end()).unwrap();
    }
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_gets_exactly_the_answer_in_the_matrix() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/matrix.txt");
    let found = matrix().await;
    if std::env::var_os("UPDATE_GOLDEN").is_some() && std::env::var_os("CI").is_none() {
        std::fs::write(&path, &found).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    for (line, (found, golden)) in found.lines().zip(golden.lines()).enumerate() {
        assert_eq!(found, golden, "line {}", line + 1);
    }
    assert!(found == golden, "the matrix has other operations than the document");
}

#[test]
fn every_operation_of_the_document_has_its_line() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/matrix.txt");
    let golden = std::fs::read_to_string(path).unwrap();
    let lines: Vec<&str> =
        golden.lines().skip(1).map(|line| line.split('|').next().unwrap().trim()).collect();
    let operations: Vec<String> = operations::all().into_keys().collect();
    assert_eq!(lines, operations);
}

/// The neighbour's column in words: nothing of another workspace is ever granted, and nothing is even there.
#[test]
fn a_neighbour_is_never_told_that_they_lack_a_right() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/matrix.txt");
    let golden = std::fs::read_to_string(path).unwrap();
    for line in golden.lines().skip(1) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        assert!(!cells[2].starts_with("403"), "{line}");
    }
}
