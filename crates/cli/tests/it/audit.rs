//! The export on its way into a file.

use serde_json::json;

use crate::house::{Machine, golden_export, server};
use crate::server::{Reply, Server};

fn exporting() -> Server {
    server(|asked| match asked.line().as_str() {
        "GET /v1/audit/export" => Some(Reply::bytes(std::fs::read(golden_export()).unwrap())),
        "GET /v1/audit/checkpoint" => {
            Some(Reply::json(json!({ "checkpoint": "origin\n7\nroot\n" })))
        }
        _ => None,
    })
}

#[test]
fn an_export_arrives_whole_and_verifies() {
    let (machine, server) = (Machine::new(), exporting());
    machine.sign_in(&server);
    let path = machine.path("export");
    let ended = machine.run(&["audit", "export", path.to_str().unwrap()]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(std::fs::read(&path).unwrap(), std::fs::read(golden_export()).unwrap());
    assert_eq!(machine.run(&["verify", path.to_str().unwrap()]).code, Some(0));
}

#[test]
fn an_export_overwrites_nothing() {
    let (machine, server) = (Machine::new(), exporting());
    machine.sign_in(&server);
    let path = machine.file("export", "mine");
    let ended = machine.run(&["audit", "export", path.to_str().unwrap()]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(std::fs::read_to_string(path).unwrap(), "mine");
}

#[test]
fn an_export_can_go_into_a_pipe() {
    let (machine, server) = (Machine::new(), exporting());
    machine.sign_in(&server);
    let ended = machine.run(&["audit", "export", "-"]);
    assert_eq!(ended.out.into_bytes(), std::fs::read(golden_export()).unwrap());
}
