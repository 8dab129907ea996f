//! `[sso]` and `[outbound]`: the platform's identity providers, and where calls outward may go.

use std::io::Read;
use std::path::{Path, PathBuf};

use domain::limits;
use domain::sign_in::PlatformProvider;
use identity::ShownOnce;
use identity::sso::{PlatformSettings, SsoConfig};
use outbound::http::HttpClient;
use outbound::judge::{Allowed, Policy};
use outbound::names::Names;

use super::ConfigError;
use super::sources::Values;

/// The platform's identity providers.
#[derive(Debug, Clone, Default)]
pub struct SsoSettings {
    providers: Vec<ProviderSettings>,
    allowed: Vec<Allowed>,
    /// Root certificates beside the well-known ones.
    pub root_certificate_file: Option<PathBuf>,
}

#[derive(Debug, Clone)]
struct ProviderSettings {
    provider: PlatformProvider,
    client_id: String,
    secret: PathBuf,
    tenants: Vec<String>,
}

impl SsoSettings {
    pub(super) fn from_values(values: &Values) -> Result<Self, ConfigError> {
        let mut providers = Vec::new();
        for (provider, id, secret) in [
            (PlatformProvider::Google, "sso.google_client_id", "sso.google_client_secret_file"),
            (
                PlatformProvider::Microsoft,
                "sso.microsoft_client_id",
                "sso.microsoft_client_secret_file",
            ),
            (PlatformProvider::GitHub, "sso.github_client_id", "sso.github_client_secret_file"),
        ] {
            let client_id = values.or_default(id);
            if client_id.is_empty() {
                continue;
            }
            let rule = "a client id needs it: the path of a file that holds the secret";
            let path = values.path(secret).ok_or(ConfigError::OutOfRange { key: secret, rule })?;
            let tenants = match provider {
                PlatformProvider::Microsoft => words(&values.or_default("sso.microsoft_tenants")),
                PlatformProvider::Google | PlatformProvider::GitHub => Vec::new(),
            };
            providers.push(ProviderSettings { provider, client_id, secret: path, tenants });
        }
        let rule = "it must be a list of host:port or networks such as 10.1.0.0/16";
        let allowed = words(&values.or_default("outbound.allow"))
            .iter()
            .map(|text| text.parse())
            .collect::<Result<_, _>>()
            .map_err(|_| ConfigError::OutOfRange { key: "outbound.allow", rule })?;
        let root_certificate_file = values.path("outbound.root_certificate_file");
        Ok(Self { providers, allowed, root_certificate_file })
    }

    /// What single sign-on works with, at this address. The secret files are read now.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn opened(&self, address: &str) -> Result<SsoConfig, ConfigError> {
        let client = self.client()?;
        let platform = self.providers.iter().map(opened).collect::<Result<_, _>>()?;
        // Without name servers nobody proves a domain; everything else works.
        let names = Names::system().unwrap_or_else(|_| Names::Zone(Default::default()));
        Ok(SsoConfig { client, names, redirect: format!("{address}/sso/callback"), platform })
    }

    /// The way outward that `[outbound]` describes.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn client(&self) -> Result<HttpClient, ConfigError> {
        let roots = self.root_certificate_file.as_deref();
        let key = "outbound.root_certificate_file";
        let rule = "it must be a file of PEM certificates";
        HttpClient::new(Policy::allowing(self.allowed.clone()), roots)
            .map_err(|_| ConfigError::OutOfRange { key, rule })
    }

    /// The files that are read after the server was confined.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let secrets = self.providers.iter().map(|one| one.secret.clone());
        secrets.chain(self.root_certificate_file.clone()).collect()
    }
}

/// The words of a list, as the settings hold one.
pub(super) fn words(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn opened(settings: &ProviderSettings) -> Result<PlatformSettings, ConfigError> {
    let ProviderSettings { provider, client_id, secret, tenants } = settings;
    Ok(PlatformSettings {
        provider: *provider,
        client_id: client_id.clone(),
        client_secret: ShownOnce::new(read(secret)?),
        tenants: tenants.clone(),
        address: None,
    })
}

fn read(path: &Path) -> Result<String, ConfigError> {
    let unreadable = |error: std::io::Error| ConfigError::Unreadable {
        path: path.to_owned(),
        why: error.kind(),
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut text = String::new();
    let most = u64::try_from(limits::CLIENT_SECRET_CHARS_MAX).unwrap_or(u64::MAX);
    file.take(most).read_to_string(&mut text).map_err(unreadable)?;
    Ok(text.trim().to_owned())
}
