//! A witness that anyone can run, beside a platform that asks it: with real processes.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::engine::Engine;
use crate::house::{House, free_port, until};
use crate::http::Api;
use crate::walk::{first_owner, sequenced, workspace};

/// A witness process.
struct Witness(Child);

impl Witness {
    fn start(house: &House, folder: &str, port: u16) -> Self {
        let listen = format!("127.0.0.1:{port}");
        let mut command = house.command(&["witness", "run", folder, "--listen", &listen, "--json"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&said["event"], &said["logs"]), (&"listening".into(), &1.into()), "{said}");
        Self(child)
    }

    fn kill(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        self.0.wait().unwrap();
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What the doctor says of the witnesses: verdict and sentence.
fn standing(house: &House) -> (String, String) {
    let doctor = house.run(&["doctor"]);
    let line = doctor.lines.iter().find(|line| line["check"] == "witnesses").unwrap();
    let text = |name: &str| line[name].as_str().unwrap().to_owned();
    (text("verdict"), text("seen"))
}

fn fetched(up: &str, data: &Path, path: &str) -> (u16, Vec<u8>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let answer = runtime.block_on(async { Api::new(up, data).get(path, None).await }).unwrap();
    (answer.status.as_u16(), answer.body.to_vec())
}

#[test]
fn a_witness_that_anyone_can_run_stands_behind_an_export() {
    for engine in Engine::all() {
        println!("on {}", engine.name());
        let mut house = House::new(&engine);
        let (port, folder) = (free_port(), house.path("witness"));
        let folder = folder.to_str().unwrap();
        let made = house.run(&["witness", "init", folder, "--name", "witness.example/w1"]).ok();
        let key = made.lines[0]["key"].as_str().unwrap().to_owned();
        let again = house.run(&["witness", "init", folder, "--name", "witness.example/w1"]);
        assert_eq!(again.code(), Some(6), "a second key is not made over the first");
        house.set("CASEMATE_WITNESSES__ASK", &format!("http://127.0.0.1:{port} {key}"));
        house.set("CASEMATE_WITNESSES__PUBLISH_SECONDS", "10");
        house.set("CASEMATE_OUTBOUND__ALLOW", &format!("127.0.0.1:{port}"));
        let up = house.up();
        let owner = first_owner(&up);
        workspace(&owner, "acme", "the-secret-of-acme-4711");
        workspace(&owner, "globex", "the-secret-of-globex-0815");
        sequenced(&owner);
        let (_, answer) = fetched(up.url(), &house.data(), "/v1/audit/key");
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        std::fs::write(Path::new(folder).join("logs"), answer["key"].as_str().unwrap()).unwrap();
        let mut witness = Witness::start(&house, folder, port);
        until("the witness has cosigned", || standing(&house).1.starts_with("1 of 1 witnesses"));

        let policy = owner.note("policy", &format!("witness W {key}\nquorum W\n"));
        let policy = policy.to_str().unwrap();
        let verify = |name: &str, more: &[&str]| {
            let path = owner.home().join(name);
            owner.run(&["audit", "export", path.to_str().unwrap()]).ok();
            let words = [&["verify", path.to_str().unwrap(), "--policy", policy], more].concat();
            owner.run(&words)
        };
        let mut verdict = Value::Null;
        until("the log of this workspace was published and cosigned", || {
            let name = format!("export-{}", std::fs::read_dir(owner.home()).unwrap().count());
            let outcome = verify(&name, &[]);
            verdict = outcome.lines[0].clone();
            outcome.code() == Some(0)
        });
        assert_eq!(verdict["signed_by"], "operator and witnesses", "{verdict}");
        assert_eq!(verdict["published"]["cosigned"], 1);

        // Whoever goes over every leaf finds no other checkpoint of this log.
        let at = |name: &str| owner.home().join(name).to_str().unwrap().to_owned();
        let (export, copy, kept) = (at("whole"), at("copy"), at("kept.tlog-proof"));
        owner.run(&["audit", "export", &export]).ok();
        owner.run(&["audit", "copy", &copy]).ok();
        let words = ["verify", &export, "--policy", policy, "--copy", &copy, "--keep-proof", &kept];
        let scanned = owner.run(&words).ok();
        assert!(scanned.lines[0]["published"]["leaves"].as_u64() >= Some(1), "{scanned:?}");
        let later = verify("with-kept", &["--proof", &kept]);
        assert_eq!(later.code(), Some(0), "{later:?}");

        // The public log is there for strangers, and knows no workspace.
        let (status, head) = fetched(up.url(), &house.data(), "/log/checkpoint");
        let head = String::from_utf8(head).unwrap();
        assert!(status == 200 && head.contains("\u{2014} witness.example/w1 "), "{head}");
        let size = head.lines().nth(1).unwrap();
        let bundle = format!("/log/tile/entries/000.p/{size}");
        let (status, entries) = fetched(up.url(), &house.data(), &bundle);
        assert_eq!(status, 200, "{bundle}");
        let entries = String::from_utf8_lossy(&entries).into_owned();
        assert_eq!(entries.matches("casemate.blinded-checkpoint.v1").count().to_string(), size);

        // Killed and gone, it takes nothing back of what it has said.
        witness.kill();
        owner.run(&["projects", "create", "later"]).ok();
        sequenced(&owner);
        let without = verify("without", &[]);
        assert_eq!(without.code(), Some(0), "{without:?}");
        assert!(without.lines[0]["published"]["size"].as_u64() < without.lines[0]["size"].as_u64());
        drop(Witness::start(&house, folder, port));
        up.stop();
    }
}
