//! What single sign-on works with.

use std::sync::Arc;

use domain::sign_in::PlatformProvider;
use outbound::http::HttpClient;
use outbound::names::Names;

use super::discovery::Known;
use crate::ShownOnce;

/// A provider that the operator switched on for everybody.
pub struct PlatformSettings {
    /// Which.
    pub provider: PlatformProvider,
    /// What it calls this platform.
    pub client_id: String,
    /// What this platform proves itself with.
    pub client_secret: ShownOnce,
    /// Microsoft: the tenants whose people may come; nobody when empty.
    pub tenants: Vec<String>,
    /// Where it is; its own address unless a test stands in for it.
    pub address: Option<String>,
}

/// How this process speaks to providers.
pub struct SsoConfig {
    /// The door outward.
    pub client: HttpClient,
    /// Where domains are proved.
    pub names: Names,
    /// Where browsers come back to: `<url>/sso/callback`, exactly.
    pub redirect: String,
    /// The platform's providers.
    pub platform: Vec<PlatformSettings>,
}

/// Single sign-on of one process.
pub(crate) struct Sso {
    pub(crate) config: SsoConfig,
    pub(crate) known: Known,
}

impl Sso {
    pub(crate) fn new(config: SsoConfig) -> Arc<Self> {
        Arc::new(Self { config, known: Known::default() })
    }
}
