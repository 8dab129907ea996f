//! What providers publish about themselves: their addresses and their keys.
//!
//! Always true
//! 1. A document is believed only when it names the issuer that was asked; Microsoft's common one
//!    names a template, and each token is then judged by its own tenant's issuer.
//! 2. Keys are asked for again when a token names one that is not known, at most once a minute: a
//!    forger cannot make us call.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use domain::TimeMs;
use http::{Request, StatusCode, header};
use openidconnect::core::CoreJsonWebKeySet;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::SsoError;
use super::config::Sso;
use super::target::{Kind, Target};

/// How long a document is believed without asking again.
const FRESH_MS: i64 = 60 * 60 * 1_000;
/// Keys are asked for again at most this often.
const AGAIN_MS_MIN: i64 = 60 * 1_000;
/// Providers that are remembered.
const KNOWN_MAX: usize = 1_024;

/// The part of a discovery document that is used.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) issuer: String,
    pub(crate) authorization_endpoint: String,
    pub(crate) token_endpoint: String,
    pub(crate) jwks_uri: String,
    #[serde(default)]
    pub(crate) authorization_response_iss_parameter_supported: bool,
    #[serde(default)]
    pub(crate) token_endpoint_auth_methods_supported: Vec<String>,
}

/// A provider as it was last seen.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) metadata: Metadata,
    pub(crate) keys: CoreJsonWebKeySet,
    at: TimeMs,
}

/// Providers seen a short while ago.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<BTreeMap<String, Arc<Seen>>>);

/// Why a document is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// As it was last seen will do.
    Usual,
    /// A token names a key that is not in it.
    NewKeys,
}

impl Known {
    fn recall(&self, address: &str) -> Option<Arc<Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(address).cloned()
    }

    fn keep(&self, address: &str, seen: Arc<Seen>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(address.to_owned(), seen);
    }
}

impl Sso {
    /// What a provider says about itself.
    ///
    /// # Errors
    /// [`SsoError::ProviderFailed`], [`SsoError::ProviderNotPublic`].
    pub(crate) async fn seen(
        &self,
        target: &Target,
        wanted: Wanted,
        now: TimeMs,
    ) -> Result<Arc<Seen>, SsoError> {
        let longest = match wanted {
            Wanted::Usual => FRESH_MS,
            Wanted::NewKeys => AGAIN_MS_MIN,
        };
        if let Some(seen) = self.known.recall(&target.address)
            && (0..longest).contains(&now.since_ms(seen.at))
        {
            return Ok(seen);
        }
        let base = target.address.trim_end_matches('/');
        let metadata: Metadata =
            self.fetched(&format!("{base}/.well-known/openid-configuration")).await?;
        if !names_itself(target, &metadata.issuer) {
            return Err(SsoError::ProviderFailed);
        }
        let keys = self.fetched(&metadata.jwks_uri).await?;
        let seen = Arc::new(Seen { metadata, keys, at: now });
        self.known.keep(&target.address, Arc::clone(&seen));
        Ok(seen)
    }

    async fn fetched<T: DeserializeOwned>(&self, address: &str) -> Result<T, SsoError> {
        let request = Request::get(address)
            .header(header::ACCEPT, "application/json")
            .body(Bytes::new())
            .map_err(|_| SsoError::ProviderFailed)?;
        let answer = self.config.client.call(request).await?;
        if answer.status() != StatusCode::OK {
            return Err(SsoError::ProviderFailed);
        }
        serde_json::from_slice(answer.body()).map_err(|_| SsoError::ProviderFailed)
    }
}

/// OpenID Connect Discovery section 4.3: the issuer is the address asked, letter by letter.
fn names_itself(target: &Target, issuer: &str) -> bool {
    match target.kind {
        Kind::Microsoft { .. } => issuer == target.address || issuer.matches(TENANT).count() == 1,
        _ => issuer == target.address,
    }
}

/// What stands for the tenant in Microsoft's common document.
pub(crate) const TENANT: &str = "{tenantid}";
