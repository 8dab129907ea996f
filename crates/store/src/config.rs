//! Where the data is.
//!
//! Always true: an address of PostgreSQL is a Unix socket, or TLS with a root certificate; anything
//! else is refused when the store opens. Passwords are in no `Debug` output.

use std::fmt;
use std::path::PathBuf;

use zeroize::Zeroizing;

/// Which engine, and where.
#[derive(Debug, Clone)]
pub enum StoreConfig {
    /// One file per unit in this folder: `control.db` and `tenants/<tenant-id>.db`.
    Sqlite {
        /// The data folder; it must exist.
        folder: PathBuf,
    },
    /// One database, reached with two credentials.
    Postgres {
        /// Tenant rows, by row security.
        runtime: PostgresTarget,
        /// Platform rows.
        platform: PostgresTarget,
        /// Most connections of each credential.
        pool: usize,
    },
}

/// An address of PostgreSQL with a credential.
#[derive(Clone)]
pub struct PostgresTarget {
    url: Zeroizing<String>,
    root_certificate: Option<PathBuf>,
}

impl PostgresTarget {
    /// Over a Unix socket: `postgres:///database?host=/folder/of/the/socket&user=name`, or
    /// key=value form.
    #[must_use]
    pub fn socket(url: impl Into<String>) -> Self {
        Self { url: Zeroizing::new(url.into()), root_certificate: None }
    }

    /// Over TLS, with the host's name verified against the certificates in this PEM file.
    #[must_use]
    pub fn tls(url: impl Into<String>, root_certificate: PathBuf) -> Self {
        Self { url: Zeroizing::new(url.into()), root_certificate: Some(root_certificate) }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) const fn root_certificate(&self) -> Option<&PathBuf> {
        self.root_certificate.as_ref()
    }
}

impl fmt::Debug for PostgresTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "PostgresTarget({})",
            if self.root_certificate.is_some() { "tls" } else { "socket" }
        )
    }
}
