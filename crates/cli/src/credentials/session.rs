//! A sign-in: tokens, and the server they may be sent to.

use domain::{SessionId, TenantId, TimeMs};
use seal::Exposed;
use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::client::{Credential, HolderKey, Trust};

/// The version of the sealed form.
const FORMAT: u32 = 1;

/// A sign-in of this profile. Its tokens are wiped when it is dropped; there is no `Debug` to print
/// them.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Session {
    format: u32,
    /// Where the tokens may be sent.
    pub(crate) server: Url,
    /// What makes that server the right one.
    pub(crate) trust: Trust,
    /// Which session it is.
    pub(crate) session_id: SessionId,
    /// The workspace the access token is bound to.
    pub(crate) workspace: Option<TenantId>,
    /// The moment the access token ends.
    pub(crate) expires_at_ms: TimeMs,
    tokens: Tokens,
    /// The key that the tokens are bound to, when the server bound them.
    #[serde(default)]
    key: Option<HolderKey>,
}

#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct Tokens {
    access: String,
    refresh: String,
}

/// Tokens as the server gives them: at sign-in, refresh, step-up and when a workspace is entered.
#[derive(Deserialize)]
pub(crate) struct Issued {
    pub(crate) session_id: SessionId,
    access_token: String,
    pub(crate) expires_at_ms: TimeMs,
    refresh_token: String,
    /// `DPoP` when the tokens are bound to a key (RFC 9449 section 5).
    #[serde(default)]
    token_type: Option<String>,
    #[serde(default)]
    pub(crate) workspace: Option<TenantId>,
    /// Names this device at its next sign-in; only in the answer to a sign-in.
    #[serde(default)]
    pub(crate) device_token: Option<String>,
}

impl Session {
    /// A session with these tokens, bound to the server that gave them.
    /// `key` is the one that was proved to be held meanwhile.
    pub(crate) fn new(server: Url, trust: Trust, issued: Issued, key: Option<HolderKey>) -> Self {
        let bound = issued.token_type.as_deref() == Some("DPoP");
        Self {
            key: key.filter(|_| bound),
            format: FORMAT,
            server,
            trust,
            session_id: issued.session_id,
            workspace: issued.workspace,
            expires_at_ms: issued.expires_at_ms,
            tokens: Tokens { access: issued.access_token, refresh: issued.refresh_token },
        }
    }

    /// The same session with its next tokens.
    pub(crate) fn renewed(&self, issued: Issued) -> Self {
        Self::new(self.server.clone(), self.trust.clone(), issued, self.key.clone())
    }

    /// The access token.
    pub(crate) fn access(&self) -> &str {
        &self.tokens.access
    }

    /// The access token as it is sent.
    pub(crate) fn credential(&self) -> Credential<'_> {
        match &self.key {
            Some(key) => Credential::Bound(self.access(), key),
            None => Credential::Bearer(self.access()),
        }
    }

    /// The key that the tokens are bound to.
    pub(crate) const fn key(&self) -> Option<&HolderKey> {
        self.key.as_ref()
    }

    /// The refresh token.
    pub(crate) fn refresh(&self) -> &str {
        &self.tokens.refresh
    }

    /// The clear bytes that are sealed; `None` when they cannot be written, which does not happen.
    pub(super) fn to_bytes(&self) -> Option<Exposed> {
        serde_json::to_vec(self).ok().map(Exposed::new)
    }

    /// A session from its clear bytes; `None` when they are of another version.
    pub(super) fn from_bytes(bytes: &Exposed) -> Option<Self> {
        serde_json::from_slice(bytes.expose()).ok().filter(|it: &Self| it.format == FORMAT)
    }
}
