//! The other kinds of receivers: a real rsyslog over TLS, a real object store, and a twin of
//! Splunk's collector.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use domain::streams::{StreamTarget, StreamTrouble};
use notary::streams::{find, send_test};
use serde_json::{Value, json};

use super::receiver::{Act, Receiver};
use super::{made, now, sender, settled};
use crate::ground::Ground;
use crate::house::House;

/// A certificate for these names, made by an authority of its own; folder with `ca.pem`,
/// `cert.pem`, `key.pem`.
fn certified(folder: &Path, name: &str) {
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let authority_certificate = authority.self_signed(&authority_key).unwrap();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    let certificate = leaf.signed_by(&key, &issuer).unwrap();
    std::fs::write(folder.join("ca.pem"), authority_certificate.pem()).unwrap();
    std::fs::write(folder.join("cert.pem"), certificate.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
}

/// A real rsyslog in a folder of its own, on a free port.
struct Rsyslog {
    folder: tempfile::TempDir,
    process: Child,
    port: u16,
}

impl Drop for Rsyslog {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Rsyslog {
    fn begun(name: &str) -> Self {
        let program = PathBuf::from("/usr/sbin/rsyslogd");
        let missing = "the Debian packages rsyslog and rsyslog-gnutls are needed";
        assert!(program.exists(), "{missing}");
        let folder = tempfile::tempdir().unwrap();
        certified(folder.path(), name);
        let at = |file: &str| folder.path().join(file).display().to_string();
        let config = format!(
            r#"global(workDirectory="{0}" maxMessageSize="256k"
                defaultNetstreamDriver="gtls" defaultNetstreamDriverCAFile="{1}"
                defaultNetstreamDriverCertFile="{2}" defaultNetstreamDriverKeyFile="{3}")
            module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1"
                streamDriver.authMode="anon")
            template(name="all" type="string"
                string="%APP-NAME%|%MSGID%|%STRUCTURED-DATA%|%msg%\n")
            input(type="imtcp" port="0" address="127.0.0.1" listenPortFileName="{4}")
            action(type="omfile" file="{5}" template="all")
            "#,
            folder.path().display(),
            at("ca.pem"),
            at("cert.pem"),
            at("key.pem"),
            at("port"),
            at("out"),
        );
        std::fs::write(folder.path().join("rsyslog.conf"), config).unwrap();
        let mut command = Command::new(program);
        command.arg("-n").arg("-f").arg(at("rsyslog.conf")).arg("-i").arg(at("pid"));
        let process = command.stdin(Stdio::null()).spawn().unwrap();
        let mut begun = Self { folder, process, port: 0 };
        let deadline = Instant::now() + Duration::from_secs(20);
        while begun.port == 0 {
            assert!(Instant::now() < deadline, "rsyslog did not say where it listens");
            let text = std::fs::read_to_string(begun.folder.path().join("port"));
            begun.port = text.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
            std::thread::sleep(Duration::from_millis(20));
        }
        begun
    }

    fn target(&self, host: &str, authority: Option<&Path>) -> StreamTarget {
        let read = |path: &Path| std::fs::read_to_string(path).unwrap();
        let certificates = authority.map(read);
        StreamTarget::Syslog { host: host.to_owned(), port: self.port, certificates }
    }

    fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// What it wrote, once it wrote so many lines.
    fn lines(&self, count: usize) -> Vec<String> {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let text = std::fs::read_to_string(self.folder.path().join("out")).unwrap_or_default();
            let lines: Vec<String> = text.lines().map(str::to_owned).collect();
            if lines.len() >= count {
                return lines;
            }
            assert!(Instant::now() < deadline, "{} of {count} lines", lines.len());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn parameter(line: &str, name: &str) -> Option<String> {
    let (_, rest) = line.split_once(&format!(" {name}=\""))?;
    rest.split('"').next().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_real_rsyslog_gets_every_entry_counted_in_order_with_its_bytes() {
    let house = House::on(Ground::folder()).await;
    let rsyslog = Rsyslog::begun("localhost");
    let scope = house.scope(house.ours);
    let target = rsyslog.target("localhost", Some(&rsyslog.authority()));
    let id = made(&house, &scope, target, None).await.stream.id;
    house.write(house.ours, 120).await;
    let size = house.sequence(house.ours).await.unwrap();
    settled(&sender(&house)).await;
    let stream = find(&house.store, &scope, id).await.unwrap();
    assert_eq!((stream.next_index, stream.trouble), (size, None));
    let lines = rsyslog.lines(usize::try_from(size).unwrap() + 1);
    let entries: Vec<&String> =
        lines.iter().filter(|line| !line.contains("|checkpoint|")).collect();
    for (index, line) in (0..size).zip(&entries) {
        assert!(line.starts_with("casemate|"), "{line}");
        assert_eq!(parameter(line, "index"), Some(index.to_string()));
        let previous = index.checked_sub(1).map(|one| one.to_string());
        assert_eq!(parameter(line, "previous"), previous);
        let text = line.splitn(4, '|').nth(3).unwrap().trim_start();
        let leaf = data_encoding::HEXLOWER.encode(&ledger::tree::leaf_hash(text.as_bytes()));
        assert_eq!(parameter(line, "leaf"), Some(leaf), "the text is what was hashed");
    }
    assert_eq!(entries.len() as u64, size);
    assert!(lines.iter().any(|line| line.starts_with("casemate|checkpoint|")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_syslog_receiver_with_another_name_or_authority_gets_nothing() {
    let house = House::on(Ground::folder()).await;
    let (right, other) = (Rsyslog::begun("localhost"), Rsyslog::begun("elsewhere.example"));
    let scope = house.scope(house.ours);
    for (target, taken) in [
        (right.target("localhost", Some(&right.authority())), true),
        (right.target("localhost", Some(&other.authority())), false),
        (right.target("localhost", None), false),
        (right.target("127.0.0.1", Some(&right.authority())), false),
        (other.target("localhost", Some(&other.authority())), false),
    ] {
        let id = made(&house, &scope, target.clone(), None).await.stream.id;
        let tested = send_test(&sender(&house), &scope, now(), id).await.unwrap().value.0;
        let wanted = if taken { None } else { Some(StreamTrouble::Unreachable) };
        assert_eq!(tested, wanted, "{target:?}");
        notary::streams::remove(&house.store, &scope, now(), id).await.unwrap();
    }
    assert!(right.lines(1)[0].starts_with("casemate|test|"));
    assert!(!other.folder.path().join("out").exists());
}

/// The twin of the collector: its token, its errors, its acknowledgements.
fn accepted(ack: Option<u64>) -> Act {
    let mut body = json!({ "text": "Success", "code": 0 });
    if let Some(ack) = ack {
        body["ackId"] = ack.into();
    }
    Act::Body(body.to_string())
}

fn events(body: &[u8]) -> Vec<Value> {
    let read = serde_json::Deserializer::from_slice(body).into_iter::<Value>();
    read.collect::<Result<_, _>>().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn splunk_gets_events_by_its_token_and_they_count_when_they_are_indexed() {
    let house = House::on(Ground::folder()).await;
    let receiver = Receiver::begun().await;
    let scope = house.scope(house.ours);
    let url = format!("http://{}", receiver.at);
    let target = StreamTarget::Splunk { url, index: Some("audit".into()) };
    let token = "B5A79AAD-D822-46CC-80D1-819F80D7BFB0";
    let id = made(&house, &scope, target, Some(token)).await.stream.id;
    house.write(house.ours, 4).await;
    let size = house.sequence(house.ours).await.unwrap();
    let asked = Act::Body(json!({ "acks": { "7": false } }).to_string());
    let indexed = Act::Body(json!({ "acks": { "7": true } }).to_string());
    receiver.next([accepted(Some(7)), asked, indexed]);
    settled(&sender(&house)).await;
    let got = receiver.got();
    let paths: Vec<&str> = got.iter().map(|one| one.path.as_str()).collect();
    let ack = format!("/services/collector/ack?channel={id}");
    assert_eq!(paths, ["/services/collector/event", ack.as_str(), ack.as_str()]);
    for one in &got {
        assert_eq!(one.header("authorization"), format!("Splunk {token}"));
        assert_eq!(one.header("x-splunk-request-channel"), id.to_string());
    }
    assert_eq!(got[1].json(), json!({ "acks": [7] }));
    let events = events(&got[0].body);
    let indices = events.iter().filter_map(|one| one["event"]["index"].as_u64());
    assert_eq!(indices.collect::<Vec<_>>(), (0..size).collect::<Vec<_>>());
    for event in &events {
        assert_eq!((&event["index"], &event["source"]), (&json!("audit"), &json!("casemate")));
        assert!(event["time"].as_str().unwrap().parse::<f64>().unwrap() > 1.7e9);
    }
    assert_eq!(find(&house.store, &scope, id).await.unwrap().next_index, size);
}

/// Codes of the published table, and a page of something that is no collector.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn splunks_refusals_are_told_apart_and_a_success_that_is_not_its_own_is_none() {
    let house = House::on(Ground::folder()).await;
    let receiver = Receiver::begun().await;
    let scope = house.scope(house.ours);
    let target = StreamTarget::Splunk { url: format!("http://{}", receiver.at), index: None };
    let id = made(&house, &scope, target, Some("token")).await.stream.id;
    let sender = sender(&house);
    for (act, wanted) in [
        (Act::Say(403, ""), Some(StreamTrouble::Unauthorised)),
        (Act::Say(401, ""), Some(StreamTrouble::Unauthorised)),
        (Act::Say(400, ""), Some(StreamTrouble::Rejected)),
        (Act::Say(503, ""), Some(StreamTrouble::Throttled)),
        (Act::Say(500, ""), Some(StreamTrouble::Broken)),
        (Act::Body("<html>welcome</html>".into()), Some(StreamTrouble::Broken)),
        (
            Act::Body(json!({ "text": "No data", "code": 5 }).to_string()),
            Some(StreamTrouble::Broken),
        ),
        (accepted(None), None),
    ] {
        receiver.next([act]);
        let tested = send_test(&sender, &scope, now(), id).await.unwrap().value.0;
        assert_eq!(tested, wanted);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_real_object_store_gets_each_batch_once_named_by_its_indices() {
    use hyper_util::rt::{TokioExecutor, TokioIo};

    let house = House::on(Ground::folder()).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("audit")).unwrap();
    let files = s3s_fs::FileSystem::new(folder.path()).unwrap();
    let mut service = s3s::service::S3ServiceBuilder::new(files);
    let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    service.set_auth(s3s::auth::SimpleAuth::from_single("AKIDEXAMPLE", secret));
    let service = service.build();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let mut task = tokio::task::JoinSet::new();
    task.spawn(async move {
        let http = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
        let mut open = tokio::task::JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let (http, service) = (http.clone(), service.clone());
            open.spawn(async move {
                let _ = http.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    let target = |key: &str| StreamTarget::S3 {
        endpoint: format!("http://{at}"),
        region: "us-east-1".into(),
        bucket: "audit".into(),
        prefix: Some("logs".into()),
        access_key_id: key.to_owned(),
    };
    let scope = house.scope(house.ours);
    let wrong = made(&house, &scope, target("AKIDOTHER"), Some(secret)).await.stream.id;
    let tested = send_test(&sender(&house), &scope, now(), wrong).await.unwrap().value.0;
    assert_eq!(tested, Some(StreamTrouble::Unauthorised));
    notary::streams::remove(&house.store, &scope, now(), wrong).await.unwrap();

    let id = made(&house, &scope, target("AKIDEXAMPLE"), Some(secret)).await.stream.id;
    house.write(house.ours, 150).await;
    let size = house.sequence(house.ours).await.unwrap();
    settled(&sender(&house)).await;
    assert_eq!(find(&house.store, &scope, id).await.unwrap().next_index, size);
    let place = folder.path().join(format!("audit/logs/{}/workspace", house.ours.tenant));
    let mut names: Vec<_> =
        std::fs::read_dir(place).unwrap().map(|one| one.unwrap().path()).collect();
    names.sort();
    let (mut next, mut checkpoints) = (0, 0);
    for path in &names {
        let text = std::fs::read_to_string(path).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let (records, notes): (Vec<_>, Vec<_>) = lines.partition(|one| one["index"].is_u64());
        let first = records[0]["index"].as_u64().unwrap();
        let last = records.last().unwrap()["index"].as_u64().unwrap();
        let name = format!("{first:020}-{last:020}.ndjson");
        assert_eq!(path.file_name().unwrap().to_str(), Some(name.as_str()));
        assert_eq!(first, next, "no gap between objects");
        next = last + 1;
        checkpoints += notes.len();
    }
    assert_eq!(next, size);
    assert!(names.len() >= 2 && checkpoints > 0);
}
