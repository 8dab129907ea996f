//! Connections: a Unix socket, or TLS with full verification; anything else is refused.
//!
//! Always true: every connection has its settings pinned by us (search path, durable commits,
//! timeouts), so a role's or database's defaults cannot weaken them.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{
    Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime, TimeoutType,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{PostgresTarget, Refusal, StoreError};

/// Longest wait for a connection of the pool.
const WAIT: Duration = Duration::from_secs(5);
/// Settings of every connection. `synchronous_commit` is a promise: an answered write is durable.
const OPTIONS: &str = "-c search_path=casemate -c synchronous_commit=on -c lock_timeout=5s \
    -c statement_timeout=30s -c idle_in_transaction_session_timeout=60s -c timezone=UTC \
    -c default_transaction_isolation=read\\ committed \
    -c standard_conforming_strings=on";

/// A pool of connections to this target.
pub(super) fn pool(target: &PostgresTarget, connections: usize) -> Result<Pool, StoreError> {
    let config = configured(target)?;
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = match tls(target)? {
        None => Manager::from_config(config, NoTls, recycling),
        Some(tls) => Manager::from_config(config, tls, recycling),
    };
    Pool::builder(manager)
        .max_size(connections.max(1))
        .wait_timeout(Some(WAIT))
        .create_timeout(Some(WAIT))
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|_| StoreError::Defect("a pool could not be built"))
}

/// A connection from a pool.
pub(super) async fn taken(pool: &Pool) -> Result<Object, StoreError> {
    pool.get().await.map_err(|error| match error {
        PoolError::Timeout(TimeoutType::Wait) => StoreError::Busy,
        PoolError::Backend(error) => super::link::meaning(&error),
        _ => StoreError::Unreachable,
    })
}

/// The target's settings and ours, or the reason why it is refused.
pub(super) fn configured(target: &PostgresTarget) -> Result<Config, StoreError> {
    let mut config: Config = target.url().parse().map_err(|_| Refusal::Address)?;
    let verified = match target.root_certificate() {
        Some(_) => {
            !config.get_hosts().is_empty()
                && config.get_hosts().iter().all(|host| matches!(host, Host::Tcp(_)))
        }
        None => {
            !config.get_hosts().is_empty()
                && config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)))
        }
    };
    if !verified || !config.get_hostaddrs().is_empty() {
        return Err(Refusal::Unverified.into());
    }
    let mode =
        if target.root_certificate().is_some() { SslMode::Require } else { SslMode::Disable };
    config.ssl_mode(mode).options(OPTIONS).application_name("casemate").connect_timeout(WAIT);
    Ok(config)
}

/// TLS that verifies the chain and the name, with the one crypto provider; `None` for a socket.
pub(super) fn tls(target: &PostgresTarget) -> Result<Option<MakeRustlsConnect>, StoreError> {
    let Some(file) = target.root_certificate() else { return Ok(None) };
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(file).map_err(|_| Refusal::Unverified)?;
    for certificate in certificates {
        let certificate = certificate.map_err(|_| Refusal::Unverified)?;
        roots.add(certificate).map_err(|_| Refusal::Unverified)?;
    }
    if roots.is_empty() {
        return Err(Refusal::Unverified.into());
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| Refusal::Unverified)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Some(MakeRustlsConnect::new(config)))
}
