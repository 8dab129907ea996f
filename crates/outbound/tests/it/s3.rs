//! Object stores: a real server that checks signatures, over TLS, and servers that lie.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use domain::{Clock, TimeMs};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use outbound::http::{CallError, HttpClient, RefusedCall};
use outbound::judge::{NotPublic, Policy};
use outbound::s3::{
    BODY_BYTES_MAX, Bucket, BucketSettings, ObjectKey, PART_BYTES_MIN, S3Error, S3Keys,
};
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

struct Now;

impl Clock for Now {
    fn now(&self) -> TimeMs {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        TimeMs(i64::try_from(since.as_millis()).unwrap())
    }
}

/// A store on loopback behind TLS, with one bucket.
struct Store {
    folder: TempDir,
    port: u16,
    _task: JoinSet<()>,
}

impl Store {
    async fn begun() -> Self {
        let _ = tokio_rustls::rustls::crypto::aws_lc_rs::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("data/backups")).unwrap();
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        std::fs::write(folder.path().join("root.pem"), made.cert.pem()).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let files = s3s_fs::FileSystem::new(folder.path().join("data")).unwrap();
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single("AKIDEXAMPLE", SECRET));
        let service = service.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut task = JoinSet::new();
        task.spawn(async move {
            let http = Builder::new(TokioExecutor::new());
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, http, service) = (acceptor.clone(), http.clone(), service.clone());
                open.spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        let _ = http.serve_connection(TokioIo::new(stream), service).await;
                    }
                });
            }
        });
        Self { folder, port, _task: task }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("root.pem")
    }

    fn bucket(&self, prefix: Option<&str>) -> Bucket {
        self.with(prefix, "backups", "AKIDEXAMPLE", SECRET)
    }

    fn with(&self, prefix: Option<&str>, bucket: &str, id: &str, secret: &str) -> Bucket {
        let allowed = format!("localhost:{}", self.port).parse().unwrap();
        let client = HttpClient::new(Policy::allowing(vec![allowed]), Some(&self.root())).unwrap();
        let at = BucketSettings {
            endpoint: format!("https://localhost:{}", self.port).parse().unwrap(),
            region: "eu-central-1".into(),
            bucket: bucket.into(),
            prefix: prefix.map(key),
        };
        let keys = S3Keys::new(id, Zeroizing::new(secret.to_owned())).unwrap();
        Bucket::new(client, at, keys, Arc::new(Now)).unwrap()
    }
}

fn key(text: &str) -> ObjectKey {
    ObjectKey::parse(text).unwrap()
}

#[tokio::test]
async fn an_object_is_written_read_by_ranges_measured_and_deleted() {
    let store = Store::begun().await;
    let bucket = store.bucket(Some("house/one"));
    let name = key("unit/0001.part");
    assert_eq!(bucket.size(&name).await, Ok(None));
    assert_eq!(bucket.get(&name, 0..10).await, Err(S3Error::Absent));
    bucket.put(&name, Bytes::from_static(b"0123456789")).await.unwrap();
    assert_eq!(bucket.size(&name).await, Ok(Some(10)));
    assert_eq!(bucket.get(&name, 2..5).await.unwrap(), "234");
    assert_eq!(bucket.get(&name, 0..100).await.unwrap(), "0123456789");
    assert_eq!(bucket.get(&name, 5..5).await, Err(S3Error::Size));
    let again = bucket.put_new(&name, Bytes::from_static(b"other")).await;
    assert_eq!(again, Err(S3Error::Exists));
    assert_eq!(bucket.get(&name, 0..1).await.unwrap(), "0");
    let elsewhere = store.bucket(Some("house/two"));
    assert_eq!(elsewhere.size(&name).await, Ok(None), "a prefix is a place of its own");
    bucket.delete(&name).await.unwrap();
    bucket.delete(&name).await.unwrap();
    assert_eq!(bucket.size(&name).await, Ok(None));
}

