//! `[api]`: where the API and the health pages listen.

use std::net::SocketAddr;

use url::Url;

use super::ConfigError;
use super::sources::Values;

/// Addresses.
#[derive(Debug, Clone)]
pub struct ApiConfig {
    /// Where the API listens, over TLS.
    pub listen: SocketAddr,
    /// Where health and metrics listen.
    pub health: SocketAddr,
    /// The address clients use, when it is not the one listened on.
    pub url: Option<Url>,
}

impl ApiConfig {
    pub(super) fn from_values(values: &Values) -> Result<Self, ConfigError> {
        let listen = values.address("api.listen")?;
        let health = values.address("api.health")?;
        if !health.ip().is_loopback() {
            let rule = "health and metrics are shown to this machine only: use a loopback address";
            return Err(ConfigError::OutOfRange { key: "api.health", rule });
        }
        let text = values.or_default("api.url");
        let url = (!text.is_empty()).then(|| https(&text)).transpose()?;
        Ok(Self { listen, health, url })
    }
}

fn https(text: &str) -> Result<Url, ConfigError> {
    let rule = "it must be an https: address without a path, such as https://casemate.example";
    Url::parse(text)
        .ok()
        .filter(|url| url.scheme() == "https" && url.has_host() && url.path() == "/")
        .filter(|url| {
            url.query().is_none() && url.fragment().is_none() && url.username().is_empty()
        })
        .ok_or(ConfigError::OutOfRange { key: "api.url", rule })
}
