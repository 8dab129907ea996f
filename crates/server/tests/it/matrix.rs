//! The authorization matrix: every operation of the document, asked by everybody, with the exact
//! answer.
//!
//! It is the same on both engines, read by people, and compared byte for byte. `UPDATE_GOLDEN=1`
//! writes it anew, except in CI; an operation that the document has and the matrix has not fails.
//!
//! A refusal must leave no trace: callers of one line share a copy until one of them succeeds.

use std::path::Path;

use crate::house::{Answer, Engine, House, Person, Team};
use crate::operations::{self, Operation};

/// Who asks. All of them name acme's things.
const CALLERS: [&str; 7] =
    ["anonymous", "neighbour", "owner", "admin", "operator", "viewer", "unscoped key"];

/// Who it is (the owner, for callers who are nobody's session), and what they present.
fn asker<'a>(house: &House, acme: &'a Team, caller: &str) -> (&'a Person, Option<&'a str>) {
    let person = match caller {
        "neighbour" => &house.rival().owner,
        "admin" => &acme.admin,
        "operator" => &acme.operator,
        "viewer" => &acme.viewer,
        _ => &acme.owner,
    };
    match caller {
        "anonymous" => (person, None),
        "unscoped key" => (person, Some(&acme.key)),
        _ => (person, Some(&person.access)),
    }
}

async fn ask(house: &House, operation: &Operation, caller: &str) -> Answer {
    let acme = house.acme();
    let (person, credential) = asker(house, acme, caller);
    let target = operation.target(&operation.places(house, acme));
    let body = operation.body(house, acme, person);
    let answer = house.call(&operation.method, &target, credential, body.as_ref()).await;
    if caller == "neighbour" || caller == "anonymous" {
        shows_nothing_of(acme, operation, &answer);
    }
    answer
}

/// One line: every caller asks a copy of the installation that nobody has changed yet.
async fn line(engine: Engine, operation: &Operation) -> Vec<String> {
    let mut verdicts = Vec::new();
    let mut untouched: Option<House> = None;
    for caller in CALLERS {
        let house = match untouched.take() {
            Some(house) => house,
            None => House::open_on(engine).await,
        };
        let answer = ask(&house, operation, caller).await;
        verdicts.push(answer.verdict());
        if operation.method == "GET" || (answer.status.is_client_error() && operation.guarded) {
            untouched = Some(house);
        } else {
            house.close().await;
        }
    }
    verdicts
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

async fn matrix(engine: Engine) -> String {
    let row = |name: &str, cells: &[String]| {
        let cells: String = cells.iter().map(|cell| format!(" | {cell:<31}")).collect();
        format!("{name:<24}{cells}").trim_end().to_owned() + "\n"
    };
    let mut text = row("operation", &CALLERS.map(str::to_owned));
    for (id, operation) in operations::all() {
        text += &row(&id, &line(engine, &operation).await);
    }
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_gets_exactly_the_answer_in_the_matrix() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/matrix.txt");
    for engine in Engine::all() {
        let found = matrix(engine).await;
        if std::env::var_os("UPDATE_GOLDEN").is_some() && std::env::var_os("CI").is_none() {
            std::fs::write(&path, &found).unwrap();
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        for (line, (found, golden)) in found.lines().zip(golden.lines()).enumerate() {
            assert_eq!(found, golden, "line {} on {engine:?}", line + 1);
        }
        assert!(found == golden, "the matrix has other operations than the document");
    }
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

/// The neighbour's column in words: nothing of another workspace is ever granted, and nothing is
/// even there.
#[test]
fn a_neighbour_is_never_told_that_they_lack_a_right() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/matrix.txt");
    let golden = std::fs::read_to_string(path).unwrap();
    for line in golden.lines().skip(1) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        assert!(!cells[2].starts_with("403"), "{line}");
    }
}
