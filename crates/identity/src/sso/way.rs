//! One way to a provider and back: what names it, and what is made from its names.
//!
//! Always true
//! 1. State, nonce and PKCE verifier are the broker's codes over the way's id and its cookie: none
//!    is stored, and none can be made without the cookie.
//! 2. Cookie and state are compared in constant time.

use aws_lc_rs::constant_time;
use broker::{BrokerError, MacPurpose};
use data_encoding::BASE64URL_NOPAD;
use domain::{Mint, SsoTransactionId};
use store::{SsoErrand, SsoState, SsoTransaction};

use super::SsoError;
use crate::ShownOnce;
use crate::identity::Identity;

/// Bytes of chance in a cookie.
const SECRET_BYTES: usize = 32;
/// Longest cookie or state that is looked at.
const TEXT_CHARS_MAX: usize = 256;

/// The cookie of a way: its id and a secret.
pub(crate) struct Pass {
    pub(crate) id: SsoTransactionId,
    secret: Vec<u8>,
}

impl Pass {
    pub(crate) fn new(mint: &Mint) -> Self {
        Self { id: mint.id(), secret: mint.bytes::<SECRET_BYTES>().to_vec() }
    }

    /// Reads a cookie's value.
    pub(crate) fn parse(text: &str) -> Result<Self, SsoError> {
        let (id, secret) = split(text)?;
        if secret.len() == SECRET_BYTES {
            Ok(Self { id, secret })
        } else {
            Err(SsoError::TransactionInvalid)
        }
    }

    pub(crate) fn shown(&self) -> ShownOnce {
        ShownOnce::new(format!("{}.{}", self.id, BASE64URL_NOPAD.encode(&self.secret)))
    }

    async fn code(&self, identity: &Identity, what: &str) -> Result<[u8; 32], BrokerError> {
        let label = format!("sso {what} {} ", self.id);
        let message = [label.as_bytes(), &self.secret].concat();
        identity.broker.mac(MacPurpose::Code, message).await
    }

    /// What the row keeps of the cookie.
    pub(crate) async fn mac(&self, identity: &Identity) -> Result<[u8; 32], BrokerError> {
        self.code(identity, "cookie").await
    }

    pub(crate) async fn nonce(&self, identity: &Identity) -> Result<String, BrokerError> {
        Ok(BASE64URL_NOPAD.encode(&self.code(identity, "nonce").await?))
    }

    /// RFC 7636 section 4.1: 43 characters.
    pub(crate) async fn verifier(&self, identity: &Identity) -> Result<String, BrokerError> {
        Ok(BASE64URL_NOPAD.encode(&self.code(identity, "verifier").await?))
    }

    pub(crate) async fn state(&self, identity: &Identity) -> Result<String, BrokerError> {
        let code = self.code(identity, "state").await?;
        Ok(format!("{}.{}", self.id, BASE64URL_NOPAD.encode(&code)))
    }

    /// The row of this cookie.
    ///
    /// # Errors
    /// [`SsoError::TransactionInvalid`]: there is none, or the cookie is another.
    pub(crate) async fn row(&self, identity: &Identity) -> Result<SsoTransaction, SsoError> {
        let (id, mac) = (self.id, self.mac(identity).await?);
        let found = identity.store.platform_read(move |tx| tx.sso_transactions().find(id)).await?;
        let row = found.ok_or(SsoError::TransactionInvalid)?;
        let same = constant_time::verify_slices_are_equal(&mac, &row.cookie_mac);
        same.map_err(|_| SsoError::TransactionInvalid)?;
        Ok(row)
    }

    /// The row of a way with this id that came back, walked by this cookie's browser on this
    /// errand: a way of another session, or for something else, is none.
    ///
    /// # Errors
    /// [`SsoError::TransactionInvalid`].
    pub(crate) async fn known(
        identity: &Identity,
        id: SsoTransactionId,
        cookie: &str,
        errand: SsoErrand,
    ) -> Result<SsoTransaction, SsoError> {
        let row = Self::parse(cookie)?.row(identity).await?;
        let fits = row.id == id && row.state == SsoState::Known && row.errand == errand;
        if fits { Ok(row) } else { Err(SsoError::TransactionInvalid) }
    }

    /// Whether a state is this way's.
    pub(crate) async fn owns(&self, identity: &Identity, state: &str) -> Result<(), SsoError> {
        let (id, code) = split(state)?;
        let own = self.code(identity, "state").await?;
        let same = constant_time::verify_slices_are_equal(&own, &code).is_ok();
        if same && id == self.id { Ok(()) } else { Err(SsoError::TransactionInvalid) }
    }
}

fn split(text: &str) -> Result<(SsoTransactionId, Vec<u8>), SsoError> {
    let invalid = || SsoError::TransactionInvalid;
    if text.len() > TEXT_CHARS_MAX {
        return Err(invalid());
    }
    let (id, code) = text.split_once('.').ok_or_else(invalid)?;
    let id = id.parse().map_err(|_| invalid())?;
    let code = BASE64URL_NOPAD.decode(code.as_bytes()).map_err(|_| invalid())?;
    Ok((id, code))
}
