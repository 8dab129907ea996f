//! The client's side of rotation and shredding.

use domain::Sealed;
use seal::KeyId;

use super::Broker;
use crate::error::BrokerError;
use crate::grant::Grant;
use crate::protocol::{Reply, Request, WireBytes};
use crate::record::{DataScope, Realm, RecordName};
use crate::rotation::{RealmKeys, ShredTarget};

impl Broker {
    /// The realm's keys with their states and ages, without the keys.
    ///
    /// # Errors
    /// [`crate::Refusal::RealmUnknown`], [`crate::Refusal::RealmShredded`].
    pub async fn keys(&self, realm: Realm) -> Result<RealmKeys, BrokerError> {
        expect_reply!(self.call(&Request::Keys(realm)).await?, Reply::Keys(keys) => keys)
    }

    /// Gives the realm a new seed in place of that of epoch `from`, and wraps its data keys anew.
    /// No record changes. Where the epoch is another one, nothing happens.
    ///
    /// # Errors
    /// As [`Broker::keys`]; [`BrokerError::Storage`]: nothing changed.
    pub async fn rotate_realm(&self, realm: Realm, from: u32) -> Result<RealmKeys, BrokerError> {
        let request = Request::RotateRealm { realm, from };
        expect_reply!(self.call(&request).await?, Reply::Keys(keys) => keys)
    }

    /// Gives a scope a new active key in place of `from`, which retires. Where another key is
    /// active, nothing happens.
    ///
    /// # Errors
    /// As [`Broker::keys`]; [`BrokerError::Storage`]: nothing changed.
    pub async fn rotate_data_key(
        &self,
        realm: Realm,
        scope: DataScope,
        from: KeyId,
    ) -> Result<RealmKeys, BrokerError> {
        let request = Request::RotateDataKey { realm, scope, from };
        expect_reply!(self.call(&request).await?, Reply::Keys(keys) => keys)
    }

    /// Seals each record again under its scope's active key, in order. The grant's purpose is
    /// [`crate::Purpose::KeyRotation`]; it is in the journal first, and nothing leaves in clear.
    ///
    /// # Errors
    /// As [`Broker::open`]. All or nothing.
    pub async fn reseal(
        &self,
        grant: Grant,
        records: &[(RecordName, Sealed)],
    ) -> Result<Vec<Sealed>, BrokerError> {
        let asked = records.len();
        let records =
            records.iter().map(|(name, sealed)| (*name, WireBytes::from(sealed))).collect();
        let sealed = expect_reply!(
            self.call(&Request::Reseal { grant, records }).await?,
            Reply::Sealed(sealed) => sealed
        )?;
        if sealed.len() != asked {
            return Err(BrokerError::Unreachable);
        }
        Ok(sealed.into_iter().map(Sealed::from).collect())
    }

    /// Destroys a retiring key. The caller has counted, behind a fence against late writers, that
    /// no record is under it.
    ///
    /// # Errors
    /// [`crate::Refusal::KeyInUse`] when it does not retire.
    pub async fn destroy_key(&self, realm: Realm, key: KeyId) -> Result<RealmKeys, BrokerError> {
        let request = Request::DestroyKey { realm, key };
        expect_reply!(self.call(&request).await?, Reply::Keys(keys) => keys)
    }

    /// Orders that something becomes unreadable for ever, and has it done; the signed certificate.
    /// Repeating it gives a certificate of the same order.
    ///
    /// # Errors
    /// [`crate::Refusal::NotTheHost`], [`crate::Refusal::RealmUnknown`]; [`BrokerError::Storage`]:
    /// the order may be durable, and is carried out at the next start at the latest.
    pub async fn shred(&self, target: ShredTarget) -> Result<String, BrokerError> {
        let request = Request::Shred(target);
        expect_reply!(self.call(&request).await?, Reply::Text(certificate) => certificate)
    }
}
