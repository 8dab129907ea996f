//! Rotation and shredding, as the socket asks for them.
//!
//! Always true
//! 1. Sealing again is an opening, and is in the journal first like any other.
//! 2. Shredding is the host's alone: whoever takes `serve` over can lose data, and cannot make its
//!    backups worthless.
//! 3. An order is durable in the ledger before anything is destroyed; a certificate is signed after
//!    everything is.

use ledger::{ShredCertificate, ShredOwner};
use seal::{KeyId, Recipient};

use super::{Answer, OUTSIDE_LIMITS, Peer, Service, is_record_count, not_signed};
use crate::backup;
use crate::error::{BrokerError, Refusal};
use crate::grant::{Grant, Purpose};
use crate::journal::Opening;
use crate::protocol::{Reply, WireBytes};
use crate::record::{DataScope, Realm, RecordName};
use crate::rotation::{ShredTarget, Step};
use crate::shred_ledger::Order;

impl Service {
    pub(super) fn rotate_realm(&self, realm: Realm, from: u32) -> Answer {
        let keys = self.ring.rotate_realm(realm, from)?;
        (self.steps)(Step::Committed);
        Ok(Reply::Keys(keys))
    }

    pub(super) fn rotate_data_key(&self, realm: Realm, scope: DataScope, from: KeyId) -> Answer {
        let keys = self.ring.rotate_data_key(realm, scope, from)?;
        (self.steps)(Step::Committed);
        Ok(Reply::Keys(keys))
    }

    pub(super) fn destroy_key(&self, realm: Realm, key: KeyId) -> Answer {
        let keys = self.ring.destroy_key(realm, key)?;
        (self.steps)(Step::Committed);
        Ok(Reply::Keys(keys))
    }

    pub(super) fn reseal(&self, grant: Grant, records: &[(RecordName, WireBytes)]) -> Answer {
        self.check_grant(&grant)?;
        if !is_record_count(records.len()) || grant.purpose != Purpose::KeyRotation {
            return Err(OUTSIDE_LIMITS);
        }
        let Grant { realm, purpose, actor, request, .. } = grant;
        let names = records.iter().map(|(name, _)| *name).collect();
        let opening =
            Opening { realm, purpose, actor, request: Some(request), records: names, glass: None };
        let (_, sealed) = self.journalled(opening, || {
            let resealed = records.iter().map(|(name, sealed)| {
                self.ring.reseal(realm, name, &sealed.0).map(|sealed| WireBytes::from(&sealed))
            });
            resealed.collect()
        })?;
        Ok(Reply::Sealed(sealed))
    }

    pub(super) fn shred(&self, peer: Peer, target: ShredTarget) -> Answer {
        if peer != Peer::Host {
            return Err(BrokerError::Refused(Refusal::NotTheHost));
        }
        let order = self.ordered(target)?;
        (self.steps)(Step::Ordered);
        self.ring.carry_out(target)?;
        (self.steps)(Step::Settled);
        let text = self.certificate(&order).text();
        self.keys.sign_note(&text).map(Reply::Text).map_err(not_signed)
    }

    /// Whom backups are sealed to: public, and useless for opening.
    pub(super) fn stream_recipient(&self) -> Answer {
        let recipient = self.ring.root().recipient();
        let Recipient { root, public } = recipient.map_err(|_| BrokerError::Unreachable)?;
        Ok(Reply::Recipient { root, public })
    }

    /// Only the host makes backups: who takes `serve` over makes none that a restore believes.
    pub(super) fn sign_backup(&self, peer: Peer, text: &str) -> Answer {
        if peer != Peer::Host {
            return Err(BrokerError::Refused(Refusal::NotTheHost));
        }
        let ours = format!("{}\ninstance {}\n", backup::TITLE, self.ring.instance());
        if !text.starts_with(&ours) || text.len() > backup::TEXT_BYTES_MAX {
            return Err(BrokerError::Refused(Refusal::Malformed));
        }
        self.keys.sign_note(text).map(Reply::Text).map_err(not_signed)
    }

    /// The durable order for `target`; one that was given before is not given again.
    fn ordered(&self, target: ShredTarget) -> Result<Order, BrokerError> {
        let mut ledger = self.ledger.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(order) = ledger.find(target) {
            return Ok(order);
        }
        let unknown = BrokerError::Refused(Refusal::RealmUnknown);
        let keys = self.ring.count_target(target)?.ok_or(unknown)?;
        let (now, instance) = (self.clock.now(), self.ring.instance());
        let order = ledger
            .append(target, keys, now, instance, &self.keys)
            .map_err(|_| BrokerError::Storage)?;
        let count = ledger.count();
        self.ring.with_store(|store| store.set_orders(count))?;
        Ok(order)
    }

    fn certificate(&self, order: &Order) -> ShredCertificate {
        let (realm, key) = match order.target {
            ShredTarget::Realm(realm) => (realm, None),
            ShredTarget::Key { realm, key } => (realm, Some(key.to_string())),
        };
        let owner = match realm {
            Realm::Tenant(tenant) => ShredOwner::Tenant(tenant),
            Realm::Person(user) => ShredOwner::Person(user),
        };
        ShredCertificate {
            instance: self.ring.instance(),
            order: order.number,
            ordered_at: order.at,
            done_at: self.clock.now(),
            owner,
            key,
            keys: order.keys,
        }
    }
}
