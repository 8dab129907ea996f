//! Programs with secrets: what they are given, what they show, and how they end.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::house::{ENVIRONMENT, Ended, Machine, PROJECT, server};
use crate::server::{Reply, Server};

const VALUE: &str = "correct-horse-battery-staple";

fn giving(secrets: &[(&str, &[u8])]) -> Server {
    let list: Vec<_> = secrets
        .iter()
        .map(|(name, value)| {
            let value_base64 = data_encoding::BASE64.encode(value);
            json!({ "name": name, "version": 1, "value_base64": value_base64 })
        })
        .collect();
    let line = format!("POST /v1/projects/{PROJECT}/environments/{ENVIRONMENT}/local-use");
    server(move |asked| (asked.line() == line).then(|| Reply::json(json!({ "secrets": list }))))
}

fn place() -> Vec<&'static str> {
    vec!["run", "--project", "shop", "--env", "development"]
}

fn run(machine: &Machine, flags: &[&str], program: &[&str]) -> Ended {
    machine.run(&[&place()[..], flags, &["--"], program].concat())
}

fn house(secrets: &[(&str, &[u8])]) -> (Machine, Server) {
    let (machine, server) = (Machine::new(), giving(secrets));
    machine.sign_in(&server);
    (machine, server)
}

#[test]
fn a_program_has_the_secret_and_shows_it_to_nobody() {
    let (machine, server) = house(&[("TOKEN", VALUE.as_bytes())]);
    let script = "test \"$TOKEN\" = correct-horse-battery-staple && echo has it; \
        echo out $TOKEN; echo err $TOKEN >&2; printf %s \"$TOKEN\" | base64";
    let ended = run(&machine, &["--reason", "a try"], &["sh", "-c", script]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.starts_with("has it\nout [masked]\n"), "{ended:?}");
    assert_eq!(ended.err, "err [masked]\n");
    assert!(!ended.out.contains("Y29ycmVjdC1ob3JzZS"), "{ended:?}");
    let asked = server.asked();
    assert_eq!(asked.last().unwrap().body, json!({ "program": "sh", "reason": "a try" }));
}

#[test]
fn a_secret_printed_byte_by_byte_is_masked_too() {
    let (machine, _server) = house(&[("TOKEN", VALUE.as_bytes())]);
    let script = "printf '%s' \"$TOKEN\" | while IFS= read -r -n1 c; do printf '%s' \"$c\"; \
        sleep 0.002; done; echo";
    let ended = run(&machine, &[], &["bash", "-c", script]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), "[masked]\n"), "{ended:?}");
}

#[test]
fn a_secret_on_the_edge_of_two_buffers_is_masked() {
    let (machine, _server) = house(&[("TOKEN", VALUE.as_bytes())]);
    for before in [65_535, 65_530, 65_508, 131_060] {
        let script = format!("head -c {before} /dev/zero | tr '\\0' x; echo \"$TOKEN\"");
        let ended = run(&machine, &[], &["sh", "-c", &script]);
        assert!(ended.out.ends_with("x[masked]\n") && ended.out.len() == before + 9, "{before}");
    }
}

#[test]
fn the_programs_exit_code_is_ours() {
    let (machine, _server) = house(&[]);
    for code in [0, 1, 7, 10, 255] {
        let ended = run(&machine, &[], &["sh", "-c", &format!("exit {code}")]);
        assert_eq!(ended.code, Some(code), "{ended:?}");
    }
    assert_eq!(run(&machine, &[], &["sh", "-c", "kill -9 $$"]).code, Some(128 + 9));
    let missing = run(&machine, &[], &["no-such-program-anywhere"]);
    assert_eq!(missing.code, Some(127), "{missing:?}");
    assert!(missing.err.contains("no-such-program-anywhere"));
    assert_eq!(run(&machine, &[], &["/etc/passwd"]).code, Some(126));
}

fn started(machine: &Machine, script: &str) -> (Child, BufReader<std::process::ChildStdout>) {
    let arguments = [&place()[..], &["--", "sh", "-c", script]].concat();
    let mut child = machine.bare(&arguments).spawn().unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    (child, out)
}

