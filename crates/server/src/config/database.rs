//! `[database]`: which engine, and how to reach it.

use std::path::{Path, PathBuf};

use seal::Exposed;

use super::ConfigError;
use super::sources::Values;

/// Which engine holds the data.
pub enum Engine {
    /// Files in the data folder.
    Sqlite,
    /// A PostgreSQL database.
    Postgres(PostgresUrls),
}

/// How to reach PostgreSQL. The addresses may hold passwords, so they wipe themselves and are not
/// printed.
pub struct PostgresUrls {
    /// The role that reads tenants' rows.
    pub runtime: Exposed,
    /// The role of the platform's tables.
    pub platform: Exposed,
    /// PEM certificates to verify TLS with.
    pub root_certificate_file: Option<PathBuf>,
    /// Most connections, per role.
    pub connections_max: u32,
}

/// The database section.
#[derive(Debug)]
pub struct DatabaseConfig {
    /// The engine.
    pub engine: Engine,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "Sqlite",
            Self::Postgres(_) => "Postgres(..)",
        })
    }
}

/// Longest database address.
const URL_BYTES_MAX: u64 = 4_096;

impl DatabaseConfig {
    pub(super) fn from_values(values: &Values) -> Result<Self, ConfigError> {
        let engine = match values.or_default("database.engine").as_str() {
            "sqlite" => Engine::Sqlite,
            "postgres" => Engine::Postgres(postgres(values)?),
            _ => {
                let rule = "the engines are sqlite and postgres";
                return Err(ConfigError::OutOfRange { key: "database.engine", rule });
            }
        };
        Ok(Self { engine })
    }
}

fn postgres(values: &Values) -> Result<PostgresUrls, ConfigError> {
    Ok(PostgresUrls {
        runtime: secret(values, "database.runtime_url_file")?,
        platform: secret(values, "database.platform_url_file")?,
        root_certificate_file: values.path("database.root_certificate_file"),
        connections_max: values.number(
            "database.connections_max",
            2..=1_000,
            "it must be between 2 and 1000",
        )?,
    })
}

fn secret(values: &Values, key: &'static str) -> Result<Exposed, ConfigError> {
    let rule = "postgres needs it: the path of a file that holds the address";
    let path = values.path(key).ok_or(ConfigError::OutOfRange { key, rule })?;
    let text = read_bounded(&path, key)?;
    Ok(Exposed::copy_of(text.expose().trim_ascii()))
}

fn read_bounded(path: &Path, key: &'static str) -> Result<Exposed, ConfigError> {
    use std::io::Read;
    let unreadable = |error: std::io::Error| ConfigError::Unreadable {
        path: path.to_owned(),
        why: error.kind(),
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::with_capacity(4_097);
    file.take(URL_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    let text = Exposed::new(bytes);
    let fits = text.len() <= 4_096 && text.expose_text().is_some() && !text.is_empty();
    let rule = "the file must hold one address of at most 4096 bytes";
    if fits { Ok(text) } else { Err(ConfigError::OutOfRange { key, rule }) }
}
