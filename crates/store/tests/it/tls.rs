//! PostgreSQL over TLS: the right certificate and name open it, everything else is refused.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use store::postgres::{Roles, create_database, prepare};
use store::{PostgresTarget, Refusal, Store, StoreConfig, StoreError};

use crate::cluster::{Cluster, unprivileged};
use crate::house::mint;

/// An authority, and the certificate and key it gave to a host.
fn authority(folder: &Path, called: &str, host: &str) -> (PathBuf, PathBuf, PathBuf) {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec![host.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let file = |end: &str, text: String| {
        let path = folder.join(format!("{called}.{end}"));
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        if let Some((uid, gid)) = unprivileged() {
            std::os::unix::fs::chown(&path, Some(uid), Some(gid)).unwrap();
        }
        path
    };
    let root = file("root", authority.pem());
    fs::set_permissions(&root, fs::Permissions::from_mode(0o644)).unwrap();
    (root, file("crt", certificate.pem()), file("key", key.serialize_pem()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_right_certificate_and_name_open_a_connection() {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let (root, certificate, key) = authority(folder.path(), "right", "localhost");
    let (other_root, _, _) = authority(folder.path(), "other", "localhost");
    // Free when asked; taken by the cluster a moment later.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let cluster = Cluster::start(&format!(
        "-c listen_addresses=127.0.0.1 -c port={port} -c ssl=on -c ssl_cert_file={} \
         -c ssl_key_file={}",
        certificate.display(),
        key.display()
    ));
    let database = "over_tls";
    let roles = Roles::without_passwords(database).unwrap();
    let socket = PostgresTarget::socket(cluster.url());
    create_database(&socket, database).await.unwrap();
    let target = |user: &str, host: &str, root: &PathBuf| {
        let url = format!("postgresql://{user}@{host}:{port}/{database}");
        PostgresTarget::tls(url, root.clone())
    };
    let (_, mint) = mint();
    prepare(&target("postgres", "localhost", &root), &roles, &mint).await.unwrap();
    let open = async |host: &str, root: &PathBuf| {
        let config = StoreConfig::Postgres {
            runtime: target(&roles.runtime(), host, root),
            platform: target(&roles.platform(), host, root),
            pool: 2,
        };
        Store::open(config, mint.clone()).await.map(drop)
    };
    assert_eq!(open("localhost", &root).await, Ok(()));
    let unreachable = Err(StoreError::Unreachable);
    assert_eq!(open("localhost", &other_root).await, unreachable, "another authority");
    assert_eq!(open("127.0.0.1", &root).await, unreachable, "a name the certificate does not have");
    let clear = PostgresTarget::socket(format!("postgresql://postgres@localhost:{port}/x"));
    let refused = prepare(&clear, &roles, &mint).await;
    assert_eq!(refused, Err(StoreError::Refused(Refusal::Unverified)), "TCP without TLS");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_tls_is_not_spoken_to_in_clear() {
    let folder = tempfile::tempdir().unwrap();
    let (root, _, _) = authority(folder.path(), "right", "localhost");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // A man in the middle who answers the request for TLS with "no", and keeps what he hears next.
    let heard = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut peer, _) = listener.accept().unwrap();
        let mut asked = [0; 8];
        peer.read_exact(&mut asked).unwrap();
        peer.write_all(b"N").unwrap();
        let mut heard = Vec::new();
        peer.read_to_end(&mut heard).unwrap();
        heard
    });
    let url = format!("postgresql://admin:hunter2@localhost:{port}/db");
    let roles = Roles::without_passwords("clear").unwrap();
    let refused = prepare(&PostgresTarget::tls(url, root), &roles, &mint().1).await;
    assert_eq!(refused, Err(StoreError::Unreachable));
    assert_eq!(heard.join().unwrap(), b"", "nothing was said in clear");
}