fn line(out: &mut impl BufRead) -> String {
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

fn pid(text: &str) -> Pid {
    Pid::from_raw(text.parse().unwrap()).unwrap()
}

#[test]
fn signals_reach_the_program_and_its_answer_reaches_us() {
    let (machine, _server) = house(&[]);
    for (signal, name) in [(Signal::TERM, "TERM"), (Signal::HUP, "HUP"), (Signal::INT, "INT")] {
        let script = format!(
            "trap 'echo got {name}; exit 43' {name}; echo ready; while :; do sleep 0.05; done"
        );
        let (mut child, mut out) = started(&machine, &script);
        assert_eq!(line(&mut out), "ready");
        kill_process(pid(&child.id().to_string()), signal).unwrap();
        assert_eq!(line(&mut out), format!("got {name}"));
        assert_eq!(child.wait().unwrap().code(), Some(43), "{name}");
    }
}

#[test]
fn no_value_is_in_anybodys_arguments_nor_in_our_environment() {
    let (machine, _server) = house(&[("TOKEN", VALUE.as_bytes())]);
    let (mut child, mut out) = started(&machine, "echo $$; exec sleep 30");
    let program = line(&mut out);
    let read = |who: &str, what: &str| fs::read(format!("/proc/{who}/{what}")).unwrap();
    let holds = |bytes: &[u8]| bytes.windows(VALUE.len()).any(|part| part == VALUE.as_bytes());
    let own = child.id().to_string();
    assert!(!holds(&read(&own, "cmdline")) && !holds(&read(&own, "environ")));
    // Between one program and the next, a process has neither arguments nor an environment.
    let begun = Instant::now();
    while !read(&program, "cmdline").starts_with(b"sleep") {
        assert!(begun.elapsed() < Duration::from_secs(60), "it became what it was told to be");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(!holds(&read(&program, "cmdline")));
    assert!(holds(&read(&program, "environ")), "the program has it");
    kill_process(pid(&program), Signal::KILL).unwrap();
    child.wait().unwrap();
}

#[test]
fn a_secret_that_would_run_other_code_stops_the_program_from_starting() {
    let (machine, _server) = house(&[("LD_PRELOAD", b"/tmp/evil.so")]);
    let ended = run(&machine, &[], &["echo", "started"]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{ended:?}");
    assert!(ended.err.contains("--allow LD_PRELOAD"), "{ended:?}");
}

#[test]
fn values_too_short_to_mask_are_told_by_name() {
    let (machine, _server) = house(&[("PIN", b"1234")]);
    let ended = run(&machine, &[], &["sh", "-c", "echo $PIN"]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), "1234\n"), "{ended:?}");
    assert!(ended.err.contains("PIN") && !ended.err.contains("1234"), "{ended:?}");
}

#[test]
fn a_value_that_is_no_text_arrives_as_it_is() {
    let (machine, _server) = house(&[("RAW", b"\xff\xfe\x80 bytes")]);
    let ended =
        run(&machine, &[], &["sh", "-c", "printf %s \"$RAW\" | od -An -tx1 | tr -d ' \\n'"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    // Hexadecimal is one of the forms that are masked, so the length is asked for instead.
    assert_eq!(ended.out, "[masked]", "{ended:?}");
    let ended = run(&machine, &[], &["sh", "-c", "printf %s \"$RAW\" | wc -c"]);
    assert_eq!(ended.out.trim(), "9", "{ended:?}");
}

#[test]
fn arguments_that_are_no_text_reach_the_program_unchanged() {
    use std::ffi::{OsStr, OsString};
    use std::os::unix::ffi::OsStrExt;
    let (machine, _server) = house(&[]);
    let mut arguments: Vec<OsString> = place().into_iter().map(OsString::from).collect();
    arguments.extend(["--", "printf", "%s"].map(OsString::from));
    arguments.push(OsStr::from_bytes(b"\xff\xfe").to_owned());
    let mut command = machine.command(&arguments);
    assert_eq!(command.output().unwrap().stdout, b"\xff\xfe");
}

#[test]
fn stdin_belongs_to_the_program() {
    let (machine, _server) = house(&[("TOKEN", VALUE.as_bytes())]);
    let arguments = [&place()[..], &["--", "cat"]].concat();
    let ended = machine.piped(&arguments, b"654321\nsecond line\n");
    assert_eq!(ended.out, "654321\nsecond line\n", "{ended:?}");
}

#[test]
fn a_program_without_end_learns_that_nobody_reads() {
    let (machine, _server) = house(&[]);
    let (mut child, mut out) = started(&machine, "while :; do echo y; done");
    out.read_exact(&mut [0; 4]).unwrap();
    drop(out);
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(128 + 13), "it ended by SIGPIPE");
}

#[test]
fn production_that_stays_inside_is_told_with_the_way_out() {
    let line = format!("POST /v1/projects/{PROJECT}/environments/{ENVIRONMENT}/local-use");
    let server = server(move |asked| {
        (asked.line() == line).then(|| Reply::problem(403, "production.stays_inside"))
    });
    let machine = Machine::new();
    machine.sign_in(&server);
    let ended = run(&machine, &[], &["echo", "started"]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(4), ""), "{ended:?}");
    assert!(ended.err.contains("workspaces settings"), "{ended:?}");
}
