//! The whole platform over HTTPS: time to ready, resident memory, and four kinds of request at 1, 8
//! and 64 connections, each with what it costs the platform's processes in CPU time.
//!
//! Prints medians and ratios; judges nothing. The baseline of a request that writes is the disk
//! itself: a loop of small writes, each synced, on the same file system.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "a bench is a test's cousin: it stops at the first surprise"
)]

#[path = "../tests/it/engine.rs"]
mod engine;
#[path = "../tests/it/house.rs"]
mod house;
#[path = "../tests/it/http.rs"]
mod http_client;
#[path = "../tests/it/person.rs"]
mod person;

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};

use engine::Engine;
use house::{House, Up};
use http_client::Api;
use person::{Authenticator, PASSWORD};

const WINDOW: Duration = Duration::from_secs(4);
const CONNECTIONS: [usize; 3] = [1, 8, 64];

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for engine in Engine::all() {
        println!("--- {}", engine.name());
        let house = House::new(&engine);
        let start = Instant::now();
        let up = house.up();
        println!("first start, with keys and certificate made: {:.2?}", start.elapsed());
        let api = Api::new(up.url(), &house.data());
        let place = runtime.block_on(furnish(&house, &up, &api));
        print_memory(&up);
        println!("disk: {:.0} synced writes/s of 4 KiB", synced_writes(house.data().as_path()));
        for kind in Kind::ALL {
            for connections in CONNECTIONS {
                runtime.block_on(load(&up, &house, &place, kind, connections));
            }
        }
        up.stop();
        let start = Instant::now();
        let up = house.up();
        println!("second start: {:.2?}", start.elapsed());
        up.stop();
    }
}

/// Where the requests go.
struct Place {
    token: String,
    secrets: String,
}

#[derive(Clone, Copy)]
enum Kind {
    WhoAmI,
    List,
    Reveal,
    Rotate,
}

impl Kind {
    const ALL: [Self; 4] = [Self::WhoAmI, Self::List, Self::Reveal, Self::Rotate];

    fn name(self) -> &'static str {
        match self {
            Self::WhoAmI => "authenticated",
            Self::List => "scoped read",
            Self::Reveal => "audited read, unsealed",
            Self::Rotate => "audited write, sealed",
        }
    }

    fn request(self, place: &Place, number: usize) -> (Method, String, Option<Value>) {
        // One secret per worker, so that writers do not wait for each other's version.
        let at = |rest: &str| format!("{}/LOAD_{number}{rest}", place.secrets);
        match self {
            Self::WhoAmI => (Method::GET, "/v1/whoami".to_owned(), None),
            Self::List => (Method::GET, format!("{}?limit=10", place.secrets), None),
            Self::Reveal => (Method::POST, at("/reveal"), Some(json!({"reason": "bench"}))),
            Self::Rotate => {
                (Method::POST, at("/versions"), Some(json!({"value_base64": "YmVuY2g="})))
            }
        }
    }
}

/// Signs the first owner up and makes one secret per connection.
async fn furnish(house: &House, up: &Up, api: &Api) -> Place {
    let code_file = up.ready["code_file"].as_str().unwrap();
    let code = std::fs::read_to_string(code_file).unwrap();
    let link = up.ready["link"].as_str().unwrap().rsplit('/').next().unwrap();
    let enrolment = json!({
        "link": link, "code": code.trim(), "email": "ada@example.org", "password": PASSWORD,
    });
    let shown = made(api, "/v1/enrolments", None, &enrolment).await;
    let mut authenticator = Authenticator::new(shown["totp_secret"].as_str().unwrap());
    let confirm = format!("/v1/enrolments/{}/confirm", shown["enrolment_id"].as_str().unwrap());
    let session = made(api, &confirm, None, &json!({"totp_code": authenticator.code()})).await;
    let token = token_of(&session);
    let workspace = made(api, "/v1/workspaces", Some(&token), &json!({"name": "bench"})).await;
    let enter = json!({"workspace": workspace["id"]});
    let session = made(api, "/v1/sessions/current/workspace", Some(&token), &enter).await;
    let token = token_of(&session);
    let project = made(api, "/v1/projects", Some(&token), &json!({"name": "bench"})).await;
    let project = project["id"].as_str().unwrap();
    let environments = api
        .get(&format!("/v1/projects/{project}/environments"), Some(&token))
        .await
        .unwrap()
        .json();
    let named = |item: &&Value| item["name"] == "development";
    let items = environments["items"].as_array().unwrap();
    let environment = items.iter().find(named).unwrap()["id"].as_str().unwrap().to_owned();
    let secrets = format!("/v1/projects/{project}/environments/{environment}/secrets");
    for number in 0..CONNECTIONS[2] {
        let secret = json!({"name": format!("LOAD_{number}"), "value_base64": "YmVuY2g="});
        made(api, &secrets, Some(&token), &secret).await;
    }
    let _ = house;
    Place { token, secrets }
}

