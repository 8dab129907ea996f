//! Starts what a line of JSON on its input says, and prints how it ended. For the tests: a process
//! of one thread that launches, as the launcher's own process does.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "it stops at the first surprise, and the test with it"
)]

use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use launcher::cgroup::Cgroups;
use launcher::{Bind, Limits, Reach, Sandbox, Streams, Variable, Writable, launch};
use serde_json::{Value, json};
use zeroize::Zeroizing;

fn main() {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).expect("a line of JSON");
    let wanted: Value = serde_json::from_str(&text).expect("a line of JSON");
    let answer = run(&wanted).unwrap_or_else(|refused| json!({ "refused": refused }));
    println!("{answer}");
}

fn run(wanted: &Value) -> Result<Value, String> {
    let sandbox = sandbox(wanted);
    sandbox.check().map_err(|error| error.to_string())?;
    let cgroups = Cgroups::find("tests").map_err(|error| error.to_string())?;
    let null = || std::fs::File::open("/dev/null").expect("a device");
    let out = |name: &str| {
        let path = wanted[name].as_str().unwrap_or("/dev/null");
        std::fs::File::options().create(true).append(true).open(path).expect("a file")
    };
    let streams =
        Streams { input: null().into(), output: out("out").into(), error: out("out").into() };
    let running = launch(&sandbox, streams, &cgroups).map_err(|error| format!("{error}"))?;
    let within = Duration::from_millis(wanted["within_ms"].as_u64().unwrap_or(20_000));
    let (ending, usage) = running.wait(within).map_err(|error| error.to_string())?;
    Ok(json!({
        "ending": ending,
        "memory_kills": usage.memory_kills,
        "refused_forks": usage.refused_forks,
        "cpu_us": usage.cpu_us,
    }))
}

fn texts(list: &Value) -> Vec<String> {
    let list = list.as_array().into_iter().flatten();
    list.filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

fn sandbox(wanted: &Value) -> Sandbox {
    let number = |name: &str, default: u64| wanted[name].as_u64().unwrap_or(default);
    let path = |value: &Value| PathBuf::from(value.as_str().unwrap_or_default());
    let binds = wanted["binds"].as_array().into_iter().flatten();
    let writable = wanted["writable"].as_object().into_iter().flatten();
    let variables = wanted["environment"].as_object().into_iter().flatten();
    Sandbox {
        name: wanted["name"].as_str().unwrap_or("run").to_owned(),
        host_user: u32::try_from(number("host_user", 200_000)).unwrap_or(0),
        layers: texts(&wanted["layers"]).into_iter().map(PathBuf::from).collect(),
        root: if wanted["root"] == "write" { Reach::Write } else { Reach::Read },
        root_bytes: number("root_bytes", 4 << 20),
        binds: binds
            .map(|bind| Bind {
                source: path(&bind["source"]),
                target: path(&bind["target"]),
                reach: if bind["reach"] == "write" { Reach::Write } else { Reach::Read },
            })
            .collect(),
        writable: writable
            .map(|(target, bytes)| Writable {
                target: target.into(),
                bytes: bytes.as_u64().unwrap_or(0),
            })
            .collect(),
        command: texts(&wanted["command"]),
        environment: variables
            .map(|(name, value)| Variable {
                name: name.clone(),
                value: Zeroizing::new(value.as_str().unwrap_or_default().to_owned()),
            })
            .collect(),
        folder: wanted["folder"].as_str().unwrap_or("/").into(),
        ports: vec![8080],
        limits: Limits {
            memory_bytes: number("memory_bytes", 64 << 20),
            processes: u32::try_from(number("processes", 64)).unwrap_or(0),
            cpu_millis: u32::try_from(number("cpu_millis", 1_000)).unwrap_or(0),
            ..Limits::default()
        },
    }
}
