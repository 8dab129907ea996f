//! Whom passkeys of this instance are made for: its name, reached at exactly its origin.
//!
//! Always true: the name is the host of the instance's URL; the origin is that URL's, scheme, host
//! and port. Neither a longer host nor another port is it.

use std::time::Duration;

use domain::limits;
use url::Url;
use webauthn_rs::prelude::{Webauthn, WebauthnBuilder};

use super::PasskeyError;

/// The verifier of this instance's passkeys; nothing where the instance has no name.
pub(crate) struct RelyingParty(Option<Webauthn>);

impl RelyingParty {
    /// The relying party of an instance that is reached at `origin`. Passkeys belong to a domain
    /// (WebAuthn level 3 section 5.1.3), so a bare address has none.
    pub(crate) fn of(origin: &Url) -> Self {
        let timeout = Duration::from_millis(limits::PASSKEY_CHALLENGE_MS.unsigned_abs());
        Self(origin.domain().and_then(|name| {
            let builder = WebauthnBuilder::new(name, origin).ok()?;
            builder.rp_name("Casemate").timeout(timeout).build().ok()
        }))
    }

    /// The verifier.
    ///
    /// # Errors
    /// [`PasskeyError::Unavailable`].
    pub(crate) fn verifier(&self) -> Result<&Webauthn, PasskeyError> {
        self.0.as_ref().ok_or(PasskeyError::Unavailable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn available(origin: &str) -> bool {
        RelyingParty::of(&origin.parse().unwrap()).verifier().is_ok()
    }

    #[test]
    fn a_name_has_passkeys_and_a_bare_address_has_none() {
        assert!(available("https://casemate.example"));
        assert!(available("https://localhost:8443"));
        for bare in ["https://127.0.0.1:8443", "https://[::1]:8443"] {
            assert!(!available(bare), "{bare}");
        }
    }
}
