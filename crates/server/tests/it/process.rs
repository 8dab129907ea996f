//! The server as a process: real TLS, real ports, signals, confinement, and folders it must refuse.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::house::{Engine, Template};

/// The helper that cargo builds beside the tests.
fn host() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let host = test.parent().unwrap().parent().unwrap().join("examples/server_host");
    assert!(host.exists(), "build the examples first: cargo build -p server --examples");
    host
}

/// A copy of the template's data, and the settings of a server over it.
struct Place {
    folder: TempDir,
    broker: PathBuf,
    settings: Vec<(String, String)>,
}

impl Place {
    async fn new() -> Self {
        let template = Template::get(Engine::Sqlite).await;
        let folder = tempfile::tempdir().unwrap();
        template.ground.copy_data(&folder.path().join("data"));
        let broker = template.ground.socket();
        Self { folder, broker, settings: Vec::new() }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    fn command(&self) -> Command {
        let mut command = Command::new(host());
        command
            .env_clear()
            .env("HOME", self.folder.path().join("home"))
            .env("CASEMATE_DATA", self.data())
            .env("CASEMATE_BROKER__SOCKET", &self.broker)
            .env("CASEMATE_BROKER__SLOTS", self.folder.path().join("slots"))
            .env("CASEMATE_API__LISTEN", "127.0.0.1:0")
            .env("CASEMATE_API__HEALTH", "127.0.0.1:0")
            .envs(self.settings.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs it to its end, which must come by itself.
    fn fails(&self) -> String {
        let Output { status, stderr, .. } = self.command().output().unwrap();
        assert!(!status.success());
        String::from_utf8(stderr).unwrap()
    }

    fn start(&self) -> Server {
        let child = self.command().spawn().unwrap();
        let path = self.data().join("run/ready.json");
        let began = Instant::now();
        let mut server = Server { child, ready: Value::Null };
        while began.elapsed() < Duration::from_secs(30) {
            if let Ok(text) = fs::read_to_string(&path) {
                server.ready = serde_json::from_str(&text).unwrap();
                return server;
            }
            assert!(
                server.child.try_wait().unwrap().is_none(),
                "the server ended: {}",
                server.said()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the server was not ready in time");
    }
}

/// A running server; killed when dropped.
struct Server {
    child: Child,
    ready: Value,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn said(&mut self) -> String {
        let mut text = String::new();
        if let Some(stderr) = self.child.stderr.as_mut() {
            let _ = std::io::Read::read_to_string(stderr, &mut text);
        }
        text
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Whether it ended by itself within this time, and well.
    fn ended_well(&mut self, within: Duration) -> bool {
        let began = Instant::now();
        while began.elapsed() < within {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.success();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }

    fn url(&self, door: &str, path: &str) -> hyper::Uri {
        format!("{}{path}", self.ready[door].as_str().unwrap()).parse().unwrap()
    }
}

fn trusting(data: &Path) -> rustls::ClientConfig {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let certificate = CertificateDer::from_pem_file(data.join("tls/cert.pem")).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).unwrap();
    rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
}

async fn get(
    config: rustls::ClientConfig,
    url: hyper::Uri,
) -> Result<(http::Version, u16, String), String> {
    let builder = HttpsConnectorBuilder::new().with_tls_config(config).https_or_http();
    let connector = builder.enable_http1().enable_http2().build();
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build(connector);
    let response = client.get(url).await.map_err(|error| format!("{error:?}"))?;
    let (version, status) = (response.version(), response.status().as_u16());
    let body = response.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
    Ok((version, status, String::from_utf8(body.to_vec()).unwrap()))
}

#[tokio::test]
async fn it_serves_over_its_own_certificate_and_stops_cleanly() {
    let place = Place::new().await;
    let mut server = place.start();
    let data = place.data();
    let key = server.url("api", "/v1/audit/key");
    let (version, status, body) = get(trusting(&data), key.clone()).await.unwrap();
    assert_eq!((version, status), (http::Version::HTTP_2, 200), "{body}");

    let strangers = rustls::ClientConfig::builder()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    assert!(get(strangers, key).await.is_err(), "a stranger's certificate was believed");

    for (path, expected) in [
        ("/healthz", "ok\n"),
        ("/readyz", "\"ready\":true"),
        ("/metrics", "casemate_answers_total"),
    ] {
        let (_, status, body) = get(trusting(&data), server.url("health", path)).await.unwrap();
        assert!(status == 200 && body.contains(expected), "{path}: {status} {body}");
    }
    let (_, status, _) = get(trusting(&data), server.url("api", "/metrics")).await.unwrap();
    assert_eq!(status, 404, "metrics are for this machine only");

    let mode = |name: &str| fs::metadata(data.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("tls/key.pem"), 0o600);
    server.signal(rustix::process::Signal::TERM);
    assert!(server.ended_well(Duration::from_secs(15)), "it did not end: {}", server.said());
    assert!(!data.join("run/ready.json").exists());

    let again = place.start();
    let (_, status, _) = get(trusting(&data), again.url("api", "/v1/audit/key")).await.unwrap();
    assert_eq!(status, 200, "the certificate is kept over a restart");
}

/// Older protocol versions are not spoken.
#[tokio::test]
async fn plain_text_on_the_tls_port_is_not_answered() {
    let place = Place::new().await;
    let server = place.start();
    let address = server.url("api", "/").authority().unwrap().to_string();
    let outcome =
        get(trusting(&place.data()), format!("http://{address}/v1/audit/key").parse().unwrap())
            .await;
    assert!(outcome.is_err(), "{outcome:?}");
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for name in ["CASEMATE_API__LISTEN", "CASEMATE_API__HEALTH"] {
        let said = Place::new().await.set(name, &address).fails();
        assert!(said.contains(&format!("{address} cannot be listened on")), "{said}");
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named() {
    // Nobody, not even root, makes folders there.
    let said = Place::new().await.set("CASEMATE_DATA", "/proc/casemate").fails();
    assert!(said.contains("/proc/casemate"), "{said}");
}

#[tokio::test]
async fn data_of_a_newer_version_is_refused_and_left_alone() {
    let place = Place::new().await;
    let control = place.data().join("control.db");
    let mut bytes = fs::read(&control).unwrap();
    // The format is SQLite's user version: four bytes at offset 60 of the file's header.
    bytes[60..64].copy_from_slice(&999_u32.to_be_bytes());
    fs::write(&control, &bytes).unwrap();
    let said = place.fails();
    assert!(said.contains("format 999"), "{said}");
    assert_eq!(fs::read(&control).unwrap(), bytes);
}

#[tokio::test]
async fn a_half_written_database_is_refused() {
    let place = Place::new().await;
    let control = place.data().join("control.db");
    let bytes = fs::read(&control).unwrap();
    fs::write(&control, &bytes[..bytes.len() / 2 + 100]).unwrap();
    assert!(place.fails().contains("damaged"), "a torn file was served");
}

#[tokio::test]
async fn without_a_broker_it_does_not_start() {
    let mut place = Place::new().await;
    place.broker = place.folder.path().join("nothing.sock");
    assert!(place.fails().contains("key broker"));
}

#[tokio::test]
async fn an_unknown_setting_stops_the_start() {
    let said = Place::new().await.set("CASEMATE_API__LISTN", "127.0.0.1:0").fails();
    assert!(said.contains("did you mean api.listen?"), "{said}");
}

/// What the kernel does not enforce it says; what it enforces holds: keys and slots cannot be read,
/// data can.
#[tokio::test]
async fn a_confined_server_reaches_neither_keys_nor_slots() {
    let place = Place::new().await;
    let (data, slots) = (place.data(), place.folder.path().join("slots"));
    for folder in [data.join("broker"), slots.clone(), data.join("run")] {
        fs::create_dir_all(folder).unwrap();
    }
    let (keys, slot, own) = (data.join("broker/keys.db"), slots.join("slot"), data.join("run/own"));
    for file in [&keys, &slot, &own] {
        fs::write(file, "x").unwrap();
    }
    let control = data.join("control.db");
    let mut command = Command::new(host());
    command.arg("confined").arg(&data).args([&keys, &slot, &own, &control]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    let outcome = |path: &Path| {
        let line = said.lines().find(|line| line.ends_with(&path.display().to_string()));
        line.unwrap().split(' ').next().unwrap().to_owned()
    };
    let secret = if said.starts_with("None") { "read" } else { "refused" };
    assert_eq!([outcome(&keys), outcome(&slot)], [secret, secret], "{said}");
    assert_eq!([outcome(&own), outcome(&control)], ["read", "read"], "{said}");
}

/// A raw connection over TLS.
async fn dial(
    place: &Place,
    server: &Server,
) -> tokio_rustls::client::TlsStream<tokio::net::TcpStream> {
    let address = server.url("api", "/").authority().unwrap().to_string();
    let stream = tokio::net::TcpStream::connect(&address).await.unwrap();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(trusting(&place.data())));
    let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
    connector.connect(name, stream).await.unwrap()
}

/// A request that is refused before its body came gets its answer, and its connection goes on.
#[tokio::test]
async fn an_early_refusal_does_not_break_the_connection() {
    let place = Place::new().await;
    let server = place.start();
    let mut stream = dial(&place, &server).await;
    for _ in 0..3 {
        let head = b"POST /v1/projects HTTP/1.1\r\nhost: localhost\r\n\
            content-type: application/json\r\ncontent-length: 12\r\n\r\n";
        stream.write_all(head).await.unwrap();
        stream.flush().await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        stream.write_all(b"{\"name\":\"a\"}").await.unwrap();
        stream.flush().await.unwrap();
        let mut answer = vec![0; 4_096];
        let count = stream.read(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer[..count]).into_owned();
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    }
}

/// A second signal does not wait for anybody.
#[tokio::test]
async fn a_second_signal_ends_at_once() {
    let place = Place::new().await;
    let mut server = place.start();
    let mut held = dial(&place, &server).await;
    let head = b"POST /v1/sessions HTTP/1.1\r\nhost: localhost\r\n\
        content-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    held.write_all(head).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    server.signal(rustix::process::Signal::TERM);
    assert!(
        !server.ended_well(Duration::from_millis(500)),
        "it did not wait for a running request"
    );
    server.signal(rustix::process::Signal::TERM);
    assert!(server.ended_well(Duration::from_secs(3)), "the second signal was not heard");
}
