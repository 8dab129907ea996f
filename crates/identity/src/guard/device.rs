//! A device that is known: what it presents, and what that is good for.
//!
//! Always true
//! 1. A token names a device and a person, and the broker's code over both: nobody else can write
//!    one, and one of another person's is that of a stranger.
//! 2. It proves nothing about who somebody is. With it a guess is counted apart from those of
//!    strangers, and that is all.
//!
//! Form: `cmd_`, then base64url of 16 bytes device, 16 bytes person, 32 bytes code.

use aws_lc_rs::constant_time;
use broker::{Broker, BrokerError, MacPurpose};
use data_encoding::BASE64URL_NOPAD;
use domain::{DeviceId, UserId};
use store::{PlatformTx, Session, StoreError};
use uuid::Uuid;

use crate::ShownOnce;

const PREFIX: &str = "cmd_";
const BYTES: usize = 64;

/// A token as a request presented it: any text.
#[derive(Clone)]
pub struct DeviceToken(String);

impl DeviceToken {
    /// What was presented.
    #[must_use]
    pub fn presented(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The device it names. `None`: the token is none of ours, which is the same as having none.
    pub(crate) async fn read(&self, broker: &Broker) -> Result<Option<KnownDevice>, BrokerError> {
        let Some((known, code)) = read(&self.0) else { return Ok(None) };
        let right = broker.mac(MacPurpose::Code, known.message()).await?;
        let same = constant_time::verify_slices_are_equal(&right, &code).is_ok();
        Ok(same.then_some(known))
    }
}

impl std::fmt::Debug for DeviceToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeviceToken(..)")
    }
}

/// A device whose token carries the broker's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KnownDevice {
    id: DeviceId,
    user: UserId,
}

impl KnownDevice {
    /// The device, when it is one of this person's and still known.
    pub(crate) fn of(
        self,
        tx: &mut PlatformTx<'_>,
        user: UserId,
    ) -> Result<Option<DeviceId>, StoreError> {
        if self.user != user {
            return Ok(None);
        }
        Ok(tx.devices().find(self.id, user)?.map(|found| found.id))
    }

    fn message(&self) -> Vec<u8> {
        [b"known-device".as_slice(), &self.id.to_bytes(), &self.user.to_bytes()].concat()
    }
}

/// The token of the device that a session was begun on.
///
/// # Errors
/// [`BrokerError`].
pub(crate) async fn token_of(
    broker: &Broker,
    session: &Session,
) -> Result<Option<ShownOnce>, BrokerError> {
    let Some(id) = session.device else { return Ok(None) };
    let known = KnownDevice { id, user: session.user };
    let code = broker.mac(MacPurpose::Code, known.message()).await?;
    let bytes = [id.to_bytes().as_slice(), &session.user.to_bytes(), &code].concat();
    Ok(Some(ShownOnce::new(format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&bytes)))))
}

fn read(text: &str) -> Option<(KnownDevice, [u8; 32])> {
    let coded = text.strip_prefix(PREFIX).filter(|coded| coded.len() < 2 * BYTES)?;
    let bytes = BASE64URL_NOPAD.decode(coded.as_bytes()).ok().filter(|b| b.len() == BYTES)?;
    let (device, rest) = bytes.split_at_checked(16)?;
    let (user, code) = rest.split_at_checked(16)?;
    let id = |bytes| Uuid::from_slice(bytes).ok();
    let known = KnownDevice { id: id(device)?.into(), user: id(user)?.into() };
    Some((known, code.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_token_of_ours_is_nothing() {
        let long = format!("{PREFIX}{}", "A".repeat(1_000_000));
        for text in ["", "cmd_", "cmd_AAAA", "cmr_AAAA", &long, "cmd_\u{e4}"] {
            assert!(read(text).is_none());
        }
        let right = format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&[7; BYTES]));
        assert!(read(&right).is_some());
        assert!(read(&right.to_uppercase()).is_none());
    }
}
