//! The OpenAPI document: committed as it is generated, complete, and never written by hand.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) fn document() -> Value {
    serde_json::from_str(&server::document()).unwrap()
}

#[test]
fn the_committed_document_is_the_generated_one() {
    let path = root().join("openapi.json");
    let generated = server::document();
    if std::env::var_os("UPDATE_GOLDEN").is_some() && std::env::var_os("CI").is_none() {
        std::fs::write(&path, &generated).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == generated, "openapi.json is stale: run this test with UPDATE_GOLDEN=1");
}

#[test]
fn it_is_of_version_3_1_and_every_reference_leads_somewhere() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let text = document.to_string();
    for part in text.split("\"$ref\":\"#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(document["components"]["schemas"][name].is_object(), "{name} is not defined");
    }
    assert!(!text.contains("x-definitions"));
}

#[test]
fn every_operation_has_an_id_of_its_own_a_tag_and_a_summary() {
    let document = document();
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let place = format!("{method} {path}");
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{place} has the id of another operation");
            assert!(operation["tags"][0].is_string(), "{place} has no tag");
            assert!(operation["summary"].as_str().is_some_and(|s| !s.is_empty()), "{place}");
        }
    }
    assert!(ids.len() >= 45, "{} operations", ids.len());
}

#[test]
fn every_request_body_has_an_example() {
    let document = document();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            if let Some(reference) = schema["$ref"].as_str() {
                let name = reference.rsplit('/').next().unwrap();
                let example = &document["components"]["schemas"][name]["example"];
                assert!(example.is_object(), "{method} {path}: {name} has no example");
            }
        }
    }
}

/// The files of the version's verbs.
fn verbs() -> Vec<(PathBuf, String)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/v1")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = std::fs::read_to_string(&path).unwrap();
                files.push((path, text));
            }
        }
    }
    files.retain(|(_, text)| text.contains("#[utoipa::path("));
    assert!(files.len() >= 45, "{} verbs were found", files.len());
    files
}

/// A response type written beside a handler drifts from what the handler returns; this is refused
/// everywhere.
#[test]
fn no_response_is_described_by_hand() {
    for (path, text) in verbs() {
        for hand in ["responses((", "body = ", "request_body"] {
            assert!(!text.contains(hand), "{}: {hand}", path.display());
        }
    }
}

#[test]
fn every_extracted_parameter_is_described() {
    for (path, text) in verbs() {
        let (_, attribute) = text.split_once("#[utoipa::path(").unwrap();
        let (attribute, handler) = attribute.split_once("pub async fn").unwrap();
        for extractor in ["Path<", "Query<"] {
            if let Some((_, rest)) = handler.split_once(extractor) {
                let shape = rest.split('>').next().unwrap();
                assert!(attribute.contains(shape), "{}: {shape}", path.display());
            }
        }
        for (extractor, header) in
            [(": Idempotent", "IdempotencyHeader"), (": IfMatch", "IfMatchHeader")]
        {
            let (reads, says) = (handler.contains(extractor), attribute.contains(header));
            assert_eq!(reads, says, "{}: {header}", path.display());
        }
    }
}

#[test]
fn every_name_in_a_path_is_a_parameter() {
    let document = document();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let named: BTreeSet<&str> =
                path.split('{').skip(1).map(|part| part.split('}').next().unwrap()).collect();
            let described: BTreeSet<&str> = operation["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|parameter| parameter["in"] == "path")
                .map(|parameter| parameter["name"].as_str().unwrap())
                .collect();
            assert_eq!(named, described, "{method} {path}");
        }
    }
}