#[tokio::test]
async fn a_listing_goes_on_behind_its_first_page_and_shows_one_folder_only() {
    let store = Store::begun().await;
    let files = store.folder.path().join("data/backups/house");
    std::fs::create_dir_all(files.join("a")).unwrap();
    std::fs::create_dir_all(files.join("b")).unwrap();
    for number in 0..1_203 {
        std::fs::write(files.join(format!("a/{number:05}")), b"x").unwrap();
    }
    std::fs::write(files.join("b/other"), b"x").unwrap();
    std::fs::write(files.join("a/not one of ours"), b"x").unwrap();
    let bucket = store.bucket(Some("house"));
    let (mut found, mut next, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = bucket.list(Some(&key("a")), next.as_deref()).await.unwrap();
        found.extend(page.objects.into_iter().map(|object| object.key));
        pages += 1;
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    let wanted: Vec<_> = (0..1_203).map(|number| format!("a/{number:05}")).collect();
    assert_eq!((found, pages), (wanted, 2));
    let all = bucket.list(None, None).await.unwrap();
    assert!(all.next.is_some());
}

#[tokio::test]
async fn what_is_larger_than_a_call_goes_in_parts_and_is_there_at_the_end_only() {
    let store = Store::begun().await;
    let bucket = store.bucket(None);
    let name = key("large");
    let part = |fill: u8, length: usize| Bytes::from(vec![fill; length]);
    let mut upload = bucket.upload(&name).await.unwrap();
    upload.part(part(1, PART_BYTES_MIN)).await.unwrap();
    upload.part(part(2, Bucket::part_bytes())).await.unwrap();
    upload.part(part(3, 7)).await.unwrap();
    assert_eq!(upload.part(part(4, 7)).await, Err(S3Error::Size), "a small part is the last");
    assert_eq!(bucket.size(&name).await, Ok(None));
    upload.finish().await.unwrap();
    let size = (PART_BYTES_MIN + Bucket::part_bytes() + 7) as u64;
    assert_eq!(bucket.size(&name).await, Ok(Some(size)));
    assert_eq!(
        bucket.get(&name, size - 8..size).await.unwrap().as_ref(),
        b"\x02\x03\x03\x03\x03\x03\x03\x03"
    );
    let mut given_up = bucket.upload(&key("never")).await.unwrap();
    given_up.part(part(1, 7)).await.unwrap();
    given_up.abandon().await.unwrap();
    assert_eq!(bucket.size(&key("never")).await, Ok(None));
    let large = bucket.put(&name, part(0, BODY_BYTES_MAX + 1)).await;
    assert_eq!(large, Err(S3Error::Size));
}

#[tokio::test]
async fn other_keys_buckets_and_certificates_are_refused_and_told_apart() {
    let store = Store::begun().await;
    let body = || Bytes::from_static(b"x");
    for (id, secret) in [("AKIDEXAMPLE", "other"), ("AKIDOTHER", SECRET)] {
        let denied = store.with(None, "backups", id, secret).put(&key("a"), body()).await;
        let denied = denied.unwrap_err();
        assert!(matches!(&denied, S3Error::Denied { code: Some(_) }), "{denied:?}");
        assert!(!denied.to_string().contains(secret));
    }
    let none = store.with(None, "none", "AKIDEXAMPLE", SECRET).get(&key("a"), 0..1).await;
    assert_eq!(none, Err(S3Error::Absent));
    let at = BucketSettings {
        endpoint: format!("https://localhost:{}", store.port).parse().unwrap(),
        region: "eu-central-1".into(),
        bucket: "backups".into(),
        prefix: None,
    };
    let keys = || S3Keys::new("AKIDEXAMPLE", Zeroizing::new(SECRET.to_owned())).unwrap();
    let inside = HttpClient::new(Policy::default(), Some(&store.root())).unwrap();
    let inside = Bucket::new(inside, at.clone(), keys(), Arc::new(Now)).unwrap();
    let refused = CallError::Refused(RefusedCall::Address(NotPublic::Loopback));
    assert_eq!(inside.put(&key("a"), body()).await, Err(S3Error::Call(refused)));
    let allowed = format!("localhost:{}", store.port).parse().unwrap();
    let stranger = HttpClient::new(Policy::allowing(vec![allowed]), None).unwrap();
    let stranger = Bucket::new(stranger, at.clone(), keys(), Arc::new(Now)).unwrap();
    let unknown = stranger.put(&key("a"), body()).await;
    assert_eq!(unknown, Err(S3Error::Call(CallError::Unreachable)));
    for endpoint in ["https://localhost/path", "ftp://localhost", "https://user@localhost"] {
        let client = HttpClient::new(Policy::default(), None).unwrap();
        let odd = BucketSettings { endpoint: endpoint.parse().unwrap(), ..at.clone() };
        let odd = Bucket::new(client, odd, keys(), Arc::new(Now)).err();
        assert_eq!(odd, Some(S3Error::Place), "{endpoint}");
    }
}

/// Calls a server that gives these answers, one a connection, and counts the calls.
async fn answered(answers: &'static [&'static str]) -> (Result<Bytes, S3Error>, usize) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let mut task = JoinSet::new();
    task.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let call = counted.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 4_096]).await;
            let answer = answers.get(call).or(answers.last()).unwrap();
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    let client = HttpClient::new(Policy::allowing(vec![at.to_string().parse().unwrap()]), None);
    let settings = BucketSettings {
        endpoint: format!("http://{at}").parse().unwrap(),
        region: "r".into(),
        bucket: "b".into(),
        prefix: None,
    };
    let keys = S3Keys::new("id", Zeroizing::new(SECRET.to_owned())).unwrap();
    let bucket = Bucket::new(client.unwrap(), settings, keys, Arc::new(Now)).unwrap();
    let outcome = bucket.get(&key("a"), 4..8).await;
    (outcome, calls.load(Ordering::SeqCst))
}

#[tokio::test]
async fn a_store_that_is_busy_is_asked_again_and_one_that_lies_is_not_believed() {
    const BUSY: &str = "HTTP/1.1 503 Slow Down\r\ncontent-length: 0\r\n\r\n";
    const PART: &str = "HTTP/1.1 206 Partial Content\r\ncontent-length: 4\r\n\r\n4567";
    const WHOLE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n0123";
    const LONG: &str = "HTTP/1.1 206 Partial Content\r\ncontent-length: 5\r\n\r\n45678";
    const TEAPOT: &str = "HTTP/1.1 418 I\r\ncontent-length: 45\r\n\r\n\
                          <Error><Code>Tea</Code><X>secret</X></Error>  ";
    const AWAY: &str = "HTTP/1.1 307 Away\r\nlocation: http://127.0.0.1:1/\r\n\
                        content-length: 0\r\n\r\n";
    let odd = |status: u16, code: Option<&str>| {
        Err(S3Error::Answer { status, code: code.map(str::to_owned) })
    };
    assert_eq!(answered(&[BUSY, PART]).await, (Ok(Bytes::from_static(b"4567")), 2));
    assert_eq!(answered(&[BUSY]).await, (odd(503, None), 3), "three times, and no more");
    assert_eq!(answered(&[WHOLE]).await, (odd(200, None), 1), "not the part that was asked for");
    assert_eq!(answered(&[LONG]).await, (odd(206, None), 1));
    assert_eq!(answered(&[TEAPOT]).await, (odd(418, Some("Tea")), 1));
    assert_eq!(answered(&[AWAY]).await, (odd(307, None), 1), "nothing is followed");
}
