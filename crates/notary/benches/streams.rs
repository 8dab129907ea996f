//! Entries per second from the log to a webhook's receiver on loopback, beside a bare loop that
//! posts bodies of the same size over the same client.
//!
//! `cargo build --release -p notary --examples && cargo bench -p notary --bench streams`

#![allow(dead_code, unused_imports, unused_macros, reason = "the tests' house is borrowed whole")]

#[path = "../tests/it/ground.rs"]
mod ground;
#[path = "../tests/it/house.rs"]
mod house;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use domain::streams::{StreamFormat, StreamTarget};
use domain::{Clock, TimeMs};
use ledger::Stream;
use notary::streams::{Begin, Sender, WantedStream, create};
use outbound::http::HttpClient;
use outbound::judge::Policy;
use outbound::webhook::{Post, SECRET_BYTES, WebhookSecret, post};
use seal::SystemClock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

const ENTRIES: usize = 4_000;

/// A receiver that takes everything; bytes and requests that it took.
async fn sink(requests: Arc<AtomicU64>, bytes: Arc<AtomicU64>) -> (String, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (mut seen, mut want) = (Vec::new(), None);
            while want.is_none_or(|want| seen.len() < want) {
                let mut part = [0; 65_536];
                let Ok(read @ 1..) = stream.read(&mut part).await else { break };
                seen.extend_from_slice(&part[..read]);
                if let Some(end) = seen.windows(4).position(|four| four == b"\r\n\r\n") {
                    let head = String::from_utf8_lossy(&seen[..end]).to_ascii_lowercase();
                    let length = head.lines().find_map(|one| one.strip_prefix("content-length:"));
                    let length: usize = length.unwrap().trim().parse().unwrap();
                    want = Some(end + 4 + length);
                }
            }
            requests.fetch_add(1, Ordering::Relaxed);
            bytes.fetch_add(seen.len() as u64, Ordering::Relaxed);
            let _ = stream.write_all(b"HTTP/1.1 204 X\r\ncontent-length: 0\r\n\r\n").await;
        }
    });
    (url, tasks)
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    // `cargo test` runs benches as tests; it is built then, and that is enough.
    if std::env::args().any(|word| word == "--test") {
        return;
    }
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let house = house::House::on(ground::Ground::folder()).await;
    let (requests, bytes) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
    let (url, _sink) = sink(Arc::clone(&requests), Arc::clone(&bytes)).await;
    let allowed = vec!["127.0.0.0/8".parse().unwrap()];
    let client = HttpClient::new(Policy::allowing(allowed), None).unwrap();
    house.write(house.ours, ENTRIES).await;
    let size = house.sequence(house.ours).await.unwrap();
    let wanted = WantedStream {
        name: "bench".parse().unwrap(),
        log: Stream::Workspace,
        format: StreamFormat::Native,
        target: StreamTarget::Webhook { url: url.clone() },
        token: None,
        from: Begin::Index(0),
    };
    let scope = house.scope(house.ours);
    let keys = (&house.store, &house.broker);
    create(keys, &scope, Some(SystemClock.now()), wanted).await.unwrap();
    let sender =
        Sender::new(house.store.clone(), house.broker.clone(), client.clone(), "bench.example");
    let begun = Instant::now();
    let mut taken = 0;
    while taken < size {
        taken += sender.round().await.unwrap().taken;
    }
    let streamed = begun.elapsed();
    let (messages, sent) = (requests.load(Ordering::Relaxed), bytes.load(Ordering::Relaxed));
    let body = vec![b'x'; usize::try_from(sent / messages.max(1)).unwrap()];
    let secrets = [WebhookSecret::new([7; SECRET_BYTES])];
    let begun = Instant::now();
    for _ in 0..messages {
        let message = Post { url: &url, id: "msg", at: TimeMs(0), body: body.clone() };
        post(&client, message, &secrets, Duration::from_secs(15)).await.unwrap();
    }
    let bare = begun.elapsed();
    let per_second = |time: Duration| size as f64 / time.as_secs_f64();
    println!("entries {size} in {messages} messages of {} bytes", body.len());
    println!(
        "streamed: {:.0} entries/s; bare posts: {:.0} entries/s; ratio {:.2}",
        per_second(streamed),
        per_second(bare),
        bare.as_secs_f64() / streamed.as_secs_f64()
    );
}