fn token_of(session: &Value) -> String {
    let token = session.get("session").unwrap_or(session)["access_token"].as_str();
    token.unwrap_or_else(|| panic!("no token in {session}")).to_owned()
}

async fn made(api: &Api, path: &str, token: Option<&str>, body: &Value) -> Value {
    let answer = api.post(path, token, body).await.unwrap();
    assert!(answer.status.is_success(), "{path}: {} {}", answer.status, answer.json());
    answer.json()
}

/// Sends one kind of request from so many connections for [`WINDOW`], and prints a line.
async fn load(up: &Up, house: &House, place: &Place, kind: Kind, connections: usize) {
    let token: Arc<str> = place.token.as_str().into();
    let refused = Arc::new(AtomicUsize::new(0));
    let before = cpu(up);
    let start = Instant::now();
    let workers = (0..connections).map(|number| {
        let api = Api::new(up.url(), &house.data());
        let (method, path, body) = kind.request(place, number);
        let (token, refused) = (Arc::clone(&token), Arc::clone(&refused));
        tokio::spawn(async move {
            let mut times = Vec::new();
            while start.elapsed() < WINDOW {
                let sent = Instant::now();
                let answer = api.call(method.clone(), &path, Some(&token), body.as_ref()).await;
                match answer {
                    Ok(answer) if answer.status.is_success() => times.push(sent.elapsed()),
                    _ => _ = refused.fetch_add(1, Ordering::Relaxed),
                }
            }
            times
        })
    });
    let mut times = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        times.extend(worker.await.unwrap());
    }
    let seconds = start.elapsed().as_secs_f64();
    times.sort();
    let at = |percent: usize| times.get(times.len() * percent / 100).copied();
    let spent = cpu(up) - before;
    println!(
        "{:24} {connections:3} connections: {:7.0}/s  p50 {:9.2?}  p99 {:9.2?}  CPU {:5.0} us each  \
         refused {}",
        kind.name(),
        times.len() as f64 / seconds,
        at(50).unwrap_or_default(),
        at(99).unwrap_or_default(),
        spent * 1e6 / times.len().max(1) as f64,
        refused.load(Ordering::Relaxed),
    );
}

/// CPU seconds that the platform's processes have used so far.
fn cpu(up: &Up) -> f64 {
    let ticks = |pid: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let rest = stat.rsplit_once(") ").map_or("", |(_, rest)| rest).to_owned();
        let fields: Vec<f64> = rest.split(' ').filter_map(|word| word.parse().ok()).collect();
        // utime and stime are the 14th and 15th fields; `rest` starts at the third, which is no
        // number.
        fields.get(10).unwrap_or(&0.0) + fields.get(11).unwrap_or(&0.0)
    };
    up.children().iter().map(|(pid, _)| ticks(*pid)).sum::<f64>() / 100.0
}

fn print_memory(up: &Up) {
    let mut processes = up.children();
    processes.push((up.pid(), "casemate up".to_owned()));
    let resident = |pid: u32| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).unwrap_or_default()
    };
    let mut sum = 0.0;
    for (pid, line) in &processes {
        let role = line.split_whitespace().nth(1).unwrap_or("?");
        println!("resident, idle: {role:8} {:6.1} MiB", resident(*pid) / 1024.0);
        sum += resident(*pid) / 1024.0;
    }
    println!("resident, idle: together {sum:6.1} MiB");
}

/// Small writes, each synced, per second.
fn synced_writes(folder: &Path) -> f64 {
    let path = folder.join("synced-writes");
    let mut file = std::fs::File::create(&path).unwrap();
    let start = Instant::now();
    let mut count = 0;
    while start.elapsed() < Duration::from_secs(2) {
        file.write_all(&[0; 4096]).unwrap();
        file.sync_data().unwrap();
        count += 1;
    }
    let rate = f64::from(count) / start.elapsed().as_secs_f64();
    std::fs::remove_file(path).unwrap();
    rate
}
