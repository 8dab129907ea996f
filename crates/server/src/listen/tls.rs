//! The server's certificate: self-signed for this machine at first start, replaced by putting other
//! files there.
//!
//! Always true
//! 1. The key's file is readable by its owner only; a key that others can read is refused.
//! 2. A certificate without its key, or the other way round, is refused, never replaced: clients
//!    pin it.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use tokio_rustls::TlsAcceptor;

/// Why there is no usable certificate.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read or written.
    #[error("{path}: {why}")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        why: io::ErrorKind,
    },
    /// Others than the owner can read the key.
    #[error("{0} can be read by others: change its mode to 0600")]
    KeyIsOpen(PathBuf),
    /// One of the two files is missing.
    #[error("{0} is missing, and its other half is there: put it back, or remove both")]
    Half(PathBuf),
    /// The files are not a certificate and its key.
    #[error("{0} does not hold a certificate chain with its key in key.pem")]
    NotACertificate(PathBuf),
    /// A certificate could not be made.
    #[error("no certificate could be made")]
    NotMade,
}

/// The certificate in `folder`, made for `names` when there is none, ready to accept TLS 1.2 and
/// 1.3.
///
/// # Errors
/// [`TlsError`].
pub fn acceptor(folder: &Path, names: &[String]) -> Result<TlsAcceptor, TlsError> {
    let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    match (certificate.exists(), key.exists()) {
        (true, true) => {}
        (false, false) => make(folder, &certificate, &key, names)?,
        (true, false) => return Err(TlsError::Half(key)),
        (false, true) => return Err(TlsError::Half(certificate)),
    }
    let metadata = fs::metadata(&key).map_err(|error| file(&key, &error))?;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(TlsError::KeyIsOpen(key));
    }
    let broken = || TlsError::NotACertificate(certificate.clone());
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&certificate)
        .and_then(Iterator::collect)
        .map_err(|_| broken())?;
    let key = PrivateKeyDer::from_pem_file(&key).map_err(|_| broken())?;
    let mut config = rustls::ServerConfig::builder_with_protocol_versions(&[&TLS13, &TLS12])
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|_| broken())?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Makes a self-signed certificate. The key is written first: what is left of a start that was
/// killed in between says which half is missing.
fn make(folder: &Path, certificate: &Path, key: &Path, names: &[String]) -> Result<(), TlsError> {
    let made = rcgen::generate_simple_self_signed(names).map_err(|_| TlsError::NotMade)?;
    fs::create_dir_all(folder).map_err(|error| file(folder, &error))?;
    let mode = fs::Permissions::from_mode(0o700);
    fs::set_permissions(folder, mode).map_err(|error| file(folder, &error))?;
    let pem = zeroize::Zeroizing::new(made.signing_key.serialize_pem());
    write_whole(key, pem.as_bytes())?;
    write_whole(certificate, made.cert.pem().as_bytes())
}

/// Writes a file of mode 0600 so that it is there whole or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), TlsError> {
    let part = path.with_extension("part");
    let written = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&part)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&part, path));
    written.map_err(|error| file(path, &error))
}

fn file(path: &Path, error: &io::Error) -> TlsError {
    TlsError::File { path: path.to_owned(), why: error.kind() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        vec!["localhost".to_owned(), "127.0.0.1".to_owned()]
    }

    fn folder() -> tempfile::TempDir {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn the_first_start_makes_a_certificate_and_the_second_keeps_it() {
        let data = folder();
        let tls = data.path().join("tls");
        acceptor(&tls, &names()).unwrap();
        let first = fs::read(tls.join("cert.pem")).unwrap();
        acceptor(&tls, &names()).unwrap();
        assert_eq!(fs::read(tls.join("cert.pem")).unwrap(), first);
        let mode = |name: &str| fs::metadata(tls.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("key.pem"), mode("")), (0o600, 0o700));
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let data = folder();
        acceptor(data.path(), &names()).unwrap();
        let key = data.path().join("key.pem");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(acceptor(data.path(), &names()), Err(TlsError::KeyIsOpen(_))));
    }

    #[test]
    fn half_a_certificate_is_refused_and_not_replaced() {
        let data = folder();
        acceptor(data.path(), &names()).unwrap();
        fs::remove_file(data.path().join("key.pem")).unwrap();
        assert!(matches!(acceptor(data.path(), &names()), Err(TlsError::Half(_))));
        assert!(!data.path().join("key.pem").exists());
    }

    #[test]
    fn a_half_written_certificate_is_refused() {
        let data = folder();
        acceptor(data.path(), &names()).unwrap();
        let path = data.path().join("cert.pem");
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        assert!(matches!(acceptor(data.path(), &names()), Err(TlsError::NotACertificate(_))));
    }
}
